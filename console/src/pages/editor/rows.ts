import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { pgList } from "@/api/pg";
import { countRows, readRows, restFor, type Filter, type Row, type Sort } from "@/api/rest";
import { useAppRef } from "@/lib/app-ref";
import { ident, qualified } from "@/lib/sql/identifier";
import type { ColumnInfo, TableInfo } from "@/lib/sql/introspect";

/** Rows that are asked for at once. */
const BLOCK = 200;

export interface RowSource {
  /** Rows there are; an estimate for large tables, mended where an end is seen. */
  count: number;
  /** Undefined while the row is on its way. */
  rowAt: (index: number) => Row | undefined;
  loaded: () => Row[];
  isPending: boolean;
  isFetching: boolean;
  error: unknown;
  reload: () => Promise<void>;
  show: (first: number, last: number) => void;
}

/** Bytes of a block, as far as a table's size tells: rows of pictures or documents come in smaller ones. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/** How many rows are read at once: `most`, fewer where they are large or the server's `cap` is lower. */
export function blockSize(table: Pick<TableInfo, "rows" | "size">, cap: number | null, most = BLOCK): number {
  const perRow = table.rows > 0 ? table.size / table.rows : 0;
  const fit = perRow > 0 ? Math.max(10, Math.floor(BLOCK_BYTES / perRow)) : most;
  return Math.min(most, fit, cap !== null && cap > 0 ? cap : most);
}

/** The blocks that rows `first` to `last` stand in. */
export function blocksOf(first: number, last: number, size: number): number[] {
  const out: number[] = [];
  for (let b = Math.floor(first / size); b * size < Math.max(last, first + 1); b += 1) out.push(b);
  return out;
}

/** The first row that is not there, where a block says so: one that is not full is the last. */
export function endOf(blocks: ReadonlyMap<number, number>, size: number): number | null {
  let end: number | null = null;
  for (const [block, length] of blocks) if (length < size) end = Math.min(end ?? Infinity, block * size + length);
  return end;
}

/** The last row that is known to be there. */
export function reachOf(blocks: ReadonlyMap<number, number>, size: number): number {
  let reach = 0;
  for (const [block, length] of blocks) if (length > 0) reach = Math.max(reach, block * size + length);
  return reach;
}

/** The rows of a table as the grid asks for them: only the blocks on screen are read and kept fresh. */
export function useRowSource(table: TableInfo, columns: ColumnInfo[] | undefined, o: { exposed: boolean; ready: boolean; cap: number | null; filters: Filter[]; order: Sort[] }): RowSource {
  const ref = useAppRef();
  const client = useQueryClient();
  const { schema, name } = table;
  const { exposed, filters, order } = o;
  const size = blockSize(table, exposed ? o.cap : null);
  const [shown, setShown] = useState({ first: 0, last: 1 });
  const enabled = o.ready && columns !== undefined && columns.length > 0;
  const base = ["rows", ref, schema, name];
  const shape = [exposed, filters, order, size, columns?.map((c) => c.name + c.base)];

  const counted = useQuery({
    queryKey: [...base, "count", exposed, filters],
    enabled,
    queryFn: async ({ signal }) => {
      if (exposed) return countRows(await restFor(client, ref), schema, name, filters, signal);
      const [row] = await pgList<{ n: number }>(ref, `select count(*) as n from ${qualified(schema, name)}`, signal);
      return row?.n ?? 0;
    },
  });
  const wanted = blocksOf(shown.first, shown.last, size);
  const blocks = useQueries({
    queries: wanted.map((block) => ({
      queryKey: [...base, "block", block, ...shape],
      enabled,
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Row[]> => {
        if (exposed) return readRows(await restFor(client, ref), schema, name, columns ?? [], { filters, sorts: order, offset: block * size, limit: size, signal });
        // The instant API does not show this schema; it can be looked at as the owner.
        const by = order.map((x) => `${ident(x.column)} ${x.down ? "desc" : "asc"}`).join(", ");
        return pgList<Row>(ref, `select * from ${qualified(schema, name)}${by === "" ? "" : ` order by ${by}`} limit ${size} offset ${block * size}`, signal);
      },
    })),
  });
  const byBlock = useMemo(() => new Map(wanted.map((block, i) => [block, blocks[i]?.data] as const)), [wanted, blocks]);
  const lengths = new Map<number, number>();
  for (const [block, rows] of byBlock) if (rows) lengths.set(block, rows.length);
  // The count of a large table is an estimate; an end that was seen holds until it is counted anew.
  const stamp = `${JSON.stringify(filters)} ${counted.dataUpdatedAt}`;
  const seen = useRef<{ stamp: string; end: number | null }>({ stamp, end: null });
  if (seen.current.stamp !== stamp) seen.current = { stamp, end: null };
  seen.current.end = endOf(lengths, size) ?? seen.current.end;
  const count = seen.current.end ?? Math.max(counted.data ?? 0, reachOf(lengths, size));
  return {
    count,
    rowAt: (index) => byBlock.get(Math.floor(index / size))?.[index % size],
    loaded: () => [...byBlock.values()].flatMap((rows) => rows ?? []),
    isPending: counted.isPending || (blocks[0]?.isPending ?? true),
    isFetching: counted.isFetching || blocks.some((b) => b.isFetching),
    error: counted.error ?? blocks.find((b) => b.error)?.error ?? null,
    reload: () => client.invalidateQueries({ queryKey: base }),
    show: (first, last) => setShown((s) => (s.first === first && s.last === last ? s : { first, last })),
  };
}

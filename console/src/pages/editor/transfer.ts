import Papa from "papaparse";
import { insertRows, readRows, type Filter, type OnConflict, type Rest, type Row, type Sort } from "@/api/rest";
import { editorFor } from "@/lib/pg-types";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { insertStatement } from "@/lib/sql/rows";
import type { Parsed } from "./file-rows";
import { mapped, type Mapping } from "./guess";
import { display } from "./values";

/** Cells of a CSV as JSON: empty is NULL where the column takes it, json and arrays are read. */
export function convert(row: Row, columns: ReadonlyMap<string, ColumnInfo>): Row {
  const out: Row = {};
  for (const [key, value] of Object.entries(row)) {
    const c = columns.get(key);
    if (!c) continue;
    if (typeof value !== "string") {
      out[key] = value;
      continue;
    }
    const kind = editorFor(c.base, c.kind);
    if (value === "" && (kind !== "long" || c.nullable)) out[key] = null;
    else if (kind === "json" || (kind === "array" && value.startsWith("["))) {
      try {
        out[key] = JSON.parse(value);
      } catch {
        out[key] = value;
      }
    } else out[key] = value;
  }
  return out;
}

const IMPORT_STEP = 500;

/** The server refused a part of a file: which rows, how many were in before, and why. */
export class ImportStopped extends Error {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly done: number,
    override readonly cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

/** Inserts the rows in parts; a part is all in or not at all. */
export async function importRows(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], data: Parsed, mapping: Mapping, onProgress: (done: number) => void, signal: AbortSignal, conflict: OnConflict = "refuse"): Promise<void> {
  const known = new Map(columns.filter((c) => !c.generated).map((c) => [c.name, c]));
  const targets = [...new Set(Object.values(mapping).filter((c): c is string => c !== null && known.has(c)))];
  for (let i = 0; i < data.rows.length; i += IMPORT_STEP) {
    const part = data.rows.slice(i, i + IMPORT_STEP).map((r) => convert(mapped(r, mapping), known));
    try {
      await insertRows(rest, schema, table, part, targets, signal, conflict);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ImportStopped(i + 1, i + part.length, i, error);
    }
    onProgress(i + part.length);
  }
}

export const FORMATS = ["csv", "json", "sql"] as const;
export type Format = (typeof FORMATS)[number];
/** Rows asked for at once, where they are small. */
export const EXPORT_STEP = 2000;

/**
 * Reads everything that the filters let through, in parts, in the order given. Where that is the
 * key alone, each part begins behind the last one's key, so that a long table costs no more per row
 * than a short one.
 */
async function* readAll(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], filters: readonly Filter[], order: readonly Sort[], step: number, signal: AbortSignal): AsyncGenerator<Row[]> {
  const pk = columns.filter((c) => c.pk);
  const [only] = pk;
  const key = pk.length === 1 && only && order.length === 1 && order[0]?.column === only.name ? only.name : null;
  let after: Filter[] = [];
  for (let done = 0; ; ) {
    const rows = await readRows(rest, schema, table, columns, { filters: [...filters, ...after], sorts: order, offset: key === null ? done : 0, limit: step, signal });
    // The server may cap answers below what was asked for; only an empty part is the end.
    if (rows.length === 0) return;
    yield rows;
    done += rows.length;
    if (key !== null) after = [{ column: key, op: order[0]?.down ? "lt" : "gt", value: display(rows.at(-1)?.[key]) }];
  }
}

export async function exportRows(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], filters: readonly Filter[], order: readonly Sort[], step: number, format: Format, onProgress: (done: number) => void, signal: AbortSignal): Promise<Blob> {
  const parts: BlobPart[] = [];
  const names = columns.map((c) => c.name);
  let done = 0;
  if (format === "csv") parts.push("\uFEFF", Papa.unparse([names]), "\r\n");
  for await (const rows of readAll(rest, schema, table, columns, filters, order, step, signal)) {
    if (format === "csv") parts.push(Papa.unparse(rows.map((r) => names.map((n) => display(r[n]))), { escapeFormulae: true }), "\r\n");
    else if (format === "json") parts.push(done === 0 ? "[\n" : ",\n", rows.map((r) => JSON.stringify(r)).join(",\n"));
    else for (let i = 0; i < rows.length; i += 200) parts.push(insertStatement(schema, table, columns, rows.slice(i, i + 200)), "\n");
    done += rows.length;
    onProgress(done);
  }
  if (format === "json") parts.push(done === 0 ? "[]\n" : "\n]\n");
  return new Blob(parts, { type: { csv: "text/csv;charset=utf-8", json: "application/json", sql: "application/sql;charset=utf-8" }[format] });
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

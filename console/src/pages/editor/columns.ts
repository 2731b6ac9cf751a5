import { columnResizingFeature, columnSizingFeature, columnVisibilityFeature, createColumnHelper, tableFeatures, useTable, type ColumnSizingState, type ColumnVisibilityState } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import type { Row } from "@/api/rest";
import { readPref, writePref } from "@/lib/prefs";
import type { ColumnInfo } from "@/lib/sql/introspect";

const features = tableFeatures({ columnSizingFeature, columnResizingFeature, columnVisibilityFeature });
const helper = createColumnHelper<typeof features, Row>();
/** The rows come in blocks, by a virtual scroller; the table model keeps the columns. */
const NO_ROWS: Row[] = [];

interface Layout {
  sizes: ColumnSizingState;
  visible: ColumnVisibilityState;
}

function widthOf(c: ColumnInfo): number {
  if (c.base === "uuid") return 290;
  if (c.base === "timestamptz" || c.base === "timestamp") return 250;
  if (c.kind === "b" && ["int2", "int4", "int8", "bool"].includes(c.base)) return 110;
  return Math.max(160, Math.min(260, c.name.length * 9 + 80));
}

/** Widths and visibility of a table's columns, kept in this browser. */
export function useColumnModel(columns: ColumnInfo[], place: string) {
  const key = `columns.${place}`;
  const [layout, setLayout] = useState<Layout>(() => readPref<Layout>(key, { sizes: {}, visible: {} }));
  const change = (next: (l: Layout) => Layout) =>
    setLayout((l) => {
      const made = next(l);
      writePref(key, made);
      return made;
    });
  const definitions = useMemo(() => columns.map((c) => helper.accessor((row) => row[c.name], { id: c.name, header: c.name, size: widthOf(c), minSize: 60, maxSize: 900, meta: undefined })), [columns]);
  const table = useTable({
    features,
    columns: definitions,
    data: NO_ROWS,
    columnResizeMode: "onChange",
    state: { columnSizing: layout.sizes, columnVisibility: layout.visible },
    onColumnSizingChange: (update) => change((l) => ({ ...l, sizes: typeof update === "function" ? update(l.sizes) : update })),
    onColumnVisibilityChange: (update) => change((l) => ({ ...l, visible: typeof update === "function" ? update(l.visible) : update })),
  });
  const byName = useMemo(() => new Map(columns.map((c) => [c.name, c] as const)), [columns]);
  const headers = (table.getHeaderGroups()[0]?.headers ?? []).flatMap((header) => {
    const info = byName.get(header.column.id);
    return info ? [{ header, info }] : [];
  });
  return { table, headers };
}

import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { ArrowDown, ArrowUp, KeyRound, Link2 } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Row, Sort } from "@/api/rest";
import { Checkbox } from "@/components/ui/base";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { CellEditor } from "./cell-editor";
import { display } from "./values";

const ROW = 32;
const CHECK = 40;

function widthOf(c: ColumnInfo): number {
  if (c.base === "uuid") return 290;
  if (c.base === "timestamptz" || c.base === "timestamp") return 230;
  if (c.kind === "b" && ["int2", "int4", "int8", "bool"].includes(c.base)) return 110;
  return Math.max(160, Math.min(260, c.name.length * 9 + 80));
}

/** Rows as a spreadsheet: only what is on screen is in the page. */
export function Grid(props: {
  columns: ColumnInfo[];
  rows: Row[];
  sorts: Sort[];
  selected: ReadonlySet<number>;
  editable: boolean;
  onSelect: (rows: Set<number>) => void;
  onSort: (column: string) => void;
  onSave: (row: Row, column: ColumnInfo, value: unknown) => Promise<boolean>;
  onOpen: (row: Row) => void;
}) {
  const { t } = useTranslation();
  const { columns, rows, sorts, selected, editable } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [cell, setCell] = useState<{ row: number; col: number } | null>(null);
  const [editing, setEditing] = useState(false);
  const [widths, setWidths] = useState<Record<string, number>>({});
  const width = (c: ColumnInfo) => widths[c.name] ?? widthOf(c);
  const rowVirtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const colVirtual = useVirtualizer({ horizontal: true, count: columns.length, getScrollElement: () => scroller.current, estimateSize: (i) => width(columns[i]!), overscan: 4, paddingStart: CHECK });
  useEffect(() => {
    colVirtual.measure();
  }, [widths, columns, colVirtual]);
  const total = columns.reduce((sum, c) => sum + width(c), CHECK);

  const move = (row: number, col: number) => {
    const next = { row: Math.max(0, Math.min(rows.length - 1, row)), col: Math.max(0, Math.min(columns.length - 1, col)) };
    setCell(next);
    rowVirtual.scrollToIndex(next.row);
    colVirtual.scrollToIndex(next.col);
  };
  const onKey = (e: KeyboardEvent) => {
    if (!cell || editing) return;
    const keys: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageDown: [20, 0], PageUp: [-20, 0] };
    const step = keys[e.key];
    if (step) {
      e.preventDefault();
      move(cell.row + step[0], cell.col + step[1]);
    } else if (e.key === "Enter" && editable) {
      e.preventDefault();
      setEditing(true);
    } else if (e.key === "Escape") setCell(null);
    else if ((e.ctrlKey || e.metaKey) && e.key === "c" && !window.getSelection()?.toString()) {
      const column = columns[cell.col];
      if (column) void navigator.clipboard?.writeText(display(rows[cell.row]?.[column.name]));
    }
  };
  const resize = (c: ColumnInfo) => (down: PointerEvent) => {
    down.preventDefault();
    const from = width(c);
    const x = down.clientX;
    const drag = (e: globalThis.PointerEvent) => setWidths((w) => ({ ...w, [c.name]: Math.max(60, Math.min(900, from + e.clientX - x)) }));
    const up = () => {
      window.removeEventListener("pointermove", drag);
      window.removeEventListener("pointerup", up);
    };
    window.addEventListener("pointermove", drag);
    window.addEventListener("pointerup", up);
  };
  const all = rows.length > 0 && selected.size === rows.length;
  const toggle = (i: number) => {
    const next = new Set(selected);
    if (!next.delete(i)) next.add(i);
    props.onSelect(next);
  };

  return (
    <div ref={scroller} tabIndex={0} role="grid" aria-rowcount={rows.length} onKeyDown={onKey} className="scroll-thin relative min-h-0 flex-1 overflow-auto bg-panel outline-none">
      <div className="sticky top-0 z-10 h-8 border-b bg-raised" style={{ width: total, minWidth: "100%" }} role="row">
        <div className="sticky left-0 z-10 flex h-8 items-center justify-center border-r bg-raised" style={{ width: CHECK }}>
          <Checkbox hideLabel label={t("editor.selectAll")} checked={all} onChange={(on) => props.onSelect(new Set(on ? rows.map((_, i) => i) : []))} />
        </div>
        {colVirtual.getVirtualItems().map((v) => {
          const c = columns[v.index]!;
          const sort = sorts.find((s) => s.column === c.name);
          return (
            <div key={c.name} role="columnheader" className="absolute top-0 flex h-8 items-center border-r" style={{ left: v.start, width: v.size }}>
              <button type="button" title={`${c.name} ${c.type}${c.comment ? `\n${c.comment}` : ""}`} onClick={() => props.onSort(c.name)} className="flex h-full min-w-0 flex-1 items-center gap-1.5 px-2 text-left hover:bg-hover">
                {c.pk && <KeyRound size={12} className="shrink-0 text-accent" />}
                {c.fk && <Link2 size={12} className="shrink-0 text-muted" />}
                <span className="truncate text-xs font-semibold">{c.name}</span>
                <span className="truncate font-mono text-[11px] text-faint">{c.base.startsWith("_") ? `${c.base.slice(1)}[]` : c.base}</span>
                {sort && (sort.down ? <ArrowDown size={12} className="ml-auto shrink-0" /> : <ArrowUp size={12} className="ml-auto shrink-0" />)}
              </button>
              <span onPointerDown={resize(c)} className="absolute right-0 h-full w-1.5 cursor-col-resize hover:bg-accent/40" />
            </div>
          );
        })}
      </div>
      <div className="relative" style={{ height: rowVirtual.getTotalSize(), width: total, minWidth: "100%" }}>
        {rowVirtual.getVirtualItems().map((r) => {
          const row = rows[r.index]!;
          const on = selected.has(r.index);
          return (
            <div key={r.index} role="row" className={clsx("absolute w-full border-b", on ? "bg-accent-soft" : "hover:bg-hover/60")} style={{ top: r.start, height: ROW }}>
              <div className={clsx("sticky left-0 z-[5] flex h-full items-center justify-center border-r", on ? "bg-accent-soft" : "bg-panel")} style={{ width: CHECK }}>
                <Checkbox hideLabel label={t("editor.selectRow", { row: r.index + 1 })} checked={on} onChange={() => toggle(r.index)} />
              </div>
              {colVirtual.getVirtualItems().map((v) => {
                const c = columns[v.index]!;
                const value = row[c.name];
                const here = cell?.row === r.index && cell.col === v.index;
                const body = (
                  <div
                    role="gridcell"
                    className={clsx(
                      "absolute top-0 flex h-full cursor-default items-center overflow-hidden border-r px-2 font-mono text-xs whitespace-pre",
                      here && "z-[4] outline-2 -outline-offset-2 outline-accent",
                    )}
                    style={{ left: v.start, width: v.size }}
                    onClick={() => setCell({ row: r.index, col: v.index })}
                    onDoubleClick={() => {
                      setCell({ row: r.index, col: v.index });
                      if (editable) setEditing(true);
                      else props.onOpen(row);
                    }}
                  >
                    {value === null || value === undefined ? (
                      <span className="text-faint">NULL</span>
                    ) : value === "" ? (
                      <span className="text-faint">EMPTY</span>
                    ) : (
                      <span className="truncate">{display(value).slice(0, 300).replaceAll("\n", "↵")}</span>
                    )}
                  </div>
                );
                if (!here || !editing) return <div key={c.name}>{body}</div>;
                return (
                  <Popover.Root
                    key={c.name}
                    open
                    onOpenChange={(o) => {
                      if (!o) setEditing(false);
                    }}
                  >
                    <Popover.Anchor asChild>{body}</Popover.Anchor>
                    <Popover.Portal>
                      <Popover.Content align="start" side="bottom" sideOffset={-ROW} className="z-50 w-[min(380px,calc(100vw-24px))] rounded-md border bg-panel p-3 shadow-xl">
                        <CellEditor
                          column={c}
                          value={value}
                          onCancel={() => {
                            setEditing(false);
                            scroller.current?.focus();
                          }}
                          onSave={async (next) => {
                            if (await props.onSave(row, c, next)) {
                              setEditing(false);
                              scroller.current?.focus();
                            }
                          }}
                        />
                      </Popover.Content>
                    </Popover.Portal>
                  </Popover.Root>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}

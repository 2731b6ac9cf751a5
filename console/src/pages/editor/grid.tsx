import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { ArrowDown, ArrowUp, ArrowUpRight, KeyRound, Link2, Maximize2 } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Row, Sort } from "@/api/rest";
import { Checkbox, IconButton } from "@/components/ui/base";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { CellEditor } from "./cell-editor";
import type { useColumnModel } from "./columns";
import type { RowSource } from "./rows";
import { useTallScroll } from "./tall-scroll";
import { display } from "./values";

const ROW = 32;
const CHECK = 60;

/** Rows chosen by their keys; `all` stands for every row that the filters let through. */
export type Selection = { all: true } | { all: false; keys: ReadonlyMap<string, Row> };
export const NOTHING: Selection = { all: false, keys: new Map() };
export const keyOf = (pk: readonly string[], row: Row) => JSON.stringify(pk.map((k) => row[k]));

/** Rows as a spreadsheet: only what is on screen is in the page. */
export function Grid(props: {
  model: ReturnType<typeof useColumnModel>;
  source: RowSource;
  pk: readonly string[];
  sorts: Sort[];
  selection: Selection;
  editable: boolean;
  onSelect: (selection: Selection) => void;
  onSort: (column: string, add: boolean) => void;
  /** Row as it stood when the editor opened. */
  onSave: (row: Row, column: ColumnInfo, value: unknown) => Promise<boolean>;
  onOpen: (row: Row) => void;
  /** To the row that a foreign key points at. */
  onFollow: (fk: NonNullable<ColumnInfo["fk"]>, value: string) => void;
}) {
  const { t } = useTranslation();
  const { source, sorts, selection, editable, pk } = props;
  const { headers } = props.model;
  const scroller = useRef<HTMLDivElement>(null);
  const shift = useRef(false);
  const anchor = useRef<number | null>(null);
  const [cell, setCell] = useState<{ row: number; col: number } | null>(null);
  const [editing, setEditing] = useState<{ row: Row; column: ColumnInfo } | null>(null);
  const rows = useTallScroll(scroller, source.count, ROW, ROW);
  const columns = useVirtualizer({ horizontal: true, count: headers.length, getScrollElement: () => scroller.current, estimateSize: (i) => headers[i]!.header.getSize(), overscan: 4, paddingStart: CHECK });
  const sizes = headers.map((h) => `${h.info.name} ${h.header.getSize()}`).join();
  useEffect(() => {
    columns.measure();
  }, [sizes, columns]);
  const { show } = source;
  const { first, last } = rows;
  useEffect(() => {
    // A scroll bar that flies by asks for nothing; where it rests is read.
    const timer = setTimeout(() => show(first, last), 30);
    return () => clearTimeout(timer);
  }, [first, last, show]);
  const total = headers.reduce((sum, h) => sum + h.header.getSize(), CHECK);

  const edit = (at: { row: number; col: number }) => {
    const row = source.rowAt(at.row);
    const column = headers[at.col]?.info;
    if (row && column) setEditing({ row, column });
  };
  const leave = () => {
    setEditing(null);
    scroller.current?.focus({ preventScroll: true });
  };
  const move = (row: number, col: number) => {
    const next = { row: Math.max(0, Math.min(source.count - 1, row)), col: Math.max(0, Math.min(headers.length - 1, col)) };
    setCell(next);
    rows.scrollTo(next.row);
    columns.scrollToIndex(next.col);
  };
  const onKey = (e: KeyboardEvent) => {
    if (!cell || editing) return;
    const keys: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageDown: [20, 0], PageUp: [-20, 0] };
    const step = keys[e.key];
    const control = e.ctrlKey || e.metaKey;
    if (step) {
      e.preventDefault();
      move(cell.row + step[0], cell.col + step[1]);
    } else if (e.key === "Home" || e.key === "End") {
      e.preventDefault();
      const end = e.key === "End";
      move(control ? (end ? source.count - 1 : 0) : cell.row, control ? cell.col : end ? headers.length - 1 : 0);
    } else if (e.key === "Enter") {
      e.preventDefault();
      if (editable) edit(cell);
    } else if (e.key === "Escape") setCell(null);
    else if (control && e.key === "c" && !window.getSelection()?.toString()) {
      const column = headers[cell.col];
      if (column) void navigator.clipboard?.writeText(display(source.rowAt(cell.row)?.[column.info.name]));
    }
  };
  const toggle = (row: Row, index: number) => {
    const keys = new Map(selection.all ? [] : selection.keys);
    const on = !keys.has(keyOf(pk, row));
    // With the shift key, all from the last one on.
    const from = shift.current && anchor.current !== null ? Math.min(anchor.current, index) : index;
    const to = shift.current && anchor.current !== null ? Math.max(anchor.current, index) : index;
    for (let i = from; i <= to; i += 1) {
      const r = source.rowAt(i);
      if (!r) continue;
      if (on) keys.set(keyOf(pk, r), r);
      else keys.delete(keyOf(pk, r));
    }
    anchor.current = index;
    props.onSelect({ all: false, keys });
  };
  const drawn = Array.from({ length: rows.last - rows.first }, (_, i) => rows.first + i);

  return (
    <div ref={scroller} tabIndex={0} role="grid" aria-rowcount={source.count} aria-colcount={headers.length} onKeyDown={onKey} className="scroll-thin relative min-h-0 flex-1 overflow-auto bg-panel outline-none">
      <div className="sticky top-0 z-10 h-8 border-b bg-raised" style={{ width: total, minWidth: "100%" }} role="row">
        <div className="sticky left-0 z-10 flex h-8 items-center border-r bg-raised pl-3" style={{ width: CHECK }}>
          <Checkbox hideLabel label={t("editor.selectAll")} disabled={!editable} checked={selection.all} onChange={(on) => props.onSelect(on ? { all: true } : NOTHING)} />
        </div>
        {columns.getVirtualItems().map((v) => {
          const { header, info: c } = headers[v.index]!;
          const sort = sorts.find((s) => s.column === c.name);
          const resize = header.getResizeHandler();
          return (
            <div key={c.name} role="columnheader" aria-sort={sort ? (sort.down ? "descending" : "ascending") : "none"} className="absolute top-0 flex h-8 items-center border-r" style={{ left: v.start, width: v.size }}>
              <button type="button" title={`${c.name} ${c.type}${c.comment ? `\n${c.comment}` : ""}`} onClick={(e) => props.onSort(c.name, e.shiftKey)} className="flex h-full min-w-0 flex-1 items-center gap-1.5 px-2 text-left hover:bg-hover">
                {c.pk && <KeyRound size={12} className="shrink-0 text-accent" />}
                {c.fk && <Link2 size={12} className="shrink-0 text-muted" />}
                <span className="truncate text-xs font-semibold">{c.name}</span>
                <span className="truncate font-mono text-[11px] text-faint">{c.base.startsWith("_") ? `${c.base.slice(1)}[]` : c.base}</span>
                {sort && (
                  <span className="ml-auto flex shrink-0 items-center text-[10px] text-muted">
                    {sorts.length > 1 && sorts.indexOf(sort) + 1}
                    {sort.down ? <ArrowDown size={12} /> : <ArrowUp size={12} />}
                  </span>
                )}
              </button>
              <span
                data-resize={c.name}
                onMouseDown={resize}
                onTouchStart={resize}
                onDoubleClick={() => header.column.resetSize()}
                className={clsx("absolute right-0 h-full w-1.5 cursor-col-resize touch-none hover:bg-accent/40", header.column.getIsResizing() && "bg-accent/40")}
              />
            </div>
          );
        })}
      </div>
      <div className="relative overflow-hidden" style={{ height: rows.height, width: total, minWidth: "100%" }}>
        {drawn.map((index) => {
          const row = source.rowAt(index);
          const on = row !== undefined && (selection.all || selection.keys.has(keyOf(pk, row)));
          return (
            <div key={index} role="row" aria-rowindex={index + 1} aria-busy={row === undefined} className={clsx("group absolute w-full border-b", on ? "bg-accent-soft" : "hover:bg-hover/60")} style={{ top: 0, height: ROW, transform: `translateY(${rows.topOf(index)}px)` }}>
              <div className={clsx("sticky left-0 z-[5] flex h-full items-center gap-1 border-r pl-3", on ? "bg-accent-soft" : "bg-panel")} style={{ width: CHECK }} onClickCapture={(e) => (shift.current = e.shiftKey)}>
                {row && <Checkbox hideLabel label={t("editor.selectRow", { row: index + 1 })} disabled={!editable} checked={on} onChange={() => toggle(row, index)} />}
                {row && (
                  <IconButton label={t("editor.openRow", { row: index + 1 })} className="size-6 opacity-0 group-hover:opacity-100 focus-visible:opacity-100" onClick={() => props.onOpen(row)}>
                    <Maximize2 size={12} />
                  </IconButton>
                )}
              </div>
              {columns.getVirtualItems().map((v) => {
                const c = headers[v.index]!.info;
                const here = cell?.row === index && cell.col === v.index;
                const body = (
                  <div
                    role="gridcell"
                    data-column={c.name}
                    className={clsx("absolute top-0 flex h-full cursor-default items-center overflow-hidden border-r px-2 font-mono text-xs whitespace-pre", here && "z-[4] outline-2 -outline-offset-2 outline-accent")}
                    style={{ left: v.start, width: v.size }}
                    onClick={() => setCell({ row: index, col: v.index })}
                    onDoubleClick={() => {
                      setCell({ row: index, col: v.index });
                      if (!row) return;
                      if (editable) edit({ row: index, col: v.index });
                      else props.onOpen(row);
                    }}
                  >
                    {row && c.fk && row[c.name] !== null && (
                      <IconButton
                        label={t("editor.followKey", { table: c.fk.table })}
                        className="mr-1 size-5 text-faint"
                        onClick={(e) => {
                          e.stopPropagation();
                          if (c.fk) props.onFollow(c.fk, display(row[c.name]));
                        }}
                      >
                        <ArrowUpRight size={12} />
                      </IconButton>
                    )}
                    {row ? <Value value={row[c.name]} /> : <span className="h-2.5 w-2/3 rounded bg-raised" />}
                  </div>
                );
                if (!here || !editing) return <div key={c.name}>{body}</div>;
                return (
                  <Popover.Root key={c.name} open onOpenChange={(o) => !o && setEditing(null)}>
                    <Popover.Anchor asChild>{body}</Popover.Anchor>
                    <Popover.Portal>
                      <Popover.Content align="start" side="bottom" sideOffset={-ROW} collisionPadding={8} className="z-50 w-[min(400px,calc(100vw-24px))] rounded-md border bg-panel p-3 shadow-xl">
                        <CellEditor
                          column={editing.column}
                          value={editing.row[editing.column.name]}
                          onCancel={leave}
                          onSave={async (next) => {
                            if (await props.onSave(editing.row, editing.column, next)) leave();
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

function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span className="text-faint">NULL</span>;
  if (value === "") return <span className="text-faint">EMPTY</span>;
  return <span className="truncate">{display(value).slice(0, 300).replaceAll("\n", "↵")}</span>;
}

import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useMemo, useState, type ReactNode } from "react";

/** Title line of a page with its actions. */
export function PageHead({ title, description, children }: { title: ReactNode; description?: ReactNode; children?: ReactNode }) {
  return (
    <div className="mb-4 flex flex-wrap items-start justify-between gap-3">
      <div className="min-w-0">
        <h1 className="text-lg leading-tight font-semibold break-words">{title}</h1>
        {description && <p className="mt-1 max-w-3xl text-sm text-muted">{description}</p>}
      </div>
      {children && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </div>
  );
}

/** A page of flowing content; full-height tools (grid, editor) lay themselves out. */
export function Page({ children, wide }: { children: ReactNode; wide?: boolean }) {
  return <div className={clsx("mx-auto w-full px-4 py-5 sm:px-6", wide ? "max-w-[1600px]" : "max-w-6xl")}>{children}</div>;
}

export function Card({ title, action, children, className, flush }: { title?: ReactNode; action?: ReactNode; children: ReactNode; className?: string; flush?: boolean }) {
  return (
    <section className={clsx("min-w-0 rounded-lg border bg-panel", className)}>
      {title && (
        <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b px-4 py-2">
          <h2 className="text-sm font-semibold">{title}</h2>
          {action}
        </div>
      )}
      <div className={flush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

export interface ColumnDef<T> {
  id: string;
  head: ReactNode;
  cell: (row: T) => ReactNode;
  sort?: (row: T) => string | number;
  className?: string;
}

/** A plain list as a table, sortable by its heads. */
export function ListTable<T>({ rows, columns, rowKey, onRow, empty }: { rows: readonly T[]; columns: ColumnDef<T>[]; rowKey: (row: T) => string | number; onRow?: (row: T) => void; empty?: ReactNode }) {
  const [sort, setSort] = useState<{ id: string; down: boolean } | null>(null);
  const [limit, setLimit] = useState(300);
  const sorted = useMemo(() => {
    const by = columns.find((c) => c.id === sort?.id)?.sort;
    if (!sort || !by) return rows;
    const sign = sort.down ? -1 : 1;
    return [...rows].sort((a, b) => {
      const x = by(a);
      const y = by(b);
      return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
    });
  }, [rows, columns, sort]);
  if (rows.length === 0) return <>{empty}</>;
  return (
    <div className="scroll-thin overflow-x-auto">
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b text-left text-xs text-muted">
            {columns.map((c) => (
              <th key={c.id} scope="col" className={clsx("px-2.5 py-2 font-medium whitespace-nowrap first:pl-4 last:pr-4 sm:px-4", c.className)}>
                {c.sort ? (
                  <button
                    type="button"
                    className="inline-flex items-center gap-1 hover:text-text"
                    onClick={() => setSort((s) => (s?.id === c.id ? (s.down ? null : { id: c.id, down: true }) : { id: c.id, down: false }))}
                  >
                    {c.head}
                    {sort?.id === c.id && (sort.down ? <ArrowDown size={12} /> : <ArrowUp size={12} />)}
                  </button>
                ) : (
                  c.head
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, limit).map((row) => (
            <tr
              key={rowKey(row)}
              onClick={onRow ? () => onRow(row) : undefined}
              className={clsx("border-b last:border-b-0", onRow && "cursor-pointer hover:bg-hover")}
            >
              {columns.map((c) => (
                <td key={c.id} className={clsx("px-2.5 py-2 align-middle first:pl-4 last:pr-4 sm:px-4", c.className)}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > limit && (
        <button type="button" className="w-full py-2 text-center text-sm text-accent hover:bg-hover" onClick={() => setLimit((l) => l + 1000)}>
          {limit} / {sorted.length} …
        </button>
      )}
    </div>
  );
}

export function Tabs<T extends string>({ value, onChange, tabs }: { value: T; onChange: (value: T) => void; tabs: { value: T; label: ReactNode }[] }) {
  return (
    <div role="tablist" className="scroll-thin flex gap-1 overflow-x-auto overflow-y-hidden border-b">
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          role="tab"
          aria-selected={tab.value === value}
          onClick={() => onChange(tab.value)}
          className={clsx(
            "-mb-px border-b-2 px-2.5 py-2 text-sm whitespace-nowrap",
            tab.value === value ? "border-accent font-medium text-text" : "border-transparent text-muted hover:text-text",
          )}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

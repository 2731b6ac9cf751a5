import { useTranslation } from "react-i18next";
import type { Result } from "@/api/pg";
import { count } from "@/lib/format";

export interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Total Cost"?: number;
  "Plan Rows"?: number;
  "Actual Rows"?: number;
  "Actual Total Time"?: number;
  "Actual Loops"?: number;
  Filter?: string;
  "Index Cond"?: string;
  "Hash Cond"?: string;
  Plans?: PlanNode[];
}

/** The plan in the answer to EXPLAIN (FORMAT JSON), or null. */
export function planOf(r: Result): PlanNode | null {
  if (r.fields.length !== 1 || r.fields[0]?.name !== "QUERY PLAN" || r.rows.length !== 1) return null;
  const cell = r.rows[0]?.[0];
  try {
    const value = (typeof cell === "string" ? JSON.parse(cell) : cell) as { Plan?: PlanNode }[] | null;
    return Array.isArray(value) ? (value[0]?.Plan ?? null) : null;
  } catch {
    return null;
  }
}

export function PlanTree({ plan }: { plan: PlanNode }) {
  const { t } = useTranslation();
  return (
    <div className="scroll-thin min-h-0 flex-1 overflow-auto p-4">
      <p className="mb-2 text-xs text-muted">{t("sql.planHelp")}</p>
      <Node node={plan} total={plan["Total Cost"] ?? 1} />
    </div>
  );
}

function Node({ node: n, total }: { node: PlanNode; total: number }) {
  const { t } = useTranslation();
  const share = Math.min(1, (n["Total Cost"] ?? 0) / Math.max(total, 0.001));
  return (
    <div className="border-l pl-4">
      <div className="my-1 inline-block min-w-64 rounded-md border bg-bg px-3 py-1.5">
        <div className="text-sm font-medium">
          {n["Node Type"]}
          {n["Relation Name"] && <span className="ml-1.5 font-mono text-xs text-accent">{n["Relation Name"]}</span>}
          {n["Index Name"] && <span className="ml-1.5 font-mono text-xs text-muted">{n["Index Name"]}</span>}
        </div>
        <div className="mt-1 h-1 overflow-hidden rounded bg-raised">
          <div className="h-full bg-accent" style={{ width: `${share * 100}%` }} />
        </div>
        <div className="mt-1 text-xs text-muted tabular-nums">{t("sql.planNode", { cost: (n["Total Cost"] ?? 0).toFixed(2), rows: count(n["Plan Rows"] ?? 0) })}</div>
        {n["Actual Total Time"] !== undefined && (
          <div className="text-xs tabular-nums">{t("sql.planMeasured", { ms: (n["Actual Total Time"] * (n["Actual Loops"] ?? 1)).toFixed(2), rows: count(Math.round((n["Actual Rows"] ?? 0) * (n["Actual Loops"] ?? 1))), loops: count(n["Actual Loops"] ?? 1) })}</div>
        )}
        {[n.Filter, n["Index Cond"], n["Hash Cond"]].filter(Boolean).map((x) => (
          <div key={x} className="mt-0.5 max-w-xl font-mono text-xs break-all text-muted">
            {x}
          </div>
        ))}
      </div>
      {(n.Plans ?? []).map((child, i) => (
        <Node key={i} node={child} total={total} />
      ))}
    </div>
  );
}

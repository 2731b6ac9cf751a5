import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { Download, SquareTerminal } from "lucide-react";
import Papa from "papaparse";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Result, RunAnswer } from "@/api/pg";
import type { Mark } from "@/components/code-editor";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Menu } from "@/components/ui/overlay";
import { count } from "@/lib/format";
import { saveBlob } from "@/pages/editor/transfer";
import { display } from "@/pages/editor/values";
import { PlanTree, planOf } from "./plan-tree";

export function Results({ answer, error, sql, mark, running, maxRows }: { answer: RunAnswer | null; error: unknown; sql: string; mark: Mark | null; running: { since: number } | null; maxRows: number }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState(0);
  // The last statement with rows is what one looks for.
  useEffect(() => {
    if (!answer) return;
    const last = answer.results.findLastIndex((r) => r.fields.length > 0);
    setTab(last >= 0 ? last : Math.max(0, answer.results.length - 1));
  }, [answer]);
  if (running) return <Running since={running.since} />;
  if (error)
    return (
      <div className="scroll-thin min-h-0 flex-1 overflow-auto p-4">
        <ErrorBox error={error} />
        {mark && <p className="mt-2 text-sm text-muted">{t("sql.errorAt", { line: sql.slice(0, mark.at).split("\n").length })}</p>}
      </div>
    );
  if (!answer)
    return (
      <div className="min-h-0 flex-1 overflow-auto bg-panel">
        <Empty icon={<SquareTerminal size={28} />} title={t("sql.noResult")}>
          {t("sql.noResultHelp")}
        </Empty>
      </div>
    );
  const r = answer.results[tab];
  const plan = r ? planOf(r) : null;
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-panel">
      <div className="scroll-thin flex shrink-0 items-center gap-1 overflow-x-auto border-b px-3 py-1 text-xs">
        {answer.results.map((x, i) => (
          <button key={i} type="button" onClick={() => setTab(i)} className={clsx("rounded px-2 py-1 whitespace-nowrap", i === tab ? "bg-hover font-medium" : "text-muted hover:bg-hover")}>
            {x.command}
            {x.row_count !== null && <span className="ml-1 text-faint tabular-nums">{count(x.row_count)}</span>}
          </button>
        ))}
        {r?.truncated && <Badge tone="warn">{t("sql.truncated", { shown: count(Math.min(maxRows, r.rows.length)) })}</Badge>}
        <span className="flex-1" />
        <span className="whitespace-nowrap text-muted tabular-nums">{t("sql.took", { ms: Math.round(answer.duration_ms) })}</span>
        {r && r.fields.length > 0 && (
          <Menu
            trigger={
              <Button size="sm" variant="ghost" icon={<Download size={13} />}>
                {t("editor.export")}
              </Button>
            }
            items={[
              { label: "CSV", onSelect: () => saveBlob(new Blob(["\uFEFF", Papa.unparse({ fields: r.fields.map((f) => f.name), data: r.rows.map((x) => x.map(display)) }, { escapeFormulae: true })], { type: "text/csv" }), "result.csv") },
              { label: "JSON", onSelect: () => saveBlob(new Blob([JSON.stringify(r.rows.map((x) => Object.fromEntries(r.fields.map((f, i) => [f.name, x[i]]))), null, 2)], { type: "application/json" }), "result.json") },
            ]}
          />
        )}
      </div>
      {answer.notices.length > 0 && (
        <ul className="scroll-thin max-h-24 shrink-0 overflow-auto border-b bg-warn-soft px-4 py-1.5 font-mono text-xs text-warn">
          {answer.notices.map((n, i) => (
            <li key={i}>{typeof n === "string" ? n : `${n.severity ?? "NOTICE"}: ${n.message}`}</li>
          ))}
        </ul>
      )}
      {r === undefined ? (
        <Empty title={t("sql.done")} />
      ) : plan ? (
        <PlanTree plan={plan} />
      ) : r.fields.length === 0 ? (
        <Empty title={t("sql.doneCommand", { command: r.command })}>{r.row_count !== null && t("sql.affected", { count: r.row_count })}</Empty>
      ) : (
        <ResultGrid key={tab} result={r} />
      )}
    </div>
  );
}

function Running({ since }: { since: number }) {
  const { t } = useTranslation();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 200);
    return () => clearInterval(timer);
  }, []);
  return <Spinner label={t("sql.running", { s: ((now - since) / 1000).toFixed(1) })} />;
}

function ResultGrid({ result }: { result: Result }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<{ row: number; col: number } | null>(null);
  const widths = result.fields.map((f, i) => {
    const longest = result.rows.slice(0, 60).reduce((m, r) => Math.max(m, Math.min(40, display(r[i]).length)), f.name.length + 2);
    return Math.max(70, Math.min(340, longest * 7.6 + 20));
  });
  const total = 48 + widths.reduce((a, b) => a + b, 0);
  const v = useVirtualizer({ count: result.rows.length, getScrollElement: () => scroller.current, estimateSize: () => 28, overscan: 20 });
  const value = open ? result.rows[open.row]?.[open.col] : undefined;
  return (
    <>
      <div ref={scroller} className="scroll-thin min-h-0 flex-1 overflow-auto">
        <div className="sticky top-0 z-10 flex h-7 border-b bg-raised" style={{ width: total }}>
          <span className="w-12 shrink-0 border-r" />
          {result.fields.map((f, i) => (
            <span key={i} className="shrink-0 truncate border-r px-2 py-1 text-xs font-semibold" style={{ width: widths[i] }} title={`${f.name} ${f.type}`}>
              {f.name}
            </span>
          ))}
        </div>
        <div className="relative" style={{ height: v.getTotalSize(), width: total }}>
          {v.getVirtualItems().map((item) => (
            <div key={item.index} className="absolute flex h-7 border-b hover:bg-hover/60" style={{ top: item.start }}>
              <span className="w-12 shrink-0 border-r px-2 py-1 text-right text-xs text-faint tabular-nums">{item.index + 1}</span>
              {result.rows[item.index]!.map((x, i) => (
                <button key={i} type="button" className="shrink-0 cursor-default truncate border-r px-2 py-1 text-left font-mono text-xs whitespace-pre" style={{ width: widths[i] }} onClick={() => setOpen({ row: item.index, col: i })}>
                  {x === null ? <span className="text-faint">NULL</span> : display(x).slice(0, 300)}
                </button>
              ))}
            </div>
          ))}
        </div>
        {result.rows.length === 0 && <p className="p-6 text-center text-sm text-muted">{t("sql.noRows")}</p>}
      </div>
      {open && value !== undefined && (
        <div className="scroll-thin max-h-40 shrink-0 overflow-auto border-t bg-bg p-3">
          <button type="button" className="float-right text-xs text-accent" onClick={() => setOpen(null)}>
            {t("common.close")}
          </button>
          <pre className="font-mono text-xs break-words whitespace-pre-wrap">{value === null ? "NULL" : pretty(display(value))}</pre>
        </div>
      )}
    </>
  );
}

function pretty(text: string): string {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

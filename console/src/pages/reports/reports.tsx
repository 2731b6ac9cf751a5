import { ChartLine } from "lucide-react";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useReport, type Report, type ReportRange } from "@/api/operation";
import { Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Card, Page, PageHead, Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { bytes, count, duration } from "@/lib/format";
import type { Series } from "./charts";
import { points, services, totals } from "./series";

const Chart = lazy(() => import("./charts"));

const RANGES: ReportRange[] = ["1h", "24h", "7d"];
const COLORS = ["var(--accent)", "var(--info)", "var(--ok)", "var(--warn)", "var(--muted)", "var(--danger)"];

export function ReportsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [range, setRange] = useState<ReportRange>("1h");
  const report = useReport(ref, range);
  return (
    <Page wide>
      <PageHead title={t("nav.reports")} description={t("reports.description")}>
        <Tabs value={range} onChange={setRange} tabs={RANGES.map((value) => ({ value, label: t(`reports.ranges.${value}`) }))} />
      </PageHead>
      {report.isPending ? <Spinner /> : report.isError ? <ErrorBox error={report.error} onRetry={() => void report.refetch()} /> : <Charts report={report.data} range={range} />}
    </Page>
  );
}

function Charts({ report, range }: { report: Report; range: ReportRange }) {
  const { t } = useTranslation();
  const data = useMemo(() => points(report), [report]);
  const asked = useMemo(() => services(report), [report]);
  const sum = totals(report);
  const days = range === "7d";
  const now = data.at(-1);
  const number = (n: number) => count(Math.round(n * 10) / 10);
  const chart = (title: string, series: Series[], format: (n: number) => string, stacked = false) => (
    <Suspense fallback={<Spinner />}>
      <Chart title={title} data={data} series={series} format={format} stacked={stacked} days={days} />
    </Suspense>
  );
  const one = (key: Series["key"], name: string, color: string): Series[] => [{ key, name, color }];
  const requests = asked.map((service, i) => ({ key: `rate.${service}` as const, name: service, color: COLORS[i % COLORS.length]! }));
  const errors: Series[] = [
    { key: "refused", name: t("reports.refused"), color: "var(--warn)" },
    { key: "failed", name: t("reports.failed"), color: "var(--danger)" },
  ];
  const latencies: Series[] = [
    { key: "p50", name: "p50", color: "var(--ok)" },
    { key: "p95", name: "p95", color: "var(--info)" },
    { key: "p99", name: "p99", color: "var(--accent)" },
  ];
  return (
    <div className="space-y-4">
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-5">
        <Figure label={t("reports.total")} value={count(sum.requests)} />
        <Figure label={t("reports.errorRate")} value={sum.requests === 0 ? "–" : `${((100 * sum.failed) / sum.requests).toFixed(1)} %`} danger={sum.failed > 0} />
        <Figure label={t("reports.p95")} value={duration(sum.p95)} />
        <Figure label={t("reports.database")} value={bytes(now?.database)} />
        <Figure label={t("reports.storage")} value={bytes(now?.storage)} />
      </div>
      {sum.requests === 0 ? (
        <Card flush>
          <Empty icon={<ChartLine size={30} />} title={t("reports.empty")}>
            {t("reports.emptyHelp")}
          </Empty>
        </Card>
      ) : (
        <div className="grid gap-4 lg:grid-cols-2">
          <Panel title={t("reports.requests")} help={t("reports.requestsHelp")}>
            {chart(t("reports.requests"), requests, number, true)}
          </Panel>
          <Panel title={t("reports.errors")} help={t("reports.errorsHelp")}>
            {chart(t("reports.errors"), errors, number, true)}
          </Panel>
          <Panel title={t("reports.latency")} help={t("reports.latencyHelp")} wide>
            {chart(t("reports.latency"), latencies, duration)}
          </Panel>
        </div>
      )}
      <div className="grid gap-4 lg:grid-cols-3">
        <Panel title={t("reports.connections")}>{chart(t("reports.connections"), one("connections", t("reports.connections"), "var(--info)"), number)}</Panel>
        <Panel title={t("reports.database")}>{chart(t("reports.database"), one("database", t("reports.database"), "var(--accent)"), bytes)}</Panel>
        <Panel title={t("reports.storage")}>{chart(t("reports.storage"), one("storage", t("reports.storage"), "var(--ok)"), bytes)}</Panel>
      </div>
      <p className="text-xs text-muted">{range === "1h" ? t("reports.coarse_1h") : t("reports.coarse", { minutes: report.step_seconds / 60 })}</p>
    </div>
  );
}

function Figure({ label, value, danger }: { label: string; value: string; danger?: boolean }) {
  return (
    <div className="rounded-lg border bg-panel px-4 py-3">
      <div className="text-xs text-muted">{label}</div>
      <div className={danger ? "mt-0.5 text-xl font-semibold text-danger tabular-nums" : "mt-0.5 text-xl font-semibold tabular-nums"}>{value}</div>
    </div>
  );
}

function Panel({ title, help, wide, children }: { title: string; help?: string; wide?: boolean; children: ReactNode }) {
  return (
    <Card title={title} className={wide ? "lg:col-span-2" : undefined} action={help && <span className="text-xs text-muted">{help}</span>}>
      {children}
    </Card>
  );
}

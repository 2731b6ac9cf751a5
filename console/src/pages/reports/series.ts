import type { Report, ReportStep } from "@/api/operation";

/** One point of the charts; rates are per minute, whatever the length of the step. */
export interface Point {
  /** Milliseconds since the epoch. */
  at: number;
  refused: number;
  failed: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  connections: number | null;
  database: number | null;
  storage: number | null;
  /** Requests per minute by service. */
  [service: `rate.${string}`]: number;
}

/** The services that were asked, most asked first. */
export function services(report: Report): string[] {
  const totals = new Map<string, number>();
  for (const step of report.series) for (const [service, n] of Object.entries(step.services)) totals.set(service, (totals.get(service) ?? 0) + (n ?? 0));
  return [...totals].sort((a, b) => b[1] - a[1]).map(([service]) => service);
}

/**
 * A point for every step of the range: where nothing happened, rates are 0 and what is measured
 * stays as it was.
 */
export function points(report: Report): Point[] {
  const step = report.step_seconds * 1000;
  const to = Date.parse(report.to);
  const steps = report.series.map((s) => ({ ...s, ms: Date.parse(s.at) }));
  const asked = services(report);
  const out: Point[] = [];
  let next = 0;
  const measured: Pick<Point, "connections" | "database" | "storage"> = { connections: null, database: null, storage: null };
  for (let at = Math.floor(Date.parse(report.from) / step) * step; at <= to; at += step) {
    // A longer step, from before the last start of the server, stands for all of its length.
    const here = steps.filter((s) => s.ms <= at && at < s.ms + s.seconds * 1000);
    while (next < steps.length && steps[next]!.ms <= at) {
      const s = steps[next]!;
      measured.connections = s.connections ?? measured.connections;
      measured.database = s.database_size ?? measured.database;
      measured.storage = s.storage_size ?? measured.storage;
      next += 1;
    }
    const rate = (of: (s: ReportStep) => number) => round(here.reduce((sum, s) => sum + (of(s) * 60) / s.seconds, 0));
    const fine = here.at(-1);
    out.push({
      at,
      refused: rate((s) => s.refused),
      failed: rate((s) => s.errors),
      p50: fine?.latency_p50_ms ?? null,
      p95: fine?.latency_p95_ms ?? null,
      p99: fine?.latency_p99_ms ?? null,
      ...measured,
      ...Object.fromEntries(asked.map((service) => [`rate.${service}`, rate((s) => s.services[service] ?? 0)])),
    });
  }
  return out;
}

const round = (n: number) => Math.round(n * 100) / 100;

/** What the report comes to. */
export function totals(report: Report): { requests: number; failed: number; p95: number | null } {
  const requests = report.series.reduce((sum, s) => sum + s.requests, 0);
  const failed = report.series.reduce((sum, s) => sum + s.errors, 0);
  // The slowest step that matters: an average of quantiles would hide it.
  const slow = report.series.map((s) => s.latency_p95_ms).filter((ms) => ms !== null);
  return { requests, failed, p95: slow.length === 0 ? null : Math.max(...slow) };
}

/** "14:05" within a day, "3-07 14:00" over several. */
export function tick(at: number, days: boolean): string {
  const d = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}`;
  return days ? `${d.getMonth() + 1}-${two(d.getDate())} ${clock}` : clock;
}

import { useQuery } from "@tanstack/react-query";
import { appPath } from "./apps";
import { api } from "./client";
import type { LogEntry, LogLevel, Migrations, Report, ReportStep } from "./schema";

export type { LogEntry, LogLevel, Migrations, Report, ReportStep };

export type LogSource = "requests" | "auth" | "realtime" | "postgres";
export interface LogFilter {
  source: LogSource;
  service: string;
  level: string;
  q: string;
  /** How far back, in minutes; 0: as far as there is anything. */
  minutes: number;
  limit: number;
}

/** The query string of a filter; `now` in milliseconds. */
export function logQuery(f: LogFilter, now: number): string {
  const query = new URLSearchParams({ source: f.source, limit: String(f.limit) });
  if (f.source === "requests" && f.service !== "") query.set("service", f.service);
  if (f.level !== "") query.set("level", f.level);
  if (f.q.trim() !== "") query.set("q", f.q.trim());
  if (f.minutes > 0) query.set("from", new Date(now - f.minutes * 60_000).toISOString());
  return query.toString();
}

/** The wanted entries, newest first; read again every two seconds while `live`. */
export function useLogs(ref: string, filter: LogFilter, live: boolean) {
  return useQuery({
    queryKey: ["logs", ref, filter],
    queryFn: ({ signal }) => api<LogEntry[]>("GET", `${appPath(ref)}/logs?${logQuery(filter, Date.now())}`, undefined, signal),
    refetchInterval: live ? 2_000 : false,
    // Another filter of the same source keeps what is there until its own entries come.
    placeholderData: (previous, query) => ((query?.queryKey[2] as LogFilter | undefined)?.source === filter.source ? previous : undefined),
  });
}

export type ReportRange = "1h" | "24h" | "7d";
export function useReport(ref: string, range: ReportRange) {
  return useQuery({
    queryKey: ["report", ref, range],
    queryFn: ({ signal }) => api<Report>("GET", `${appPath(ref)}/reports?range=${range}`, undefined, signal),
    refetchInterval: 30_000,
  });
}

export function useMigrations(ref: string) {
  return useQuery({
    queryKey: ["migrations", ref],
    queryFn: ({ signal }) => api<Migrations>("GET", `${appPath(ref)}/migrations`, undefined, signal),
  });
}

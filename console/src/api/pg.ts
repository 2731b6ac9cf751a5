import { useQuery } from "@tanstack/react-query";
import { appPath } from "./apps";
import { api, seg } from "./client";
import type { RunAnswer, RunField, RunResult } from "./schema";

export type Field = RunField;
export type Result = RunResult;
export type { RunAnswer };
export type RunRole = "postgres" | "anon" | "authenticated" | "service_role";
export interface RunRequest {
  sql: string;
  role?: RunRole;
  user_id?: string;
  timeout_ms?: number;
  max_rows?: number;
  run_id: string;
}
export interface SavedQuery {
  id: string;
  name: string;
  sql: string;
}

/** Runs SQL as the application's owner role; rows of the last statement. */
export function pgQuery<T = Record<string, unknown>>(ref: string, query: string, signal?: AbortSignal): Promise<T[]> {
  return api<T[]>("POST", `${appPath(ref)}/pg/query`, { query }, signal);
}

/**
 * A list read through one json column, so that the types arrive the same however the server
 * renders rows.
 */
export async function pgList<T>(ref: string, select: string, signal?: AbortSignal): Promise<T[]> {
  const rows = await pgQuery<{ list: T[] | string }>(
    ref,
    `select coalesce(json_agg(row_to_json(item)), '[]'::json) as list from (${select}) as item`,
    signal,
  );
  const list = rows[0]?.list ?? [];
  return typeof list === "string" ? (JSON.parse(list) as T[]) : list;
}

export const pgRun = (ref: string, body: RunRequest, signal?: AbortSignal) =>
  api<RunAnswer>("POST", `${appPath(ref)}/pg/run`, body, signal);
export const pgCancel = (ref: string, runId: string) => api<void>("DELETE", `${appPath(ref)}/pg/run/${seg(runId)}`);

export const listQueries = (ref: string) => api<SavedQuery[]>("GET", `${appPath(ref)}/queries`);
export const saveQuery = (ref: string, q: SavedQuery) => api<void>("PUT", `${appPath(ref)}/queries/${seg(q.id)}`, q);
export const deleteQuery = (ref: string, id: string) => api<void>("DELETE", `${appPath(ref)}/queries/${seg(id)}`);

/** A list of the database as a query: kept under `["pg", ref, name, …]`. */
export function usePgList<T>(ref: string, key: readonly unknown[], select: string, options: { refetchInterval?: number; enabled?: boolean } = {}) {
  return useQuery({
    queryKey: ["pg", ref, ...key],
    queryFn: ({ signal }) => pgList<T>(ref, select, signal),
    ...options,
  });
}

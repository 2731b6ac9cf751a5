import type { ColumnInfo } from "@/lib/sql/introspect";
import { needsText } from "@/lib/pg-types";
import { request, seg } from "./client";
import { getSecrets } from "./apps";
import type { QueryClient } from "@tanstack/react-query";

export type Row = Record<string, unknown>;
export const OPERATORS = ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is", "not.is"] as const;
export type Operator = (typeof OPERATORS)[number];
export interface Filter {
  column: string;
  op: Operator;
  value: string;
}
export interface Sort {
  column: string;
  down: boolean;
}

/** A name or value in PostgREST's query language, where quotes keep reserved characters apart. */
export function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function condition(f: Filter): string {
  const column = quoted(f.column);
  if (f.op === "is" || f.op === "not.is") {
    const word = ["null", "true", "false", "unknown"].includes(f.value.trim().toLowerCase()) ? f.value.trim().toLowerCase() : "null";
    return `${column}.${f.op}.${word}`;
  }
  if (f.op === "in") return `${column}.in.(${f.value.split(",").map((v) => quoted(v.trim())).join(",")})`;
  if (f.op === "like" || f.op === "ilike") return `${column}.${f.op}.${quoted(f.value.includes("%") || f.value.includes("*") ? f.value : `%${f.value}%`)}`;
  return `${column}.${f.op}.${quoted(f.value)}`;
}

/** All conditions in one `and`, so that no column's name collides with a parameter's. */
export function whereParam(filters: readonly Filter[]): [string, string][] {
  return filters.length === 0 ? [] : [["and", `(${filters.map(condition).join(",")})`]];
}

/** Wide numbers are asked for as text: JavaScript would round them. */
export function selectParam(columns: readonly ColumnInfo[]): string {
  return columns.map((c) => quoted(c.name) + (needsText(c.base) ? "::text" : "")).join(",");
}

export function orderParam(sorts: readonly Sort[]): [string, string][] {
  return sorts.length === 0 ? [] : [["order", sorts.map((s) => `${quoted(s.column)}.${s.down ? "desc" : "asc"}`).join(",")]];
}

/** The rows named by their primary keys. */
export function keysParam(pk: readonly string[], rows: readonly Row[]): [string, string][] {
  const [only] = pk;
  if (only !== undefined && pk.length === 1) return [["and", `(${quoted(only)}.in.(${rows.map((r) => quoted(String(r[only]))).join(",")}))`]];
  return [["or", `(${rows.map((r) => `and(${pk.map((k) => `${quoted(k)}.eq.${quoted(String(r[k]))}`).join(",")})`).join(",")})`]];
}

export interface Rest {
  ref: string;
  key: string;
}

/** The service key, through the cache that useSecrets fills. */
export async function restFor(client: QueryClient, ref: string): Promise<Rest> {
  const secrets = await client.ensureQueryData({ queryKey: ["secrets", ref], queryFn: () => getSecrets(ref), staleTime: 10 * 60_000 });
  return { ref, key: secrets.service_role_key };
}

export async function call(rest: Rest, method: string, path: string, init: { headers?: Record<string, string>; body?: BodyInit; signal?: AbortSignal } = {}): Promise<Response> {
  return request(`/apps/${seg(rest.ref)}${path}`, {
    method,
    headers: { apikey: rest.key, Authorization: `Bearer ${rest.key}`, ...init.headers },
    body: init.body,
    signal: init.signal,
  });
}

export function tableUrl(table: string, params: [string, string][]): string {
  const q = new URLSearchParams(params).toString();
  return `/rest/v1/${seg(table)}${q ? `?${q}` : ""}`;
}

export async function readRows(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], o: { filters: readonly Filter[]; sorts: readonly Sort[]; offset: number; limit: number; signal?: AbortSignal }): Promise<Row[]> {
  const params: [string, string][] = [
    ["select", selectParam(columns)],
    ...whereParam(o.filters),
    ...orderParam(o.sorts),
    ["offset", String(o.offset)],
    ["limit", String(o.limit)],
  ];
  const response = await call(rest, "GET", tableUrl(table, params), { headers: { "Accept-Profile": schema }, signal: o.signal });
  return (await response.json()) as Row[];
}

/** How many rows the conditions let through: exact for small tables, the planner's word for large ones. */
export async function countRows(rest: Rest, schema: string, table: string, filters: readonly Filter[], signal?: AbortSignal): Promise<number> {
  const response = await call(rest, "HEAD", tableUrl(table, [...whereParam(filters), ["limit", "0"]]), {
    headers: { "Accept-Profile": schema, Prefer: "count=estimated" },
    signal,
  });
  const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
  return Number.isFinite(total) ? total : 0;
}

const keyFilters = (pk: readonly string[], row: Row): Filter[] => pk.map((k) => ({ column: k, op: "eq", value: String(row[k]) }));

/** The row as it is now; null where it is gone. */
export async function readRow(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], pk: readonly string[], row: Row): Promise<Row | null> {
  const [now] = await readRows(rest, schema, table, columns, { filters: keyFilters(pk, row), sorts: [], offset: 0, limit: 1 });
  return now ?? null;
}

const json = (schema: string, prefer: string) => ({ "Content-Type": "application/json", "Content-Profile": schema, Prefer: prefer });

/** What happens to a new row whose key is taken. */
export const ON_CONFLICT = ["refuse", "merge", "ignore"] as const;
export type OnConflict = (typeof ON_CONFLICT)[number];

export async function insertRows(rest: Rest, schema: string, table: string, rows: Row[], columns?: string[], signal?: AbortSignal, conflict: OnConflict = "refuse"): Promise<void> {
  const params: [string, string][] = columns ? [["columns", columns.map(quoted).join(",")]] : [];
  await call(rest, "POST", tableUrl(table, params), { headers: json(schema, `return=minimal,missing=default${conflict === "refuse" ? "" : `,resolution=${conflict}-duplicates`}`), body: JSON.stringify(rows), signal });
}

/** Changes one row if `unchanged` still holds; false says that it does not, or that the row is gone. */
export async function updateRow(rest: Rest, schema: string, table: string, pk: readonly string[], row: Row, change: Row, unchanged: readonly Filter[]): Promise<boolean> {
  const [first] = pk;
  const response = await call(rest, "PATCH", tableUrl(table, [...whereParam([...keyFilters(pk, row), ...unchanged]), ...(first === undefined ? [] : ([["select", quoted(first)]] as [string, string][]))]), {
    headers: json(schema, "return=representation"),
    body: JSON.stringify(change),
  });
  return ((await response.json()) as Row[]).length > 0;
}

export async function deleteRows(rest: Rest, schema: string, table: string, pk: readonly string[], rows: readonly Row[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 100)
    await call(rest, "DELETE", tableUrl(table, keysParam(pk, rows.slice(i, i + 100))), { headers: json(schema, "return=minimal") });
}

/** Deletes what the conditions let through; all rows without any. */
export async function deleteMatching(rest: Rest, schema: string, table: string, filters: readonly Filter[]): Promise<void> {
  await call(rest, "DELETE", tableUrl(table, whereParam(filters)), { headers: json(schema, "return=minimal") });
}

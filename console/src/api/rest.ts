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

export interface Page {
  rows: Row[];
  total: number | null;
}

export async function readRows(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], o: { filters: Filter[]; sorts: Sort[]; offset: number; limit: number; count?: boolean; signal?: AbortSignal }): Promise<Page> {
  const params: [string, string][] = [
    ["select", selectParam(columns)],
    ...whereParam(o.filters),
    ...orderParam(o.sorts),
    ["offset", String(o.offset)],
    ["limit", String(o.limit)],
  ];
  const response = await call(rest, "GET", tableUrl(table, params), {
    headers: { "Accept-Profile": schema, ...(o.count === false ? {} : { Prefer: "count=estimated" }) },
    signal: o.signal,
  });
  const rows = (await response.json()) as Row[];
  const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
  return { rows, total: Number.isFinite(total) ? total : null };
}

const json = (schema: string, prefer: string) => ({ "Content-Type": "application/json", "Content-Profile": schema, Prefer: prefer });

export async function insertRows(rest: Rest, schema: string, table: string, rows: Row[], columns?: string[], signal?: AbortSignal): Promise<void> {
  const params: [string, string][] = columns ? [["columns", columns.map(quoted).join(",")]] : [];
  await call(rest, "POST", tableUrl(table, params), { headers: json(schema, "return=minimal,missing=default"), body: JSON.stringify(rows), signal });
}

/** Changes one row if it is still what the page shows; null says that it is not. */
export async function updateRow(rest: Rest, schema: string, table: string, pk: readonly string[], row: Row, change: Row, unchanged: Filter[]): Promise<Row | null> {
  const keys: Filter[] = pk.map((k) => ({ column: k, op: "eq", value: String(row[k]) }));
  const response = await call(rest, "PATCH", tableUrl(table, whereParam([...keys, ...unchanged])), {
    headers: json(schema, "return=representation"),
    body: JSON.stringify(change),
  });
  const rows = (await response.json()) as Row[];
  return rows[0] ?? null;
}

export async function deleteRows(rest: Rest, schema: string, table: string, pk: readonly string[], rows: readonly Row[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 100)
    await call(rest, "DELETE", tableUrl(table, keysParam(pk, rows.slice(i, i + 100))), { headers: json(schema, "return=minimal") });
}

import { ident, literal, qualified } from "./identifier";
import { EVENTS } from "./objects";

/** Webhooks are triggers with `supabase_functions.http_request()`; its arguments are what is sent. */

export const HOOK_EVENTS = EVENTS.filter((e) => e !== "truncate");
export type HookEvent = (typeof HOOK_EVENTS)[number];

export interface HookRow {
  name: string;
  schema: string;
  table: string;
  enabled: boolean;
  owned: boolean;
  /** tgtype of pg_trigger. */
  type: number;
  /** tgargs of pg_trigger in hexadecimal: texts, each with a zero byte behind it. */
  args: string;
}

export interface Webhook {
  name: string;
  schema: string;
  table: string;
  events: HookEvent[];
  url: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  params: Record<string, string>;
  timeout: number;
}

export const webhooksSql = () => `select g.tgname as name, n.nspname as schema, c.relname as table, g.tgenabled <> 'D' as enabled,
  pg_has_role(c.relowner, 'usage') as owned, g.tgtype as type, encode(g.tgargs, 'hex') as args
  from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where not g.tgisinternal and g.tgfoid = to_regprocedure('supabase_functions.http_request()')
  order by n.nspname <> 'public', n.nspname, c.relname, g.tgname`;

/** Bits of tgtype, as pg_trigger.h has them. */
const BITS: Record<HookEvent, number> = { insert: 4, delete: 8, update: 16 };

export function readHook(row: HookRow): Webhook {
  const bytes = Uint8Array.from(row.args.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const args = new TextDecoder().decode(bytes).split("\0");
  return {
    name: row.name,
    schema: row.schema,
    table: row.table,
    events: HOOK_EVENTS.filter((e) => (row.type & BITS[e]) !== 0),
    url: args[0] ?? "",
    method: args[1] === "GET" ? "GET" : "POST",
    headers: record(args[2]) ?? { "Content-Type": "application/json" },
    params: record(args[3]) ?? {},
    timeout: Number(args[4]) || 1000,
  };
}

function record(json: string | undefined): Record<string, string> | null {
  try {
    const parsed: unknown = JSON.parse(json ?? "null");
    if (typeof parsed !== "object" || parsed === null) return null;
    return Object.fromEntries(Object.entries(parsed).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]));
  } catch {
    return null;
  }
}

const create = (w: Webhook) => {
  const args = [w.url, w.method, JSON.stringify(w.headers), JSON.stringify(w.params), String(w.timeout)];
  const events = HOOK_EVENTS.filter((e) => w.events.includes(e)).join(" or ");
  return `create trigger ${ident(w.name)} after ${events} on ${qualified(w.schema, w.table)}\n  for each row execute function supabase_functions.http_request(${args.map((a) => literal(a).trim()).join(", ")});`;
};

/** Makes a webhook; in place of `before`, in the same transaction. */
export function saveHook(w: Webhook, before?: Pick<Webhook, "name" | "schema" | "table">): string {
  const drop = before ? `drop trigger ${ident(before.name)} on ${qualified(before.schema, before.table)};\n` : "";
  return drop + create(w);
}

export interface Delivery {
  id: number;
  hook: string;
  table: string;
  event: string;
  url: string;
  method: string;
  state: "waiting" | "delivered" | "failed";
  attempts: number;
  created_at: string;
  next_at: string | null;
  finished_at: string | null;
  status: number | null;
  error: string | null;
  duration_ms: number | null;
  body: unknown;
}

/** The newest deliveries; their bodies only for one of them, since a body can be a megabyte. */
export const deliveriesSql = () => `select id, hook, table_schema || '.' || table_name as table, event, url, method, state, attempts, created_at, next_at,
  finished_at, status, error, duration_ms, null as body
  from supabase_functions.deliveries order by id desc limit 100`;
export const deliverySql = (id: number) => `select body from supabase_functions.deliveries where id = ${literal(id)}`;
export const redeliverSql = (id: number) => `select supabase_functions.redeliver(${literal(id)})`;

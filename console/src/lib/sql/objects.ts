import { ident, qualified } from "./identifier";

/** Functions, triggers, extensions, indexes: reading them and the statements that change them. */

const USERS = "n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'";

export interface FunctionInfo {
  oid: number;
  schema: string;
  name: string;
  arguments: string;
  identity: string;
  result: string;
  language: string;
  kind: "f" | "p" | "a" | "w";
  definer: boolean;
  volatility: "i" | "s" | "v";
  owned: boolean;
  definition: string | null;
  comment: string | null;
}

export const functionsSql = () => `select p.oid::int8 as oid, n.nspname as schema, p.proname as name,
  pg_get_function_arguments(p.oid) as arguments, pg_get_function_identity_arguments(p.oid) as identity,
  coalesce(pg_get_function_result(p.oid), '') as result, l.lanname as language, p.prokind::text as kind,
  p.prosecdef as definer, p.provolatile::text as volatility, pg_has_role(p.proowner, 'usage') as owned,
  case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end as definition, obj_description(p.oid, 'pg_proc') as comment
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where ${USERS} and p.prokind in ('f', 'p')
    and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  order by n.nspname <> 'public', n.nspname, p.proname`;

/** The identity arguments come from the server, as pg_get_function_identity_arguments writes them. */
export const dropFunction = (f: FunctionInfo) => `drop ${f.kind === "p" ? "procedure" : "function"} ${qualified(f.schema, f.name)}(${f.identity});`;

export interface TriggerInfo {
  name: string;
  schema: string;
  table: string;
  enabled: boolean;
  function: string;
  function_schema: string;
  definition: string;
  owned: boolean;
}

export const triggersSql = () => `select g.tgname as name, n.nspname as schema, c.relname as table, g.tgenabled <> 'D' as enabled,
  p.proname as function, pn.nspname as function_schema, pg_get_triggerdef(g.oid, true) as definition, pg_has_role(c.relowner, 'usage') as owned
  from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = g.tgfoid join pg_namespace pn on pn.oid = p.pronamespace
  where not g.tgisinternal and ${USERS} order by n.nspname <> 'public', n.nspname, c.relname, g.tgname`;

export const TIMINGS = ["before", "after"] as const;
export const EVENTS = ["insert", "update", "delete", "truncate"] as const;

export interface TriggerDraft {
  name: string;
  schema: string;
  table: string;
  timing: (typeof TIMINGS)[number];
  events: (typeof EVENTS)[number][];
  each: "row" | "statement";
  functionSchema: string;
  function: string;
}

export const createTrigger = (t: TriggerDraft) =>
  `create trigger ${ident(t.name)} ${t.timing} ${EVENTS.filter((e) => t.events.includes(e)).join(" or ")} on ${qualified(t.schema, t.table)}\n  for each ${t.each} execute function ${qualified(t.functionSchema, t.function)}();`;
export const dropTrigger = (t: Pick<TriggerInfo, "name" | "schema" | "table">) => `drop trigger ${ident(t.name)} on ${qualified(t.schema, t.table)};`;
export const enableTrigger = (t: Pick<TriggerInfo, "name" | "schema" | "table">, on: boolean) => `alter table ${qualified(t.schema, t.table)} ${on ? "enable" : "disable"} trigger ${ident(t.name)};`;

export interface ExtensionInfo {
  name: string;
  version: string;
  installed: string | null;
  schema: string | null;
  comment: string | null;
}

export const extensionsSql = () => `select a.name, a.default_version as version, a.installed_version as installed, n.nspname as schema, a.comment
  from pg_available_extensions a left join pg_extension e on e.extname = a.name left join pg_namespace n on n.oid = e.extnamespace
  order by a.installed_version is null, a.name`;
export const createExtension = (name: string, schema: string) => `create extension if not exists ${ident(name)} with schema ${ident(schema)} cascade;`;
export const dropExtension = (name: string) => `drop extension ${ident(name)};`;

export interface RoleInfo {
  name: string;
  login: boolean;
  super: boolean;
  bypass: boolean;
  createdb: boolean;
  createrole: boolean;
  limit: number;
  members: string[];
  connections: number;
}

export const rolesSql = () => `select r.rolname as name, r.rolcanlogin as login, r.rolsuper as super, r.rolbypassrls as bypass, r.rolcreatedb as createdb,
  r.rolcreaterole as createrole, r.rolconnlimit as limit,
  coalesce((select json_agg(g.rolname order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid), '[]') as members,
  (select count(*) from pg_stat_activity a where a.usesysid = r.oid and a.datname = current_database()) as connections
  from pg_roles r
  where r.rolname not like 'pg\\_%' and (r.rolname not like 'app\\_%' or r.rolname = current_user) and r.rolname not like 'hearth\\_%' and r.rolname not like 'authenticator\\_%'
  order by r.rolname`;

export interface IndexInfo {
  name: string;
  schema: string;
  table: string;
  definition: string;
  unique: boolean;
  primary: boolean;
  constraint: boolean;
  valid: boolean;
  size: number;
  scans: number;
  owned: boolean;
}

export const indexesSql = () => `select ic.relname as name, n.nspname as schema, c.relname as table, pg_get_indexdef(i.indexrelid) as definition,
  i.indisunique as unique, i.indisprimary as primary, exists (select 1 from pg_constraint k where k.conindid = i.indexrelid) as constraint,
  i.indisvalid as valid, pg_relation_size(i.indexrelid) as size, coalesce(s.idx_scan, 0) as scans, pg_has_role(c.relowner, 'usage') as owned
  from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
  left join pg_stat_user_indexes s on s.indexrelid = i.indexrelid
  where ${USERS} order by n.nspname <> 'public', n.nspname, c.relname, ic.relname`;

export const METHODS = ["btree", "hash", "gin", "gist", "brin"] as const;

export const createIndex = (schema: string, table: string, columns: string[], method: (typeof METHODS)[number], unique: boolean) =>
  `create ${unique ? "unique " : ""}index on ${qualified(schema, table)} using ${method} (${columns.map(ident).join(", ")});`;
export const dropIndex = (schema: string, name: string) => `drop index ${qualified(schema, name)};`;


import { ident, literal, qualified } from "./identifier";
import type { ForeignKeyDraft } from "./table";

type OnDelete = ForeignKeyDraft["onDelete"];

/** Reading the catalogue: constant SQL, or with values through `literal`. */

export interface TableInfo {
  oid: number;
  schema: string;
  name: string;
  /** r table, p partitioned, v view, m materialised view, f foreign table */
  kind: "r" | "p" | "v" | "m" | "f";
  rls: boolean;
  realtime: boolean;
  rows: number;
  size: number;
  comment: string | null;
  owned: boolean;
  policies: number;
}

export interface ColumnInfo {
  name: string;
  position: number;
  /** As format_type writes it. */
  type: string;
  /** Internal name: int8, text, _text. */
  base: string;
  /** b base, e enum, d domain, c composite, a array as typcategory A */
  kind: string;
  nullable: boolean;
  default: string | null;
  identity: "" | "a" | "d";
  generated: boolean;
  pk: boolean;
  unique: boolean;
  /** Name of the constraint that makes it unique; an index may do it alone. */
  unique_constraint?: string | null;
  enums: string[] | null;
  comment: string | null;
  fk: { schema: string; table: string; column: string; name: string; onDelete: OnDelete } | null;
}

const SYSTEM = "n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'";

/** Sizes are measured where tables are few; of thousands each costs a look at the disk, and the planner's count of pages does. */
export function tablesSql(): string {
  return `select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
    c.relrowsecurity as rls,
    exists (select 1 from pg_publication p where p.pubname = 'supabase_realtime'
      and (p.puballtables or exists (select 1 from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = c.oid))) as realtime,
    greatest(c.reltuples, 0)::int8 as rows, case when (select count(*) from pg_class t where t.relkind = 'r') < 1500 then pg_total_relation_size(c.oid) else c.relpages::int8 * 8192 end as size,
    obj_description(c.oid, 'pg_class') as comment, pg_has_role(c.relowner, 'usage') as owned,
    (select count(*) from pg_policy p where p.polrelid = c.oid) as policies
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and ${SYSTEM}
    order by n.nspname, c.relname`;
}

export function columnsSql(schema: string, table: string): string {
  return `select a.attname as name, a.attnum as position, format_type(a.atttypid, a.atttypmod) as type,
    t.typname as base, case when t.typcategory = 'A' then 'a' else t.typtype::text end as kind,
    not a.attnotnull as nullable, pg_get_expr(d.adbin, d.adrelid) as default, a.attidentity::text as identity,
    a.attgenerated <> '' as generated,
    exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey)) as pk,
    exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indkey[0] = a.attnum and i.indpred is null) as unique,
    (select k.conname from pg_constraint k where k.contype = 'u' and k.conrelid = c.oid and k.conkey = array[a.attnum] limit 1) as unique_constraint,
    (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as enums,
    col_description(c.oid, a.attnum) as comment,
    (select json_build_object('schema', fn.nspname, 'table', fc.relname, 'column', fa.attname, 'name', k.conname,
       'onDelete', case k.confdeltype when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' when 'r' then 'restrict' else 'no action' end)
       from pg_constraint k join pg_class fc on fc.oid = k.confrelid join pg_namespace fn on fn.oid = fc.relnamespace
       join pg_attribute fa on fa.attrelid = k.confrelid and fa.attnum = k.confkey[1]
       where k.contype = 'f' and k.conrelid = c.oid and k.conkey = array[a.attnum] limit 1) as fk
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where n.nspname = ${literal(schema)} and c.relname = ${literal(table)} and a.attnum > 0 and not a.attisdropped
    order by a.attnum`;
}

/** Name of a table's primary key constraint: one row or none. */
export function primaryKeySql(schema: string, table: string): string {
  return `select k.conname as name from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'p' and n.nspname = ${literal(schema)} and c.relname = ${literal(table)}`;
}

/** Bytes of a table that is looked through whole to see whether it changed. */
const SMALL = 16 * 1024 * 1024;

/**
 * Another answer than before says that rows have changed: at once for small tables, whose rows all
 * say which transaction wrote them; within some ten seconds for others, by PostgreSQL's own counters.
 */
export function changesSql(t: Pick<TableInfo, "oid" | "schema" | "name">): string {
  return `select case when pg_relation_size(${literal(t.oid)}) <= ${SMALL}
    then (select count(*) || ' ' || coalesce(sum(xmin::text::int8), 0) from ${qualified(t.schema, t.name)})
    else (select (n_tup_ins + n_tup_upd + n_tup_del)::text from pg_stat_all_tables where relid = ${literal(t.oid)}) end as changes`;
}

/** Rows that a foreign key can point at: those with `search` somewhere in them. */
export function lookupSql(schema: string, table: string, column: string, search: string): string {
  const where = search === "" ? "" : ` where row_to_json(x)::text ilike ${literal(`%${search.replace(/[\\%_]/g, "\\$&")}%`)}`;
  return `select x.${ident(column)}::text as value, row_to_json(x) as row from ${qualified(schema, table)} x${where} order by x.${ident(column)} limit 50`;
}

export interface SchemaInfo {
  name: string;
  owned: boolean;
}

export function schemasSql(): string {
  return `select n.nspname as name, has_schema_privilege(n.oid, 'create') as owned from pg_namespace n
    where ${SYSTEM} and has_schema_privilege(n.oid, 'usage') order by n.nspname <> 'public', n.nspname`;
}

/** Types a column can have: enums and domains of users, after the built-in list of the picker. */
export function userTypesSql(): string {
  return `select n.nspname as schema, t.typname as name, t.typtype::text as kind,
    (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as enums
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd') and ${SYSTEM} order by 1, 2`;
}

/** Table and column names for the SQL editor's completion. */
export function completionSql(): string {
  return `select n.nspname as schema, c.relname as name,
    (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${SYSTEM} order by n.nspname <> 'public', c.relname limit 3000`;
}

export interface PolicyInfo {
  schema: string;
  table: string;
  name: string;
  command: "ALL" | "SELECT" | "INSERT" | "UPDATE" | "DELETE";
  permissive: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
}

export function policiesSql(where = "true"): string {
  return `select n.nspname as schema, c.relname as table, p.polname as name,
    case p.polcmd when '*' then 'ALL' when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' else 'DELETE' end as command,
    p.polpermissive as permissive,
    case when p.polroles = '{0}'::oid[] then '["public"]'::json else (select json_agg(r.rolname order by r.rolname) from pg_roles r where r.oid = any (p.polroles)) end as roles,
    pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
    where ${SYSTEM} and (${where}) order by 1, 2, 3`;
}

export function policiesOf(schema: string, table: string): string {
  return policiesSql(`n.nspname = ${literal(schema)} and c.relname = ${literal(table)}`);
}

/** Functions that can be hooks: one JSON in, JSON out; and whether the service may call them. */
export function hookFunctionsSql(): string {
  return `select n.nspname as schema, p.proname as name,
  has_function_privilege('supabase_auth_admin', p.oid, 'execute') and has_schema_privilege('supabase_auth_admin', n.oid, 'usage') as callable
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prokind = 'f' and p.pronargs = 1
  and p.proargtypes[0] in ('json'::regtype, 'jsonb'::regtype) and p.prorettype in ('json'::regtype, 'jsonb'::regtype, 'void'::regtype)
  and n.nspname not in ('pg_catalog', 'information_schema', 'extensions', 'auth', 'storage', 'realtime', 'vault')
order by 1, 2`;
}

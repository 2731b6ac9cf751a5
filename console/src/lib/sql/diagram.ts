import { literal } from "./identifier";

/** What the schema diagram draws. */
export interface DiagramTable {
  oid: number;
  name: string;
  rls: boolean;
  columns: DiagramColumn[];
}
export interface DiagramColumn {
  name: string;
  type: string;
  nullable: boolean;
  pk: boolean;
  unique: boolean;
  identity: boolean;
}
export interface DiagramLink {
  name: string;
  from: number;
  to: number;
  fromColumn: string;
  toColumn: string;
  /** Where the key leads, when that is another schema's table. */
  target: string;
}

export const diagramTablesSql = (schema: string) => `select c.oid::int8 as oid, c.relname as name, c.relrowsecurity as rls,
  (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
      'pk', exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey)),
      'unique', exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indkey[0] = a.attnum and i.indpred is null),
      'identity', a.attidentity <> '') order by a.attnum), '[]')
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = ${literal(schema)} order by c.relname limit 300`;

export const diagramLinksSql = (schema: string) => `select k.conname as name, k.conrelid::int8 as "from", k.confrelid::int8 as "to",
  a.attname as "fromColumn", fa.attname as "toColumn", case when fn.oid <> n.oid then fn.nspname || '.' || fc.relname else fc.relname end as target
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_class fc on fc.oid = k.confrelid join pg_namespace fn on fn.oid = fc.relnamespace
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
  join pg_attribute fa on fa.attrelid = k.confrelid and fa.attnum = k.confkey[1]
  where k.contype = 'f' and not c.relispartition and n.nspname = ${literal(schema)} order by k.conname`;

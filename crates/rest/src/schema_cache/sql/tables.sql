-- Tables, views and foreign tables of the schemas $1, with their columns and primary keys.
with recursive
domain_base as (
  select t.oid, t.typbasetype as base from pg_type t where t.typtype = 'd'
  union all
  select d.oid, t.typbasetype from domain_base d join pg_type t on t.oid = d.base
  where t.typtype = 'd'
),
base_of as (
  select d.oid, b.oid as base, b.typnamespace as base_namespace
  from domain_base d join pg_type b on b.oid = d.base and b.typtype <> 'd'
),
relation as (
  select c.oid, n.nspname, c.relname, c.relkind,
    case when c.relkind in ('v', 'f') then pg_relation_is_updatable(c.oid::regclass, true) end as writes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not c.relispartition
    and n.nspname = any ($1::text[])
),
columns as (
  select a.attrelid, json_agg(json_build_object(
    'name', a.attname,
    'description', col_description(a.attrelid, a.attnum),
    'nullable', not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)),
    'type', case
      when t.typtype = 'd' and b.base_namespace = 'pg_catalog'::regnamespace then format_type(b.base, null)
      when t.typtype <> 'd' and t.typnamespace = 'pg_catalog'::regnamespace then format_type(a.atttypid, null)
      else format_type(a.atttypid, a.atttypmod)
    end,
    'nominal_type', format_type(a.atttypid, a.atttypmod),
    'max_length', case
      when coalesce(b.base, t.oid) in ('bpchar'::regtype, 'varchar'::regtype)
        and (case when t.typtype = 'd' then t.typtypmod else a.atttypmod end) > 4
      then (case when t.typtype = 'd' then t.typtypmod else a.atttypmod end) - 4
      when coalesce(b.base, t.oid) in ('bit'::regtype, 'varbit'::regtype)
        and (case when t.typtype = 'd' then t.typtypmod else a.atttypmod end) > 0
      then (case when t.typtype = 'd' then t.typtypmod else a.atttypmod end)
    end,
    'default', case
      when t.typbasetype <> 0 and ad.adbin is null then pg_get_expr(t.typdefaultbin, 0)
      when a.attidentity = 'd' then (
        select format('nextval(%L)', s.objid::regclass) from pg_depend s
        where s.refobjid = a.attrelid and s.refobjsubid = a.attnum and s.deptype = 'i'
          and s.classid = 'pg_class'::regclass limit 1)
      when a.attgenerated <> '' then null
      else pg_get_expr(ad.adbin, ad.adrelid)
    end,
    'enum', coalesce((
      select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
      where e.enumtypid = coalesce(b.base, t.oid)), '[]')
  ) order by a.attnum) as list
  from relation r
  join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join base_of b on b.oid = t.oid
  left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
  group by a.attrelid
),
primary_keys as (
  select c.conrelid, json_agg(a.attname order by a.attname) as list
  from pg_constraint c
  join relation r on r.oid = c.conrelid
  join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
  where c.contype = 'p'
  group by c.conrelid
)
select coalesce(json_agg(json_build_object(
  'schema', r.nspname,
  'name', r.relname,
  'description', obj_description(r.oid, 'pg_class'),
  'is_view', r.relkind in ('v', 'm'),
  'insertable', r.relkind in ('r', 'p') or coalesce(r.writes & 8 = 8, false),
  'updatable', r.relkind in ('r', 'p') or coalesce(r.writes & 4 = 4, false),
  'deletable', r.relkind in ('r', 'p') or coalesce(r.writes & 16 = 16, false),
  'primary_key', coalesce(k.list, '[]'),
  'columns', coalesce(c.list, '[]')
) order by r.nspname, r.relname), '[]')::text
from relation r
left join columns c on c.attrelid = r.oid
left join primary_keys k on k.conrelid = r.oid

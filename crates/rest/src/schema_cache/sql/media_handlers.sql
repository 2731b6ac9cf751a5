-- Domains named like media types, and what makes them: aggregates over a row type (or anyelement)
-- and functions that return them.
with media_type as (
  select t.oid, t.typname, t.typnamespace
  from pg_type t
  where t.typtype = 'd'
    and (t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' or t.typname = '*/*')
)
select coalesce(json_agg(distinct jsonb_build_array(
  handler_schema, handler_name, target_schema, target_name, lower(media_type),
  case media_type when '*/*' then 'application/octet-stream' else media_type end)), '[]')::text
from (
  select pn.nspname, p.proname, an.nspname, a.typname, m.typname
  from media_type m
  join pg_proc p on p.prorettype = m.oid and p.prokind = 'a' and p.pronargs = 1
  join pg_namespace pn on pn.oid = p.pronamespace and pn.nspname = any ($1::text[])
  join pg_type a on a.oid = p.proargtypes[0]
  join pg_namespace an on an.oid = a.typnamespace
  where a.typname = 'anyelement'
    or exists (select from pg_class c where c.reltype = a.oid and c.relkind in ('r', 'p', 'v', 'm', 'f'))
  union
  select mn.nspname, m.typname, pn.nspname, p.proname, m.typname
  from media_type m
  join pg_namespace mn on mn.oid = m.typnamespace
  join pg_proc p on p.prorettype = m.oid and p.prokind = 'f' and not p.proretset
  join pg_namespace pn on pn.oid = p.pronamespace and pn.nspname = any ($1::text[])
) handlers (handler_schema, handler_name, target_schema, target_name, media_type)

-- Views of the schemas $1 with their rule as PostgreSQL stores it, for the analysis of which table
-- column each of their columns is.
select coalesce(json_agg(json_build_object(
  'id', c.oid::bigint,
  'name', json_build_object('schema', n.nspname, 'name', c.relname),
  'rule', r.ev_action::text,
  'columns', (
    select coalesce(json_agg(json_build_object('number', a.attnum, 'name', a.attname) order by a.attnum), '[]')
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  )
)), '[]')::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind in ('v', 'm') and n.nspname = any ($1::text[])

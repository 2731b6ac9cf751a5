-- Functions from one row type to another: relationships that users wrote.
select coalesce(json_agg(json_build_object(
  'function', json_build_object('schema', n.nspname, 'name', p.proname),
  'table', json_build_object('schema', an.nspname, 'name', a.typname),
  'foreign', json_build_object('schema', rn.nspname, 'name', r.typname),
  'to_one', not p.proretset or p.prorows = 1
)), '[]')::text
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type a on a.oid = p.proargtypes[0]
join pg_namespace an on an.oid = a.typnamespace
join pg_type r on r.oid = p.prorettype
join pg_namespace rn on rn.oid = r.typnamespace
where p.pronargs = 1
  and exists (select from pg_class c where c.reltype = a.oid and c.relkind in ('r', 'p', 'v', 'm', 'f'))
  and exists (select from pg_class c where c.reltype = r.oid and c.relkind in ('r', 'p', 'v', 'm', 'f'))

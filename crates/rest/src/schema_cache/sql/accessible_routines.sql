-- Functions of the schema $1 that the current role may call, with the types of their parameters as
-- the current search path shows them.
select p.oid::bigint,
  array(
    select a.type::regtype::text
    from unnest(p.proargtypes::oid[]) with ordinality a (type, ord)
    order by a.ord
  )
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1 and has_function_privilege(p.oid, 'execute')

-- Functions of the schema $1 that the current role may call.
select p.oid::bigint
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1 and has_function_privilege(p.oid, 'execute')

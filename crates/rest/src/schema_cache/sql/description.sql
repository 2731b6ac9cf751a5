-- The comment on the schema $1.
select obj_description(n.oid, 'pg_namespace') from pg_namespace n where n.nspname = $1

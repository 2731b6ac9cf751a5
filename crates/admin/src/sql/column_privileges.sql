-- Who may do what with columns: by a grant on the whole table or on the column itself.
select
    c.oid || '.' || a.attnum as column_id,
    n.nspname as relation_schema,
    c.relname as relation_name,
    a.attname as column_name,
    n.nspname as schema,
    coalesce(
        (
            select jsonb_agg(distinct jsonb_build_object(
                'grantor', pg_get_userbyid(g.grantor),
                'grantee', case
                    when g.grantee = 0 then 'PUBLIC' else pg_get_userbyid(g.grantee)
                end,
                'privilege_type', g.privilege_type,
                'is_grantable', g.is_grantable
            ))
            from (
                select * from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)))
                union all
                select * from aclexplode(a.attacl)
            ) as g
            where g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
        ),
        '[]'
    ) as privileges
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not pg_is_other_temp_schema(n.oid)

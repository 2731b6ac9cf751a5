-- Who may do what with tables and views.
select
    c.oid::int8 as relation_id,
    n.nspname as schema,
    c.relname as name,
    case c.relkind
        when 'r' then 'table'
        when 'v' then 'view'
        when 'm' then 'materialized_view'
        when 'f' then 'foreign_table'
        when 'p' then 'partitioned_table'
    end as kind,
    coalesce(
        (
            select jsonb_agg(
                jsonb_build_object(
                    'grantor', pg_get_userbyid(g.grantor),
                    'grantee', case
                        when g.grantee = 0 then 'public' else pg_get_userbyid(g.grantee)
                    end,
                    'privilege_type', g.privilege_type,
                    'is_grantable', g.is_grantable
                )
            )
            from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
        ),
        '[]'
    ) as privileges
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not pg_is_other_temp_schema(n.oid)

-- Tables that the caller may touch in some way. Keys and relationships are gathered once for all
-- tables: a look-up per table would read pg_constraint anew for each of thousands.
with foreign_keys as (
    select
        k.conrelid,
        k.confrelid,
        jsonb_build_object(
            'id', k.oid::int8,
            'constraint_name', k.conname,
            'source_schema', source_schema.nspname,
            'source_table_name', source.relname,
            'source_column_name', source_column.attname,
            'target_table_schema', target_schema.nspname,
            'target_table_name', target.relname,
            'target_column_name', target_column.attname
        ) as relationship
    from pg_constraint k
    join pg_class source on source.oid = k.conrelid
    join pg_namespace source_schema on source_schema.oid = source.relnamespace
    join pg_class target on target.oid = k.confrelid
    join pg_namespace target_schema on target_schema.oid = target.relnamespace
    cross join lateral unnest(k.conkey, k.confkey) as pair (source_number, target_number)
    join pg_attribute source_column
        on source_column.attrelid = k.conrelid and source_column.attnum = pair.source_number
    join pg_attribute target_column
        on target_column.attrelid = k.confrelid and target_column.attnum = pair.target_number
    where k.contype = 'f'
),
relationships as (
    select either.table_id, jsonb_agg(either.relationship) as list
    from (
        select conrelid as table_id, relationship from foreign_keys
        union
        select confrelid, relationship from foreign_keys
    ) as either
    group by either.table_id
),
primary_keys as (
    select
        i.indrelid as table_id,
        jsonb_agg(
            jsonb_build_object(
                'table_id', i.indrelid::int8,
                'schema', n.nspname,
                'table_name', c.relname,
                'name', a.attname
            )
            order by array_position(i.indkey, a.attnum)
        ) as list
    from pg_index i
    join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indisprimary
    group by i.indrelid
)
select
    c.oid::int8 as id,
    n.nspname as schema,
    c.relname as name,
    c.relrowsecurity as rls_enabled,
    c.relforcerowsecurity as rls_forced,
    case c.relreplident
        when 'd' then 'DEFAULT'
        when 'i' then 'INDEX'
        when 'f' then 'FULL'
        else 'NOTHING'
    end as replica_identity,
    coalesce(pg_total_relation_size(c.oid), 0) as bytes,
    pg_size_pretty(coalesce(pg_total_relation_size(c.oid), 0)) as size,
    pg_stat_get_live_tuples(c.oid) as live_rows_estimate,
    pg_stat_get_dead_tuples(c.oid) as dead_rows_estimate,
    obj_description(c.oid, 'pg_class') as comment,
    coalesce(primary_keys.list, '[]') as primary_keys,
    coalesce(relationships.list, '[]') as relationships
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join primary_keys on primary_keys.table_id = c.oid
left join relationships on relationships.table_id = c.oid
where c.relkind in ('r', 'p')
    and not pg_is_other_temp_schema(n.oid)
    and (
        pg_has_role(c.relowner, 'USAGE')
        or has_table_privilege(
            c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
        )
        or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    )

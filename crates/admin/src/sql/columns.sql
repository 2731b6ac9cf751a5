-- Columns of tables and views. A domain answers with the format of the type below it.
select
    c.oid::int8 as table_id,
    n.nspname as schema,
    c.relname as "table",
    c.oid || '.' || a.attnum as id,
    a.attnum as ordinal_position,
    a.attname as name,
    case when a.atthasdef then pg_get_expr(d.adbin, d.adrelid) end as default_value,
    case
        when plain.typelem <> 0 and plain.typlen = -1 then 'ARRAY'
        when plain_schema.nspname = 'pg_catalog' then format_type(plain.oid, null)
        else 'USER-DEFINED'
    end as data_type,
    plain.typname as format,
    a.attidentity in ('a', 'd') as is_identity,
    case a.attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end
        as identity_generation,
    a.attgenerated <> '' as is_generated,
    not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as is_nullable,
    c.relkind in ('r', 'p')
        or c.relkind in ('v', 'f') and pg_column_is_updatable(c.oid, a.attnum, false)
        as is_updatable,
    exists (
        select from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'u' and k.conkey = array[a.attnum]
    ) as is_unique,
    (
        -- The first one's expression, without `CHECK (` and `)`.
        select substring(pg_get_constraintdef(k.oid, true) from '^CHECK \((.*)\)')
        from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
        order by k.oid
        limit 1
    ) as "check",
    coalesce(
        (
            select json_agg(e.enumlabel order by e.enumsortorder)
            from pg_enum e
            where e.enumtypid in (plain.oid, nullif(plain.typelem, 0))
        ),
        '[]'
    ) as enums,
    col_description(c.oid, a.attnum) as comment
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
join pg_type plain on plain.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
join pg_namespace plain_schema on plain_schema.oid = plain.typnamespace
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0
    and not a.attisdropped
    and c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not pg_is_other_temp_schema(n.oid)
    and (
        pg_has_role(c.relowner, 'USAGE')
        or has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES')
    )

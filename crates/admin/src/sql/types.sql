-- Types. Rows of tables and arrays are marked, and left out unless asked for.
select
    t.oid::int8 as id,
    t.typname as name,
    n.nspname as schema,
    format_type(t.oid, null) as format,
    coalesce(
        (
            select jsonb_agg(e.enumlabel order by e.enumsortorder)
            from pg_enum e
            where e.enumtypid = t.oid
        ),
        '[]'
    ) as enums,
    coalesce(
        (
            select jsonb_agg(
                jsonb_build_object('name', a.attname, 'type_id', a.atttypid::int8)
                order by a.attnum
            )
            from pg_attribute a
            where c.relkind = 'c'
                and a.attrelid = c.oid
                and a.attnum > 0
                and not a.attisdropped
        ),
        '[]'
    ) as attributes,
    obj_description(t.oid, 'pg_type') as comment,
    nullif(t.typrelid::int8, 0) as type_relation_id,
    c.relkind in ('r', 'v', 'm', 'p') as of_table,
    c.relkind in ('i', 'S', 't', 'f', 'I') as of_other,
    exists (select from pg_type e where e.oid = t.typelem and e.typarray = t.oid) as of_array
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid

-- Functions, without procedures, aggregates and window functions.
select
    p.oid::int8 as id,
    n.nspname as schema,
    p.proname as name,
    l.lanname as language,
    case when l.lanname = 'internal' then '' else p.prosrc end as definition,
    case when l.lanname = 'internal' then p.prosrc else pg_get_functiondef(p.oid) end
        as complete_statement,
    coalesce(arguments.list, '[]') as args,
    pg_get_function_arguments(p.oid) as argument_types,
    pg_get_function_identity_arguments(p.oid) as identity_argument_types,
    p.prorettype::int8 as return_type_id,
    pg_get_function_result(p.oid) as return_type,
    nullif(result.typrelid::int8, 0) as return_type_relation_id,
    p.proretset as is_set_returning_function,
    case when p.proretset then nullif(p.prorows, 0) end as prorows,
    case p.provolatile when 'i' then 'IMMUTABLE' when 's' then 'STABLE' else 'VOLATILE' end
        as behavior,
    p.prosecdef as security_definer,
    (
        select jsonb_object_agg(
            split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
        )
        from unnest(p.proconfig) as setting
    ) as config_params
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
join pg_type result on result.oid = p.prorettype
left join lateral (
    select jsonb_agg(
        jsonb_build_object(
            'mode', case coalesce(p.proargmodes[argument.number], 'i')
                when 'i' then 'in'
                when 'o' then 'out'
                when 'b' then 'inout'
                when 'v' then 'variadic'
                else 'table'
            end,
            'name', coalesce(p.proargnames[argument.number], ''),
            'type_id', argument.type::int8,
            -- Defaults belong to the last of the arguments that go in.
            'has_default', argument.inward
                and argument.place > p.pronargs - p.pronargdefaults
        )
        order by argument.number
    ) as list
    from (
        select
            each.number::int as number,
            each.type,
            coalesce(p.proargmodes[each.number::int], 'i') in ('i', 'b', 'v') as inward,
            count(*) filter (
                where coalesce(p.proargmodes[each.number::int], 'i') in ('i', 'b', 'v')
            ) over (order by each.number) as place
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
            with ordinality as each (type, number)
    ) as argument
) as arguments on true
where p.prokind = 'f'

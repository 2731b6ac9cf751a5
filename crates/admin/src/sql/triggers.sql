-- Triggers that users made. The bits of tgtype are PostgreSQL's TRIGGER_TYPE_….
select
    t.oid::int8 as id,
    t.tgrelid::int8 as table_id,
    case t.tgenabled
        when 'D' then 'DISABLED'
        when 'O' then 'ORIGIN'
        when 'R' then 'REPLICA'
        when 'A' then 'ALWAYS'
    end as enabled_mode,
    (string_to_array(encode(t.tgargs, 'escape'), '\000'))[:t.tgnargs] as function_args,
    t.tgname as name,
    c.relname as "table",
    n.nspname as schema,
    -- The expression between `WHEN (` and `) EXECUTE FUNCTION`.
    case when t.tgqual is not null then
        substring(pg_get_triggerdef(t.oid) from ' WHEN \((.*)\) EXECUTE FUNCTION ')
    end as condition,
    case when t.tgtype & 1 <> 0 then 'ROW' else 'STATEMENT' end as orientation,
    case
        when t.tgtype & 64 <> 0 then 'INSTEAD OF'
        when t.tgtype & 2 <> 0 then 'BEFORE'
        else 'AFTER'
    end as activation,
    array_remove(
        array[
            case when t.tgtype & 4 <> 0 then 'INSERT' end,
            case when t.tgtype & 8 <> 0 then 'DELETE' end,
            case when t.tgtype & 16 <> 0 then 'UPDATE' end,
            case when t.tgtype & 32 <> 0 then 'TRUNCATE' end
        ],
        null
    ) as events,
    f.proname as function_name,
    fn.nspname as function_schema
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_proc f on f.oid = t.tgfoid
join pg_namespace fn on fn.oid = f.pronamespace
where not t.tgisinternal

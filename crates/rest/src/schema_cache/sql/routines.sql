-- Functions of the schemas $1 that can be called: all arguments named, or a single unnamed one of
-- a type that a body can be. Settings named like $2 are hoisted into the transaction.
with recursive
base_of as (
  select t.oid, t.oid as base, t.typbasetype as next from pg_type t
  union all
  select b.oid, t.oid, t.typbasetype from base_of b join pg_type t on t.oid = b.next
  where b.next <> 0
),
argument as (
  select p.oid,
    json_agg(json_build_object(
      'name', coalesce(a.name, ''),
      'type', a.type::regtype::text,
      -- A length would cut values off that the function never declares.
      'wide_type', case a.type
        when 'bit'::regtype then 'bit varying'
        when 'bit[]'::regtype then 'bit varying[]'
        when 'character'::regtype then 'character varying'
        when 'character[]'::regtype then 'character varying[]'
        else a.type::regtype::text
      end,
      'required', a.ord <= p.pronargs - p.pronargdefaults,
      'variadic', coalesce(a.mode = 'v', false)
    ) order by a.ord) as list,
    case count(*) - count(a.name)
      when 0 then true
      when 1 then (array_agg(a.type order by a.ord))[1] in (
        'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'xml'::regtype)
      else false
    end as callable
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace,
  unnest(p.proargnames, p.proargtypes::oid[], p.proargmodes) with ordinality a (name, type, mode, ord)
  where a.type is not null and n.nspname = any ($1::text[])
  group by p.oid
)
select coalesce(json_agg(json_build_object(
  'schema', n.nspname,
  'name', p.proname,
  'description', obj_description(p.oid, 'pg_proc'),
  'params', coalesce(a.list, '[]'),
  'return_type', json_build_object('schema', tn.nspname, 'name', coalesce(tc.relname, t.typname)),
  'returns_set', p.proretset,
  'returns_composite', t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
  'volatility', p.provolatile,
  'variadic', p.provariadic > 0,
  'isolation', (
    select lower(split_part(c, '=', 2)) from unnest(p.proconfig) c
    where c like 'default_transaction_isolation=%' limit 1),
  'settings', coalesce((
    select json_agg(json_build_array(split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)))
    from unnest(p.proconfig) c where c ~ any ($2::text[])), '[]'),
  'id', p.oid::bigint
)), '[]')::text
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join base_of b on b.oid = p.prorettype and b.next = 0
join pg_type t on t.oid = b.base
join pg_namespace tn on tn.oid = t.typnamespace
left join pg_class tc on tc.oid = t.typrelid
left join argument a on a.oid = p.oid
where n.nspname = any ($1::text[])
  and p.prokind = 'f'
  and t.oid <> 'trigger'::regtype
  and t.oid <> 'event_trigger'::regtype
  and coalesce(a.callable, true)

-- Primary and foreign keys of all tables, with the names of their columns in the key's order.
-- A foreign key over columns that are also a unique key is one to one.
select coalesce(json_agg(json_build_object(
  'name', k.conname,
  'foreign', k.contype = 'f',
  'inherited', k.conparentid <> 0,
  'one_to_one', k.contype = 'f' and exists (
    select from pg_constraint u
    where u.conrelid = k.conrelid and u.contype in ('p', 'u')
      and u.conkey @> k.conkey and u.conkey <@ k.conkey
  ),
  'table', json_build_object('schema', n.nspname, 'name', t.relname),
  'table_id', k.conrelid::bigint,
  'columns', (
    select json_agg(json_build_object('number', a.attnum, 'name', a.attname) order by c.ord)
    from unnest(k.conkey) with ordinality c (num, ord)
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.num
  ),
  'target', case when k.contype = 'f' then json_build_object('schema', fn.nspname, 'name', f.relname) end,
  'target_id', k.confrelid::bigint,
  'target_columns', coalesce((
    select json_agg(json_build_object('number', a.attnum, 'name', a.attname) order by c.ord)
    from unnest(k.confkey) with ordinality c (num, ord)
    join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.num
  ), '[]')
) order by k.conrelid, k.conname), '[]')::text
from pg_constraint k
join pg_class t on t.oid = k.conrelid
join pg_namespace n on n.oid = t.relnamespace
left join pg_class f on f.oid = k.confrelid
left join pg_namespace fn on fn.oid = f.relnamespace
where k.contype in ('p', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema')

-- Tables and views that can be read, or inserted into, without running anything but PostgreSQL's own
-- functions, none of which changes the session: no triggers, and in policies, views, defaults, checks
-- and indexes nothing that could. What policies and views read besides goes along, for it has to be
-- such a table as well; so does whether something reads settings. And types of this database's own
-- whose JSON is a string.
with
harmless as materialized (
  select p.oid from pg_proc p
  where p.pronamespace = 'pg_catalog'::regnamespace and p.oid < 16384
    and (p.provolatile <> 'v' or p.proname in ('nextval', 'gen_random_uuid', 'uuidv4', 'uuidv7',
      'clock_timestamp', 'timeofday', 'random'))
    -- The latter run queries over any view.
    and p.proname !~ '_to_xml'
  union all
  -- Of the claims, which are always the caller's. Nobody but Hearth can replace these.
  select p.oid from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_roles r on r.oid = p.proowner
  where n.nspname = 'auth' and p.proname in ('uid', 'role', 'email', 'jwt') and p.pronargs = 0
    and r.rolname = 'supabase_auth_admin'
  union all
  select p.oid from pg_extension e
  join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
    and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
  join pg_proc p on p.oid = d.objid
  join pg_language l on l.oid = p.prolang
  where l.lanname = 'c' and e.extname in ('pgcrypto', 'uuid-ossp', 'citext', 'pg_trgm', 'unaccent',
    'ltree', 'hstore', 'intarray', 'btree_gin', 'btree_gist', 'fuzzystrmatch', 'postgis', 'vector')
),
-- Operators and casts of users' own may stand behind what looks like PostgreSQL's.
surprises as (
  select exists (
    select from pg_operator o where o.oid >= 16384 and not exists (
      select from pg_depend d
      where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')
  ) or exists (
    select from pg_cast c where c.oid >= 16384 and c.castfunc <> 0 and not exists (
      select from pg_depend d
      where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'e')
  ) as exist
),
relation as materialized (
  select c.oid, c.relnamespace, c.relname, c.relkind
  from pg_class c
  where c.oid >= 16384 and c.relpersistence <> 't'
    and (c.relkind in ('v', 'm')
      or (c.relkind = 'r' and not c.relhasrules and not c.relhassubclass and not c.relispartition))
),
every_expression as (
  select p.polrelid as relation, true as of_reads, p.polqual::text as tree
  from pg_policy p where p.polcmd in ('r', '*') and p.polqual is not null
  union all
  select p.polrelid, false, coalesce(p.polwithcheck, p.polqual)::text
  from pg_policy p where p.polcmd in ('a', '*')
  union all
  select w.ev_class, true, w.ev_action::text
  from pg_rewrite w join pg_class c on c.oid = w.ev_class
  where c.relkind = 'v' and w.rulename = '_RETURN'
  union all
  select d.adrelid, a.attgenerated = 'v', d.adbin::text
  from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
  union all
  -- The planner looks at checks and indexes, and computes what is constant in them.
  select c.conrelid, true, c.conbin::text
  from pg_constraint c where c.contype = 'c' and c.conrelid <> 0
  union all
  select i.indrelid, true, i.indexprs::text || coalesce(i.indpred::text, '')
  from pg_index i where i.indexprs is not null
  union all
  select i.indrelid, true, i.indpred::text
  from pg_index i where i.indexprs is null and i.indpred is not null
),
expression as materialized (
  select e.* from every_expression e join relation r on r.oid = e.relation
),
part as materialized (
  -- A view is in the list of its own tables, too.
  select e.relation, e.of_reads, m[1] as kind, m[2]::oid as id
  from expression e,
    regexp_matches(e.tree, ':(funcid|aggfnoid|winfnoid|opno|relid) (\d+)', 'g') m
  where not (m[1] = 'relid' and m[2]::oid in (0, e.relation))
),
loud as materialized (
  select e.relation, e.of_reads from expression e
  where e.tree like '%{COERCETODOMAIN %' or e.tree like '%{ROWCOMPARE%'
    or e.tree like '%{TABLESAMPLECLAUSE%'
  union
  select p.relation, p.of_reads from part p
  left join pg_operator o on p.kind = 'opno' and o.oid = p.id
  where p.kind <> 'relid'
    and coalesce(o.oprcode::oid, p.id) not in (select oid from harmless)
  union
  select r.oid, false from relation r where r.relkind <> 'r'
  union
  select t.tgrelid, false from pg_trigger t where not t.tgisinternal
  union
  -- A domain's checks run when a value is made.
  select a.attrelid, false
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
  where a.attrelid >= 16384 and a.attnum > 0 and not a.attisdropped
    and coalesce(e.typtype, t.typtype) not in ('b', 'e')
),
reads as (
  select p.relation, json_agg(distinct p.id::bigint) as list
  from part p where p.kind = 'relid' group by p.relation
),
asking as (
  select distinct p.relation from part p join pg_proc f on f.oid = p.id
  where p.kind = 'funcid' and f.proname = 'current_setting'
),
text_type as materialized (
  select t.oid from pg_type t
  where t.oid >= 16384 and t.typtype in ('b', 'e', 'r', 'm')
    and t.typsubscript <> 'array_subscript_handler'::regproc
    and not exists (
      select from pg_cast c
      where c.castsource = t.oid and c.casttarget = 'json'::regtype and c.castfunc <> 0)
)
select json_build_object(
  'tables', (
    select coalesce(json_agg(json_build_object(
      'id', r.oid::bigint,
      'name', json_build_object('schema', n.nspname, 'name', r.relname),
      'inserts', not exists (select from loud l where l.relation = r.oid),
      'asks', exists (select from asking a where a.relation = r.oid),
      'reads', coalesce(s.list, '[]'))), '[]')
    from relation r
    join pg_namespace n on n.oid = r.relnamespace
    left join reads s on s.relation = r.oid
    where not (select exist from surprises)
      and not exists (select from loud l where l.relation = r.oid and l.of_reads)),
  'text_types', (select coalesce(json_agg(t.oid::bigint), '[]') from text_type t),
  'text_arrays', (
    select coalesce(json_agg(a.oid::bigint), '[]')
    from text_type t join pg_type a on a.typelem = t.oid
    where a.typsubscript = 'array_subscript_handler'::regproc and a.typdelim = ',')
)::text

-- What `alter role … set` says: PostgREST's settings of this login, or of `authenticator`, which no
-- application can become (those for this database win), and settings of the roles it can become.
-- Not of those that all applications share, unless $1: any of them can set these for itself, and
-- one's `statement_timeout` would stop all the others.
select json_build_object(
  'version', current_setting('server_version_num')::int,
  'notifies_ddl', exists (
    select from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
    where e.evtevent = 'ddl_command_end' and e.evtenabled in ('O', 'A') and p.prosrc like '%pgrst%'),
  'api', coalesce((
    select json_agg(json_build_array(s.name, s.value) order by s.own_database)
    from (
      select d.setdatabase <> 0 as own_database,
        substr(c, 7, strpos(c, '=') - 7) as name, substr(c, strpos(c, '=') + 1) as value
      from pg_db_role_setting d, unnest(d.setconfig) c
      where d.setrole in (
          select oid from pg_roles where rolname in (session_user, 'authenticator'))
        and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and c like 'pgrst.%'
    ) s), '[]'),
  'roles', coalesce((
    select json_agg(json_build_object(
      'role', r.rolname,
      'name', split_part(c, '=', 1),
      'value', substr(c, strpos(c, '=') + 1)))
    from pg_auth_members m
    join pg_roles r on r.oid = m.roleid, unnest(r.rolconfig) c
    where m.member = (select oid from pg_roles where rolname = session_user)
      and ($1 or r.rolname not in ('anon', 'authenticated', 'service_role'))
      and exists (
        select from pg_settings p where p.name = split_part(c, '=', 1)
          and (p.context = 'user' or has_parameter_privilege(session_user, p.name, 'set')))
  ), '[]')
)::text

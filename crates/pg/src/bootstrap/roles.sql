-- Roles that users' SQL, dumps and policies rely on. They belong to the cluster and are shared by
-- all applications; what keeps applications apart is CONNECT, which none of the roles below has.
-- Hearth's logins are one pair for each application (provision.rs): users' code gets at the login
-- of its session by `set role none`, and a role may change its own password.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit'),
      ('postgres', 'nologin'),
      ('supabase_admin', 'nologin'),
      ('dashboard_user', 'nologin'),
      ('supabase_auth_admin', 'nologin noinherit'),
      ('supabase_storage_admin', 'nologin noinherit'),
      ('supabase_realtime_admin', 'nologin noinherit'),
      ('supabase_functions_admin', 'nologin noinherit'),
      ('authenticator', 'nologin noinherit')
    ) as roles (name, options)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      execute format('create role %I %s', wanted.name, wanted.options);
    end if;
  end loop;
  -- A superuser needs no membership; anybody else must be able to give objects to these roles.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format(
      'grant anon, authenticated, service_role, postgres, supabase_auth_admin, '
      'supabase_storage_admin, supabase_realtime_admin, supabase_functions_admin to %I',
      current_user);
  end if;
  begin
    alter role service_role bypassrls;
  exception when insufficient_privilege then
    raise notice 'service_role cannot bypass row level security here';
  end;
end
$$;

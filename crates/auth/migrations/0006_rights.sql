-- Who sees these tables. The application's owner is a member of `postgres`: it may refer to users,
-- put triggers on them and read and repair them in the console. Callers of the API (`anon`,
-- `authenticated`) get nothing; `service_role` neither, as upstream: it has the admin endpoints.

set local role supabase_auth_admin;

grant usage on schema auth to postgres, dashboard_user, anon, authenticated, service_role;
grant all on all tables in schema auth to postgres, dashboard_user;
grant all on all sequences in schema auth to postgres, dashboard_user;
alter default privileges in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges in schema auth grant all on sequences to postgres, dashboard_user;

-- Row level security is on, as upstream, so that a grant made by mistake shows nothing. Upstream's
-- `postgres` bypasses it; the owner of an application here does not, and passes by policy.
do $$
declare
  name text;
begin
  for name in
    select c.relname from pg_class c
    where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r' and c.relrowsecurity
  loop
    execute format(
      'create policy "owner" on auth.%I to postgres, dashboard_user using (true) with check (true)',
      name
    );
  end loop;
end
$$;

reset role;

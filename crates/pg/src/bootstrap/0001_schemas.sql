-- An application's database before the services add their tables. Runs in the template database;
-- applications are made from it.
create schema if not exists extensions authorization postgres;
create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists storage authorization supabase_storage_admin;
create schema if not exists realtime authorization supabase_realtime_admin;
alter schema public owner to postgres;

grant usage, create on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;
grant usage on schema extensions to anon, authenticated, service_role;
grant usage on schema auth, storage, realtime to postgres, anon, authenticated, service_role;

-- New tables, functions and sequences answer at once through the instant API; row level security
-- decides what they answer. (The owner role gets the same when an application is made.)
alter default privileges for role postgres in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;

-- The publication decides which tables and operations realtime listens to.
-- PostgreSQL 18 leaves generated columns out of it unless told otherwise.
do $$
begin
  if current_setting('server_version_num')::int >= 180000 then
    create publication supabase_realtime with (publish_generated_columns = stored);
  else
    create publication supabase_realtime;
  end if;
  alter publication supabase_realtime owner to postgres;
exception when insufficient_privilege then
  raise notice 'the publication stays with %', current_user;
end
$$;

do $$
declare
  wanted text;
begin
  foreach wanted in array array['pgcrypto', 'uuid-ossp'] loop
    if exists (select from pg_available_extensions where name = wanted) then
      execute format('create extension if not exists %I with schema extensions', wanted);
    end if;
  end loop;
end
$$;

-- A schema change reloads the instant API's schema cache without anybody's NOTIFY. Event triggers
-- need a superuser; without one the cache is checked when a name is not found.
create function hearth.notify_ddl() returns event_trigger
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  perform pg_notify('pgrst', 'reload schema');
end
$$;

do $$
begin
  create event trigger hearth_ddl_end on ddl_command_end
    execute function hearth.notify_ddl();
  create event trigger hearth_sql_drop on sql_drop
    execute function hearth.notify_ddl();
exception when insufficient_privilege then
  raise notice 'no event triggers for %', current_user;
end
$$;

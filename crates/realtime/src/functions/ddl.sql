-- Tells the change reader, in the order of the log, that tables, policies or grants are about to
-- be other ones than it remembers. Needs a superuser; where there is none, the reader asks anew
-- every second.
create or replace function hearth.announce_ddl() returns event_trigger
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  -- Temporary tables come and go inside functions and are nobody's business.
  if tg_event = 'ddl_command_end' and not exists (
    select from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp'
  ) then
    return;
  end if;
  if tg_event = 'sql_drop' and not exists (
    select from pg_event_trigger_dropped_objects() where not is_temporary
  ) then
    return;
  end if;
  perform pg_logical_emit_message(true, 'hearth.ddl', '');
end
$$;

do $$
begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    drop event trigger if exists hearth_realtime_ddl;
    create event trigger hearth_realtime_ddl on ddl_command_end
      execute function hearth.announce_ddl();
    drop event trigger if exists hearth_realtime_drop;
    create event trigger hearth_realtime_drop on sql_drop
      execute function hearth.announce_ddl();
  end if;
end
$$;

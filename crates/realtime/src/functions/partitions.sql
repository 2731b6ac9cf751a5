-- Makes the partitions of realtime.messages for the days around today and drops those older than
-- three days. Runs as the table's owner whoever calls it: it takes no arguments and does the same
-- for everyone.
create or replace function realtime.keep_partitions() returns void
  language plpgsql
  security definer
  set search_path = pg_catalog
as $$
declare
  today date := (now() at time zone 'utc')::date;
  day date;
  old record;
begin
  for day in select today + n from generate_series(-1, 3) as n loop
    if to_regclass(format('realtime.%I', 'messages_' || to_char(day, 'YYYY_MM_DD'))) is null then
      begin
        execute format(
          'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
          'messages_' || to_char(day, 'YYYY_MM_DD'), day, day + 1
        );
      exception when duplicate_table then
        null; -- another session was faster
      end;
    end if;
  end loop;
  for old in
    select child.relname
    from pg_inherits
    join pg_class child on child.oid = inhrelid
    where inhparent = 'realtime.messages'::regclass
      and child.relname ~ '^messages_\d{4}_\d\d_\d\d$'
      and to_date(substr(child.relname, 10), 'YYYY_MM_DD') < today - 3
  loop
    execute format('drop table realtime.%I', old.relname);
  end loop;
end
$$;

alter function realtime.keep_partitions() owner to supabase_realtime_admin;

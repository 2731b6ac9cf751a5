-- The channel that a policy on realtime.messages is being asked about.
create or replace function realtime.topic() returns text
  language sql
  stable
as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;

alter function realtime.topic() owner to supabase_realtime_admin;

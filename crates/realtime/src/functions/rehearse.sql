-- Puts two rows on a topic, one per extension, for a transaction that looks which of them the
-- caller's policies let it see, and is then rolled back.
create or replace function realtime.rehearse_reading(
  topic text,
  out broadcast uuid,
  out presence uuid
)
  language plpgsql
  security definer
  set search_path = pg_catalog
as $$
begin
  broadcast := gen_random_uuid();
  presence := gen_random_uuid();
  insert into realtime.messages (id, topic, extension)
  values (broadcast, rehearse_reading.topic, 'broadcast'),
         (presence, rehearse_reading.topic, 'presence');
end
$$;

alter function realtime.rehearse_reading(text) owner to supabase_realtime_admin;
revoke all on function realtime.rehearse_reading(text) from public;

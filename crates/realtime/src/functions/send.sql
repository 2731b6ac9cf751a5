-- Broadcast from SQL: a row in realtime.messages, which leaves through the log once the
-- transaction commits. A message that cannot be stored is a warning and not the end of the
-- transaction that wanted to send it.
create or replace function realtime.send(
  payload jsonb,
  event text,
  topic text,
  private boolean default true
) returns void
  language plpgsql
as $$
declare
  message uuid := gen_random_uuid();
  body jsonb := payload;
begin
  if not payload ? 'id' then
    body := jsonb_set(payload, '{id}', to_jsonb(message));
  end if;
  perform set_config('realtime.topic', topic, true);
  begin
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (message, body, event, topic, private, 'broadcast');
  exception when check_violation then
    -- No partition for today: nobody has looked after them for some days.
    perform realtime.keep_partitions();
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (message, body, event, topic, private, 'broadcast');
  end;
exception when others then
  raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;

create or replace function realtime.send_binary(
  payload bytea,
  event text,
  topic text,
  private boolean default true
) returns void
  language plpgsql
as $$
begin
  perform set_config('realtime.topic', topic, true);
  begin
    insert into realtime.messages (binary_payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
  exception when check_violation then
    perform realtime.keep_partitions();
    insert into realtime.messages (binary_payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
  end;
exception when others then
  raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

alter function realtime.send_binary(bytea, text, text, boolean) owner to supabase_realtime_admin;

-- Stored broadcasts, and the table that policies of private channels are written on. Partitioned
-- by day, so that old messages go by dropping a table.
create table realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp without time zone not null default now(),
  inserted_at timestamp without time zone not null default now(),
  id uuid not null default gen_random_uuid(),
  binary_payload bytea,
  constraint messages_pkey primary key (id, inserted_at),
  constraint messages_payload_exclusive check (payload is null or binary_payload is null)
) partition by range (inserted_at);

alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;

create index messages_inserted_at_topic_index
  on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;

grant usage on schema realtime to anon, authenticated, service_role, authenticator;
grant all on schema realtime to supabase_realtime_admin;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;

-- Inserted rows leave through the log, partition or not, under the table's own name.
create publication supabase_realtime_messages_publication
  for table realtime.messages
  with (publish = 'insert', publish_via_partition_root = true);

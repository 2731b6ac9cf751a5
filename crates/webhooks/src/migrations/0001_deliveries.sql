-- Webhooks: a trigger with supabase_functions.http_request() writes what is to be sent into this
-- table, in the transaction of the change; Hearth sends it afterwards.
create schema if not exists supabase_functions authorization supabase_functions_admin;
grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;

create table supabase_functions.deliveries (
  id bigint generated always as identity primary key,
  -- The trigger, its table, and what happened: INSERT, UPDATE, DELETE.
  hook text not null,
  table_schema text not null,
  table_name text not null,
  event text not null,
  url text not null,
  method text not null,
  headers jsonb not null,
  params jsonb not null,
  timeout_ms integer not null,
  -- Null for GET.
  body jsonb,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  -- When it is tried (again); null once it is over.
  next_at timestamptz default now(),
  finished_at timestamptz,
  -- Of the last attempt.
  status integer,
  error text,
  duration_ms integer
);
alter table supabase_functions.deliveries owner to supabase_functions_admin;
create index deliveries_due on supabase_functions.deliveries (next_at, id) where state = 'waiting';
create index deliveries_over on supabase_functions.deliveries (finished_at)
  where state <> 'waiting';
grant select on supabase_functions.deliveries to postgres, service_role;

-- Sends a delivery once more, from its first attempt; true where there is one that is over.
create or replace function supabase_functions.redeliver(delivery bigint) returns boolean
  language plpgsql
  security definer
  set search_path = pg_catalog
as $$
begin
  update supabase_functions.deliveries
    set state = 'waiting', attempts = 0, next_at = now(), finished_at = null
    where id = delivery and state <> 'waiting';
  if not found then
    return false;
  end if;
  perform pg_notify('hearth_webhooks', '');
  return true;
end
$$;
alter function supabase_functions.redeliver(bigint) owner to supabase_functions_admin;
revoke all on function supabase_functions.redeliver(bigint) from public;
grant execute on function supabase_functions.redeliver(bigint) to postgres, service_role;

-- The trigger function of a webhook, with the arguments that upstream's has: url, method (GET or
-- POST), headers, params (of the query), timeout in milliseconds. It only writes down what is to
-- be sent: a transaction never waits for somebody else's server, and what is rolled back is never
-- sent.
create or replace function supabase_functions.http_request() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog
as $$
declare
  url text := nullif(tg_argv[0], 'null');
  method text := nullif(tg_argv[1], 'null');
  headers jsonb := coalesce(nullif(tg_argv[2], 'null'), '{"Content-Type": "application/json"}');
  params jsonb := coalesce(nullif(tg_argv[3], 'null'), '{}');
  timeout_ms integer := coalesce(nullif(tg_argv[4], 'null')::integer, 1000);
  body jsonb;
begin
  if url is null then
    raise exception 'url argument is missing';
  end if;
  if method is null then
    raise exception 'method argument is missing';
  end if;
  if method not in ('GET', 'POST') then
    raise exception 'method argument % is invalid', method;
  end if;
  if method = 'POST' then
    body := jsonb_build_object(
      'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema,
      'record', case when tg_level = 'ROW' and tg_op <> 'DELETE' then to_jsonb(new) end,
      'old_record', case when tg_level = 'ROW' and tg_op <> 'INSERT' then to_jsonb(old) end);
    -- A row of megabytes is told of, not sent.
    if octet_length(body::text) > 1048576 then
      body := body || '{"record": null, "old_record": null, "errors": ["Error 413: Payload Too Large"]}';
    end if;
  end if;
  insert into supabase_functions.deliveries
    (hook, table_schema, table_name, event, url, method, headers, params, timeout_ms, body)
  values
    (tg_name, tg_table_schema, tg_table_name, tg_op, url, method, headers, params, timeout_ms, body);
  perform pg_notify('hearth_webhooks', '');
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end
$$;
alter function supabase_functions.http_request() owner to supabase_functions_admin;
revoke all on function supabase_functions.http_request() from public;
grant execute on function supabase_functions.http_request()
  to postgres, anon, authenticated, service_role;

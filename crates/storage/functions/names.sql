-- What policies ask about an object's name, and about the request that is under way.
set local role supabase_storage_admin;

-- The folders of a path, outermost first.
create or replace function storage.foldername(name text) returns text[]
  language sql immutable
as $$
  select parts[1 : array_length(parts, 1) - 1] from string_to_array(name, '/') as parts
$$;

-- The last segment of a path.
create or replace function storage.filename(name text) returns text
  language sql immutable
as $$
  select parts[array_length(parts, 1)] from string_to_array(name, '/') as parts
$$;

-- What follows the last dot of the last segment; the whole segment if it has none.
create or replace function storage.extension(name text) returns text
  language sql immutable
as $$
  select split_part(parts[array_length(parts, 1)], '.', -1) from string_to_array(name, '/') as parts
$$;

-- Which operation of the service runs, for instance `storage.object.upload`.
create or replace function storage.operation() returns text
  language sql stable
as $$
  select current_setting('storage.operation', true)
$$;

create or replace function storage.allow_only_operation(expected_operation text) returns boolean
  language sql stable
as $$
  select coalesce(expected_operation <> ''
    and regexp_replace(storage.operation(), '^storage\.', '')
      = regexp_replace(expected_operation, '^storage\.', ''), false)
$$;

create or replace function storage.allow_any_operation(expected_operations text[]) returns boolean
  language sql stable
as $$
  select exists (
    select from unnest(expected_operations) as expected
    where storage.allow_only_operation(expected)
  )
$$;

-- Raises what an insert of this row would raise for the caller; the row itself is never kept.
create or replace function storage.can_insert_object(
  bucketid text, name text, owner uuid, metadata jsonb
) returns void
  language plpgsql
as $$
begin
  insert into storage.objects (bucket_id, name, owner, metadata)
  values (bucketid, name, owner, metadata);
  raise sqlstate 'PT200' using message = 'ROLLBACK', detail = 'rollback successful insert';
end
$$;

create or replace function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
  language sql stable
as $$
  select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id
  from storage.objects as o
  group by o.bucket_id
$$;

-- `a/b/` for the key `a/b/c.png` below `a/`; null for a key that has no delimiter behind the prefix.
create or replace function storage.get_common_prefix(
  p_key text, p_prefix text, p_delimiter text
) returns text
  language sql immutable
as $$
  select left(p_key, length(p_prefix) + at + length(p_delimiter) - 1)
  from position(p_delimiter in substr(p_key, length(p_prefix) + 1)) as at
  where at > 0
$$;

reset role;

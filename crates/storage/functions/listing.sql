-- Listings. Each walks along an index in name order and, having met a folder, seeks past it: the
-- cost follows the number of entries shown, not the number of objects inside their folders.
-- Prefixes are literal text: nothing in them is a pattern.
--
-- `lower()` is not leakproof, so where policies apply, PostgreSQL does not look a lower-case name up
-- in the index before it has asked them: `search` then passes over a folder's objects in one walk.
set local role supabase_storage_admin;

-- One level below a prefix, ignoring case, with an offset.
-- `levels` is part of the signature that users' SQL may call; the level follows from the prefix.
create or replace function storage.search(
  prefix text,
  bucketname text,
  limits integer default 100,
  levels integer default 1,
  offsets integer default 0,
  search text default '',
  sortcolumn text default 'name',
  sortorder text default 'asc'
) returns table (
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
  language plpgsql stable
as $$
#variable_conflict use_column
declare
  shown integer := least(coalesce(limits, 100), 1500);
  skipped integer := 0;
  given integer := 0;
  base integer := length(coalesce(prefix, '')) + 1;
  start text := lower(coalesce(prefix, '') || coalesce(search, ''));
  ascending boolean := lower(coalesce(sortorder, 'asc')) <> 'desc';
  seeks boolean := not row_security_active('storage.objects');
  passed text;
  sorting text := lower(coalesce(sortcolumn, 'name'));
  seek text;
  walk refcursor;
  entry record;
  folder text;
begin
  if sorting in ('updated_at', 'created_at', 'last_accessed_at') then
    return query execute format(
      $query$
        with entries as (
          select o.*, storage.get_common_prefix(o.name, $1, '/') as folder
          from storage.objects as o
          where o.bucket_id = $2 and starts_with(lower(o.name), lower($1))
        ), listed as (
          select 0 as kind, rtrim(folder, '/') as path, null::uuid as id,
                 null::timestamptz as updated_at, null::timestamptz as created_at,
                 null::timestamptz as last_accessed_at, null::jsonb as metadata
          from entries where folder is not null group by 2
          union all
          select 1, name, id, updated_at, created_at, last_accessed_at, metadata
          from entries where folder is null
        )
        select substr(path, $3), id, updated_at, created_at, last_accessed_at, metadata
        from listed
        order by kind, %1$I %2$s, path %2$s
        limit $4 offset $5
      $query$, sorting, case when ascending then 'asc' else 'desc' end)
    using coalesce(prefix, '') || coalesce(search, ''), bucketname, base, shown, offsets;
    return;
  end if;

  seek := case when ascending then start else start || e'\U0010FFFF' end;
  <<seeking>>
  loop
    if ascending then
      open walk for
        select o.* from storage.objects as o
        where o.bucket_id = bucketname and lower(o.name) collate "C" >= seek
        order by lower(o.name) collate "C" asc;
    else
      open walk for
        select o.* from storage.objects as o
        where o.bucket_id = bucketname and lower(o.name) collate "C" < seek
        order by lower(o.name) collate "C" desc;
    end if;
    loop
      fetch walk into entry;
      exit seeking when not found or given >= shown
        or not starts_with(lower(entry.name), start);
      continue when starts_with(lower(entry.name), passed);
      folder := storage.get_common_prefix(entry.name, start, '/');
      if skipped < offsets then
        skipped := skipped + 1;
      else
        given := given + 1;
        if folder is null then
          name := substr(entry.name, base);
          id := entry.id;
          updated_at := entry.updated_at;
          created_at := entry.created_at;
          last_accessed_at := entry.last_accessed_at;
          metadata := entry.metadata;
        else
          name := substr(rtrim(folder, '/'), base);
          id := null;
          updated_at := null;
          created_at := null;
          last_accessed_at := null;
          metadata := null;
        end if;
        return next;
      end if;
      passed := lower(folder);
      if seeks and folder is not null then
        -- `0` is the character behind `/`.
        seek := case when ascending then lower(left(folder, -1)) || '0' else lower(folder) end;
        exit;
      end if;
    end loop;
    close walk;
  end loop;
  close walk;
end
$$;

-- One level below a prefix, in byte order, from a key on. `start_after` with a trailing delimiter
-- is a folder that was shown already, else an object; without one it is taken for a folder where
-- such a folder exists.
create or replace function storage.list_objects_with_delimiter(
  _bucket_id text,
  prefix_param text,
  delimiter_param text,
  max_keys integer default 100,
  start_after text default '',
  next_token text default '',
  sort_order text default 'asc'
) returns table (
  name text,
  id uuid,
  metadata jsonb,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz
)
  language plpgsql stable
as $$
#variable_conflict use_column
declare
  start text := coalesce(prefix_param, '');
  after_key text := coalesce(nullif(next_token, ''), start_after, '');
  ascending boolean := lower(coalesce(sort_order, 'asc')) <> 'desc';
  behind text := chr(ascii(delimiter_param) + 1);
  given integer := 0;
  seek text;
  walk refcursor;
  entry record;
  folder text;
begin
  if after_key = '' then
    seek := case when ascending then start else start || e'\U0010FFFF' end;
  elsif right(after_key, 1) = delimiter_param then
    seek := case when ascending then left(after_key, -1) || behind else after_key end;
  else
    -- No name sorts between a key and the same key followed by U+0001.
    seek := case when ascending then after_key || e'\x01' else after_key end;
  end if;
  <<seeking>>
  loop
    if ascending then
      open walk for
        select o.* from storage.objects as o
        where o.bucket_id = _bucket_id and o.name collate "C" >= seek
        order by o.name collate "C" asc;
    else
      open walk for
        select o.* from storage.objects as o
        where o.bucket_id = _bucket_id and o.name collate "C" < seek
        order by o.name collate "C" desc;
    end if;
    loop
      fetch walk into entry;
      exit seeking when not found or given >= max_keys or not starts_with(entry.name, start);
      folder := storage.get_common_prefix(entry.name, start, delimiter_param);
      given := given + 1;
      if folder is null then
        name := entry.name;
        id := entry.id;
        metadata := entry.metadata;
        updated_at := entry.updated_at;
        created_at := entry.created_at;
        last_accessed_at := entry.last_accessed_at;
        return next;
      else
        name := rtrim(folder, delimiter_param);
        id := null;
        metadata := null;
        updated_at := null;
        created_at := null;
        last_accessed_at := null;
        return next;
        seek := case when ascending then left(folder, -1) || behind else folder end;
        exit;
      end if;
    end loop;
    close walk;
  end loop;
  close walk;
end
$$;

-- As above by a time, folders by the oldest object in them.
create or replace function storage.search_by_timestamp(
  p_prefix text,
  p_bucket_id text,
  p_limit integer,
  p_level integer,
  p_start_after text,
  p_sort_order text,
  p_sort_column text,
  p_sort_column_after text
) returns table (
  key text,
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
  language plpgsql stable
as $$
#variable_conflict use_column
declare
  column_name text := case when p_sort_column = 'updated_at' then 'updated_at' else 'created_at' end;
  direction text := case when lower(p_sort_order) = 'desc' then 'desc' else 'asc' end;
begin
  return query execute format(
    $query$
      with entries as (
        select o.*, storage.get_common_prefix(o.name, $1, '/') as folder
        from storage.objects as o
        where o.bucket_id = $2 and starts_with(o.name, $1)
      ), listed as (
        select rtrim(folder, '/') as name, null::uuid as id, min(created_at) as updated_at,
               min(created_at) as created_at, null::timestamptz as last_accessed_at,
               null::jsonb as metadata
        from entries where folder is not null group by folder
        union all
        select name, id, updated_at, created_at, last_accessed_at, metadata
        from entries where folder is null
      )
      select split_part(name, '/', $3), name, id, updated_at, created_at, last_accessed_at, metadata
      from listed
      where $5 = '' or (date_trunc('milliseconds', %1$I), name collate "C") %3$s
        (coalesce(nullif($6, '')::timestamptz, 'epoch'), rtrim($5, '/'))
      order by date_trunc('milliseconds', %1$I) %2$s, name collate "C" %2$s
      limit $4
    $query$, column_name, direction, case when direction = 'asc' then '>' else '<' end)
  using coalesce(p_prefix, ''), p_bucket_id, p_level, p_limit, coalesce(p_start_after, ''),
    p_sort_column_after;
end
$$;

create or replace function storage.search_v2(
  prefix text,
  bucket_name text,
  limits integer default 100,
  levels integer default 1,
  start_after text default '',
  sort_order text default 'asc',
  sort_column text default 'name',
  sort_column_after text default ''
) returns table (
  key text,
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  if lower(coalesce(sort_column, 'name')) in ('created_at', 'updated_at') then
    return query
      select * from storage.search_by_timestamp(
        prefix, bucket_name, least(coalesce(limits, 100), 1500), levels, start_after,
        sort_order, lower(sort_column), sort_column_after);
  else
    return query
      select split_part(l.name, '/', levels), l.name, l.id, l.updated_at, l.created_at,
             l.last_accessed_at, l.metadata
      from storage.list_objects_with_delimiter(
        bucket_name, prefix, '/', least(coalesce(limits, 100), 1500), start_after, '',
        coalesce(sort_order, 'asc')) as l;
  end if;
end
$$;

-- Uploads under way, for the S3 protocol.
create or replace function storage.list_multipart_uploads_with_delimiter(
  bucket_id text,
  prefix_param text,
  delimiter_param text,
  max_keys integer default 100,
  next_key_token text default '',
  next_upload_token text default ''
) returns table (key text, id text, created_at timestamptz)
  language sql stable
as $$
  select distinct on (e.key collate "C") e.key, e.id, e.created_at
  from (
    select coalesce(storage.get_common_prefix(u.key, $2, $3), u.key) as key, u.id, u.created_at
    from storage.s3_multipart_uploads as u
    where u.bucket_id = $1 and starts_with(u.key, $2)
  ) as e
  where ($5 = '' or $6 <> '' or e.key collate "C" > $5)
    and ($6 = '' or e.id collate "C" > $6)
  order by e.key collate "C", e.created_at
  limit $4
$$;

reset role;

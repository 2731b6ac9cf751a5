-- What the tutorial clicks, or leaves out, as SQL. Runs after schema.sql, as the application's own
-- owner role, and may run again.

-- The tutorial creates the bucket `images` by a click. It is public, because the chat room shows a
-- picture by its plain address: an <image> of a mini program cannot send an Authorization header.
insert into storage.buckets (id, name, public)
values ('images', 'images', true)
on conflict (id) do update set public = excluded.public;

-- Everyone may upload, so the bucket itself has to say no: ten megabytes at most, and nothing that a
-- browser would run when somebody opens its address (HTML, SVG). Some versions of WeChat send a
-- picture as application/octet-stream, which a browser saves and never runs.
update storage.buckets
set
    file_size_limit = 10485760,
    allowed_mime_types = array[
        'image/png', 'image/jpeg', 'image/jpg', 'image/gif', 'image/webp', 'application/octet-stream'
    ]
where id = 'images';

-- The tutorial grants INSERT alone. Showing a picture of a public bucket needs no policy, but
-- listing the bucket and downloading through the SDK's authenticated address read storage.objects.
drop policy if exists "Enable reading pictures for all users" on storage.objects;
create policy "Enable reading pictures for all users" on storage.objects
for select using (bucket_id = 'images');

-- The tutorial switches Realtime on by a click in "Database -> Replication": that adds the table to
-- the publication whose rows are sent to subscribers. `add table` fails on a table that is already
-- in, so it is asked first.
do $$
begin
    if not exists (
        select from pg_publication_tables
        where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'messages'
    ) then
        alter publication supabase_realtime add table public.messages;
    end if;
end
$$;

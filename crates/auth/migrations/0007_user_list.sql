-- Pages of users are ordered by the time they were created.

set local role supabase_auth_admin;

create index users_created_at_id_idx on auth.users (created_at, id);

reset role;

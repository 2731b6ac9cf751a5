-- The control database: which applications there are. Secrets are sealed with the key file of the
-- data directory; a dump of this database alone gives none away.
create table hearth.apps (
    ref text primary key,
    name text not null,
    state text not null default 'active' check (state in ('active', 'paused')),
    is_default boolean not null default false,
    -- Sealed as a whole, since providers' secrets are among them; empty: all defaults.
    sealed_settings text not null default '',
    sealed_secrets text not null,
    schema_fingerprint text not null,
    created_at timestamptz not null default now()
);
create unique index apps_one_default on hearth.apps (is_default) where is_default;

-- What the server remembers of itself between starts.
create table hearth.server_state (
    key text primary key,
    value text not null
);

-- Every server process and command hears of a change at once.
create function hearth.notify_apps() returns trigger
    language plpgsql
as $$
begin
    perform pg_notify('hearth_apps', coalesce(new.ref, old.ref));
    return null;
end
$$;
create trigger apps_changed after insert or update or delete on hearth.apps
    for each row execute function hearth.notify_apps();

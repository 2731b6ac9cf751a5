-- Who may use the console, their sessions, what they did, and their saved queries.
create table hearth.administrators (
    username text primary key check (username <> ''),
    -- argon2id, PHC string
    password_hash text not null,
    role text not null check (role in ('owner', 'developer', 'viewer')),
    -- References of the applications they may see; null: all.
    apps text[],
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table hearth.console_sessions (
    -- SHA-256 of the cookie's token: this table gives no session away.
    token_hash bytea primary key,
    username text not null references hearth.administrators on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index console_sessions_expiry on hearth.console_sessions (expires_at);

create table hearth.audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    -- No reference: an entry outlives the administrator and the application it is about.
    username text not null,
    address text not null,
    action text not null,
    app text,
    details jsonb not null default '{}'
);
create index audit_log_app on hearth.audit_log (app, id);

create table hearth.saved_queries (
    app text not null references hearth.apps on delete cascade,
    id text not null,
    name text not null,
    sql text not null,
    username text not null,
    updated_at timestamptz not null default now(),
    primary key (app, id)
);

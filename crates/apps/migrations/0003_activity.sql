-- Counts of requests and sizes in steps of five minutes, for the reports. Rows of different runs
-- of the server stand beside each other and are summed when they are read.
create table hearth.activity (
    app text not null references hearth.apps on delete cascade,
    at timestamptz not null,
    run uuid not null,
    -- By service.
    requests jsonb not null,
    refused bigint not null,
    failed bigint not null,
    -- By class of latency.
    latencies bigint[] not null,
    -- Null where nothing had changed.
    connections bigint,
    database_size bigint,
    storage_size bigint,
    primary key (app, at, run)
);
create index activity_age on hearth.activity (at);

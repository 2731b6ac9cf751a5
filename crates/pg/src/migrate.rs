//! Migrations: numbered files for tables, data and grants, applied once each in order; and
//! repeatable ones (functions and views) with one current text each, applied again whenever that
//! text changes. A set runs in one transaction per file, as the admin login, and is recorded in
//! `hearth.migrations`.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::error::PgError;

/// A numbered migration. Never edited once released.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its place in the order, from 1.
    pub number: i32,
    /// What it does, as its file's name says it.
    pub name: &'static str,
    /// The SQL text; may hold several statements.
    pub sql: &'static str,
}

/// Functions and views: applied after the numbered ones whenever the text differs.
#[derive(Debug, Clone, Copy)]
pub struct Repeatable {
    /// Its file's name.
    pub name: &'static str,
    /// The SQL text, `create or replace …`.
    pub sql: &'static str,
}

/// What one service needs in an application's database.
#[derive(Debug, Clone, Copy)]
pub struct MigrationSet {
    /// The service's name.
    pub service: &'static str,
    /// In order of number.
    pub numbered: &'static [Migration],
    /// In the order given.
    pub repeatable: &'static [Repeatable],
}

/// Why a database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A statement failed; its file was rolled back.
    #[error("migration {service}/{name} failed: {message}")]
    Failed {
        /// The set.
        service: &'static str,
        /// The file.
        name: &'static str,
        /// PostgreSQL's words.
        message: String,
        /// Its error.
        #[source]
        source: PgError,
    },
    /// The database could not be asked what it has.
    #[error(transparent)]
    Postgres(#[from] PgError),
}

/// The admin works in databases whose owners make operators and functions of their own: none of
/// these may be found, and nobody's open transaction may keep the server from starting.
const SESSION: &str = "set search_path = pg_catalog, pg_temp; set lock_timeout = '30s'";

const LEDGER: &str = "
create schema if not exists hearth;
create table if not exists hearth.migrations (
    service text not null,
    number integer not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    primary key (service, number, name)
);
";

/// Brings `client`'s database up to date with `sets`, in order. Returns how many files ran.
///
/// # Errors
/// The first file that fails; those before it stay applied.
pub async fn migrate(client: &Client, sets: &[MigrationSet]) -> Result<usize, MigrateError> {
    for sql in [SESSION, LEDGER] {
        client.batch_execute(sql).await.map_err(PgError::from)?;
    }
    let rows = client
        .query(
            "select service, number, name, checksum from hearth.migrations",
            &[],
        )
        .await
        .map_err(PgError::from)?;
    let has = |service: &str, number: i32, name: &str, checksum: Option<&str>| {
        rows.iter().any(|row| {
            row.get::<_, &str>(0) == service
                && row.get::<_, i32>(1) == number
                && (number > 0 || row.get::<_, &str>(2) == name)
                && checksum.is_none_or(|c| row.get::<_, &str>(3) == c)
        })
    };
    let mut ran = 0;
    for set in sets {
        for m in set.numbered {
            if !has(set.service, m.number, m.name, None) {
                apply(client, set.service, m.number, m.name, m.sql).await?;
                ran += 1;
            }
        }
        for r in set.repeatable {
            if !has(set.service, 0, r.name, Some(&checksum(r.sql))) {
                apply(client, set.service, 0, r.name, r.sql).await?;
                ran += 1;
            }
        }
    }
    Ok(ran)
}

fn checksum(sql: &str) -> String {
    hex::encode(Sha256::digest(sql))
}

async fn apply(
    client: &Client,
    service: &'static str,
    number: i32,
    name: &'static str,
    sql: &str,
) -> Result<(), MigrateError> {
    let failed = |e: tokio_postgres::Error| {
        let source = PgError::from(e);
        MigrateError::Failed {
            service,
            name,
            message: crate::connect::describe(&source),
            source,
        }
    };
    client.batch_execute("begin").await.map_err(failed)?;
    let work = async {
        client.batch_execute(sql).await?;
        client
            .execute(
                "insert into hearth.migrations (service, number, name, checksum)
                 values ($1, $2, $3, $4)
                 on conflict (service, number, name)
                 do update set checksum = excluded.checksum, applied_at = now()",
                &[&service, &number, &name, &checksum(sql)],
            )
            .await?;
        client.batch_execute("commit").await
    };
    match work.await {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = client.batch_execute("rollback").await;
            Err(failed(error))
        }
    }
}

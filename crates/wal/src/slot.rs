//! Replication slots: what state one is in, and the steps from one state to the next. All of it
//! are ordinary statements on an admin connection to the application's database.

use std::time::Duration;

use tokio_postgres::Client;

use crate::error::WalError;
use crate::lsn::Lsn;

/// What is known of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotState {
    /// There is none of this name.
    Absent,
    /// It keeps the log from `confirmed` on.
    Ready {
        /// Everything before has been confirmed and may be gone.
        confirmed: Lsn,
        /// How long nobody has streamed from it, where PostgreSQL (17 and newer) says.
        idle: Option<Duration>,
        /// The server process that streams from it now.
        active: Option<i32>,
    },
    /// PostgreSQL dropped log that it needs: it can only be dropped and made anew.
    Lost,
    /// One of this name belongs to another database or plugin.
    Foreign,
}

const INSPECT: &str = "
select
    s.plugin = 'pgoutput' and s.database = current_database(),
    coalesce(s.wal_status, '') = 'lost' or to_jsonb(s) ->> 'invalidation_reason' is not null,
    coalesce(s.confirmed_flush_lsn - '0/0'::pg_lsn, 0)::bigint,
    s.active_pid,
    extract(epoch from now() - (to_jsonb(s) ->> 'inactive_since')::timestamptz)::float8
from pg_replication_slots s
where s.slot_name = $1";

/// Looks the slot up.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn inspect(client: &Client, slot: &str) -> Result<SlotState, WalError> {
    let Some(row) = client.query_opt(INSPECT, &[&slot]).await? else {
        return Ok(SlotState::Absent);
    };
    if !row.get::<_, Option<bool>>(0).unwrap_or(false) {
        return Ok(SlotState::Foreign);
    }
    if row.get::<_, Option<bool>>(1).unwrap_or(false) {
        return Ok(SlotState::Lost);
    }
    let idle = row.get::<_, Option<f64>>(4);
    Ok(SlotState::Ready {
        confirmed: Lsn(row.get::<_, i64>(2) as u64),
        active: row.get(3),
        idle: idle.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    })
}

/// Makes the slot. Its position is fixed when this returns: every transaction that commits later
/// will be streamed. Waits for the transactions that run now to end.
///
/// # Errors
/// PostgreSQL's refusal: no free slot (53400), no right to replicate (42501), a name in use
/// (42710).
pub async fn create(client: &Client, slot: &str) -> Result<Lsn, WalError> {
    let row = client
        .query_one(
            "select (lsn - '0/0'::pg_lsn)::bigint
             from pg_create_logical_replication_slot($1, 'pgoutput')",
            &[&slot],
        )
        .await?;
    Ok(Lsn(row.get::<_, i64>(0) as u64))
}

/// Drops the slot, if there is one. A process that still streams from it is ended first: it can
/// only be a predecessor whose connection PostgreSQL has not yet seen break.
///
/// # Errors
/// PostgreSQL's refusal, for instance while it is still in use (55006).
pub async fn drop(client: &Client, slot: &str) -> Result<(), WalError> {
    release(client, slot).await?;
    client
        .execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots
             where slot_name = $1",
            &[&slot],
        )
        .await?;
    Ok(())
}

/// Ends the process that streams from the slot, if there is one, and waits for it to be gone.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn release(client: &Client, slot: &str) -> Result<(), WalError> {
    for _ in 0..50 {
        let active = client
            .query_opt(
                "select pg_terminate_backend(active_pid) from pg_replication_slots
                 where slot_name = $1 and active_pid is not null",
                &[&slot],
            )
            .await?;
        if active.is_none() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// What a slot costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the log that PostgreSQL keeps for it.
    pub retained: u64,
    /// Bytes that may be written before PostgreSQL gives it up; none where there is no bound.
    pub safe: Option<u64>,
    /// The log's end.
    pub end: Lsn,
}

/// Asks what the slot costs; none where there is no such slot.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn usage(client: &Client, slot: &str) -> Result<Option<Usage>, WalError> {
    let row = client
        .query_opt(
            "select (pg_current_wal_insert_lsn() - restart_lsn)::bigint, safe_wal_size,
                    (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint
             from pg_replication_slots where slot_name = $1",
            &[&slot],
        )
        .await?;
    let bytes = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(row.map(|row| Usage {
        retained: row.get::<_, Option<i64>>(0).map_or(0, bytes),
        safe: row.get::<_, Option<i64>>(1).map(bytes),
        end: Lsn(row.get::<_, i64>(2) as u64),
    }))
}

/// The position of the log's end now: a transaction that commits later has a greater one.
///
/// # Errors
/// A lost connection.
pub async fn current_lsn(client: &Client) -> Result<Lsn, WalError> {
    let row = client
        .query_one(
            "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint",
            &[],
        )
        .await?;
    Ok(Lsn(row.get::<_, i64>(0) as u64))
}

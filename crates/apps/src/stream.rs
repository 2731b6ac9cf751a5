//! How the stream of an application's changes is: written by the service that reads it, read by the
//! management API and the metrics.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What the reader does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// It does not run: nobody listens.
    #[default]
    Stopped,
    /// It connects, or waits for PostgreSQL.
    Connecting,
    /// Changes flow.
    Streaming,
}

/// What is known of the reader and its replication slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StreamReport {
    /// What the reader does.
    pub state: StreamState,
    /// Why it does not stream, in words, where it tried and could not.
    pub failure: Option<String>,
    /// The replication slot.
    pub slot: String,
    /// Open sockets of the application.
    pub sockets: usize,
    /// Topics with members.
    pub topics: usize,
    /// Subscriptions to changes, and to broadcasts of those who resume.
    pub subscriptions: usize,
    /// Everything before this position of the log has been delivered.
    pub delivered: String,
    /// Bytes of the log that are yet to be read.
    pub lag_bytes: Option<u64>,
    /// Bytes of the log that PostgreSQL keeps for the slot.
    pub retained_wal_bytes: Option<u64>,
    /// Bytes that may be written before PostgreSQL gives the slot up; none where there is no bound.
    pub safe_wal_bytes: Option<u64>,
    /// Bytes in memory for clients that resume.
    pub kept_bytes: usize,
    /// How often PostgreSQL gave the slot up, or somebody dropped it, and what was between was lost.
    pub losses: u32,
    /// When that happened last.
    pub lost_at: Option<DateTime<Utc>>,
}

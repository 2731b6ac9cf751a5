//! PostgreSQL's write-ahead log as a stream of row changes: a logical replication slot, the
//! connection that streams it, and the decoder of `pgoutput`.
//!
//! The wire protocol is `pgwire-replication`'s, hidden behind [`client`]: nothing outside this
//! crate knows of it. [`pgoutput`] and [`relation`] perform no I/O.

pub mod client;
pub mod error;
pub mod lsn;
pub mod pgoutput;
pub mod relation;
pub mod slot;

pub use client::{Event, StreamOptions, WalStream};
pub use error::WalError;
pub use lsn::Lsn;
pub use pgoutput::{Cell, Message, Tuple};
pub use relation::{Relation, RelationColumn, ReplicaIdentity};
pub use slot::SlotState;

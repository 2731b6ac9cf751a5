//! Realtime over real sockets on a real PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod changes;
mod channels;
mod client;
mod private;
mod reliability;
mod resume;
mod visibility;

//! Webhooks on a real PostgreSQL, to a real HTTP server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod delivery;
mod target;

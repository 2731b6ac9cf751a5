//! The console's API and `/pg` on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod applications;
mod catalog;
mod openapi;
mod operation;
mod roles;
mod sql;
mod world;

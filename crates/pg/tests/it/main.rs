//! `hearth-pg` against PostgreSQL's real programs.
#![allow(clippy::unwrap_used)]

mod callers;
mod embedded;
mod embedded_crash;
mod embedded_refusals;
mod lab;
mod wire;
mod wire_json;

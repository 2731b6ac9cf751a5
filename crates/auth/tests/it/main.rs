//! The endpoints against a real PostgreSQL, driven like a client.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod admin;
mod client;
mod factors;
mod links;
mod rls;
mod schema;
mod session;
mod signup;
mod token;
mod user;
mod wechat;

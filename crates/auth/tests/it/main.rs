//! The endpoints against a real PostgreSQL, driven like a client.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod admin;
mod client;
mod factors;
mod hooks;
mod limits;
mod links;
mod mails;
mod rls;
mod schema;
mod session;
mod signup;
mod sms;
mod token;
mod user;
mod users;
mod wechat;

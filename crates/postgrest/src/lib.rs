//! The instant API alone, in PostgREST's place: its configuration, its tokens, its server and its
//! admin server, around the request pipeline of `hearth-rest`. One database that exists already, no
//! registry, no gateway.
//!
//! [`run`] tells the story. Behaviour is PostgREST 16.1's, out of its documentation and sources.

mod admin;
mod api;
mod auth;
pub mod config;
mod cors;
mod database;
mod listener;
mod loader;
mod log;
mod metrics;
mod ready;
mod run;
mod server;
mod sockets;
mod source;

pub use ready::{NotReady, ready};
pub use run::{RunError, dump_config, dump_schema, run};
pub use sockets::SocketError;
pub use source::Source;

/// The version that is spoken.
pub const VERSION: &str = "16.1";

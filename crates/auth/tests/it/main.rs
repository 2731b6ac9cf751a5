//! The endpoints against a real PostgreSQL, driven like a client.

mod client;
mod rls;
mod schema;
mod session;
mod signup;
mod token;
mod user;

//! The endpoints against a real PostgreSQL, driven like a client.

mod admin;
mod client;
mod links;
mod rls;
mod schema;
mod session;
mod signup;
mod token;
mod user;
mod wechat;

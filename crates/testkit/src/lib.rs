//! What integration tests need: an application on a real PostgreSQL, made in milliseconds from a
//! migrated template, and requests made as somebody.
//!
//! The server is the one that `HEARTH_TEST_DATABASE_URL` names (a superuser's URL); `make test`
//! starts one for the whole run.

pub mod app;
pub mod server;

pub use app::TestApp;

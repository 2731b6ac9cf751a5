//! The console's API, and `/pg` as postgres-meta has it.
//!
//! A request of the console enters at `console/`: `access` says which administrator asks and for
//! which application. `/pg` enters at `routes/`, one file per kind of object, each with a file of
//! the same name in `catalog/` (what PostgreSQL is told) and `sql/` (what it is asked). SQL that
//! people type goes through `run/`. Everything inside an application runs as its owner role
//! (`owner`), never as a superuser.

mod access;
mod account;
mod admin;
mod audit;
mod catalog;
mod console;
mod error;
mod input;
mod openapi;
mod owner;
mod routes;
mod run;
mod user_claims;

use std::sync::Arc;

use axum::Router;

pub use admin::{Admin, AdminConfig, ForgetObjects, StartError, Template};

/// One command of an SQL script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptCommand {
    /// Its name as PostgreSQL's tag would begin: `SELECT`, `CREATE TABLE` …
    pub tag: String,
    /// The line it begins on, from 1.
    pub line: usize,
}

/// The commands of `script`, taken apart as psql does it.
pub fn script_commands(script: &str) -> Vec<ScriptCommand> {
    let mut line = 1;
    let mut characters = script.chars();
    let mut passed = 0;
    let mut commands = Vec::new();
    for statement in run::split::split(script) {
        let between = characters.by_ref().take(statement.offset - passed);
        line += between.filter(|c| *c == '\n').count();
        passed = statement.offset;
        commands.push(ScriptCommand {
            tag: statement.command(),
            line,
        });
    }
    commands
}

/// The description of `/console/api/…` and `/pg` as OpenAPI 3.1, as
/// `GET /console/api/openapi.json` answers it.
pub fn openapi() -> serde_json::Value {
    openapi::description()
}

/// `/console/api/…`. Wants the extension [`hearth_apps::Client`].
pub fn router(admin: Arc<Admin>) -> Router {
    console::router(admin)
}

/// `/pg` of an application, for its service key. Wants the extension
/// [`hearth_apps::RequestContext`].
pub fn pg_router(admin: Arc<Admin>) -> Router {
    routes::service_router(admin)
}

//! What every application database has before any service adds its own: roles (shared by the
//! cluster), schemas, default privileges, the publication, and the DDL event trigger.

use crate::migrate::{Migration, MigrationSet};

/// Roles of the cluster; idempotent, run once per start on the maintenance database.
pub const ROLES: &str = include_str!("bootstrap/roles.sql");

/// Schemas, grants, publication and triggers of an application's database.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    service: "bootstrap",
    numbered: &[Migration {
        number: 1,
        name: "schemas",
        sql: include_str!("bootstrap/0001_schemas.sql"),
    }],
    repeatable: &[],
};

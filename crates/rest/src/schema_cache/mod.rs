//! What the instant API knows of each application's database: an immutable snapshot, swapped as a
//! whole when the schema changes.

mod dump;
mod load;
pub mod model;
pub mod quiet;
pub mod relationships;
pub mod routines;
pub(crate) mod sql;
mod views;
mod watch;

use std::sync::Arc;

use crate::config::RestConfig;
use model::SchemaCache;

pub use load::{LoadError, Loaded, RoleSettings, SettingsOfRoles, load, load_role_settings};
pub use watch::SchemaWatch;

/// A configuration with the schema loaded for it. A request takes one and keeps it to its end.
#[derive(Debug)]
pub struct Snapshot {
    /// Which loading this is.
    pub version: u64,
    /// The configuration in force.
    pub config: RestConfig,
    /// The schema.
    pub cache: Arc<SchemaCache>,
    /// What `alter role … set` says of the roles that callers become.
    pub settings_of_roles: SettingsOfRoles,
}

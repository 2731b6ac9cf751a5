//! What the instant API knows of each application's database: an immutable snapshot, swapped as a
//! whole when the schema changes.

mod load;
pub mod model;
pub mod quiet;
pub mod relationships;
pub mod routines;
pub(crate) mod sql;
mod views;
mod watch;

use std::sync::Arc;

use hearth_apps::AppSettings;

use crate::config::RestConfig;
use model::SchemaCache;

pub use load::LoadError;
pub use watch::SchemaWatch;

/// A configuration with the schema loaded for it. A request takes one and keeps it to its end.
#[derive(Debug)]
pub struct Snapshot {
    /// Which loading this is.
    pub version: u64,
    /// The configuration in force.
    pub config: RestConfig,
    /// The schema.
    pub cache: SchemaCache,
    /// The settings it was made for.
    pub(crate) settings: Arc<AppSettings>,
}

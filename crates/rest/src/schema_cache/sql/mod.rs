//! Catalog queries that run with a caller's rights.

/// Tables that the current role may use.
pub(crate) const ACCESSIBLE_TABLES: &str = include_str!("accessible_tables.sql");
/// Functions that the current role may call.
pub(crate) const ACCESSIBLE_ROUTINES: &str = include_str!("accessible_routines.sql");
/// The comment on a schema.
pub(crate) const DESCRIPTION: &str = include_str!("description.sql");

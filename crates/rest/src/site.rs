//! Where requests run: an application of this server, or the one database of `hearth rest`.

use hearth_pg::Callers;

/// What the pipeline needs to know of the place it runs at.
#[derive(Clone)]
pub struct Site<'a> {
    /// Its name, for log lines.
    pub name: &'a str,
    /// Connections to its database.
    pub callers: &'a Callers,
    /// The API's own address, as its description says it.
    pub address: String,
    /// A change of the schema would have been heard of: what the cache says of tables can be relied
    /// on without asking.
    pub hears_ddl: bool,
}

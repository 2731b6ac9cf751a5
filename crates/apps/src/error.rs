//! Why something cannot be done with an application.

use hearth_core::AppRef;
use hearth_pg::PgError;
use hearth_pg::migrate::MigrateError;

use crate::seal::SealError;

/// Why something cannot be done with an application.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is none of that reference.
    #[error("there is no application {0}")]
    NotFound(AppRef),
    /// There is one already.
    #[error("there is an application {0} already")]
    Exists(AppRef),
    /// The default application cannot go.
    #[error("{0} is the default application and cannot be deleted")]
    Default(AppRef),
    /// Secrets cannot be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A token cannot be signed.
    #[error("keys could not be made: {0}")]
    Keys(String),
    /// Stored settings or secrets have an unknown shape.
    #[error("application {reference}: stored {what} cannot be read: {reason}")]
    Stored {
        /// Whose.
        reference: String,
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// A migration failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// PostgreSQL refused.
    #[error(transparent)]
    Postgres(#[from] PgError),
}

impl From<tokio_postgres::Error> for RegistryError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

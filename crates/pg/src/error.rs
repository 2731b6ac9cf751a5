//! What can go wrong between Hearth and PostgreSQL.

use tokio_postgres::error::{DbError, SqlState};

/// A failed piece of database work.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// No connection could be made: PostgreSQL is down, starting, or refuses. Worth a retry.
    #[error("could not connect to the database: {0}")]
    Unavailable(String),
    /// Every connection of the pool stayed busy for the whole waiting time.
    #[error("timed out acquiring connection from connection pool")]
    PoolTimeout,
    /// PostgreSQL answered with an error, or the connection broke while it worked.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
}

impl PgError {
    /// PostgreSQL's own error, if it answered with one.
    pub fn db_error(&self) -> Option<&DbError> {
        match self {
            Self::Postgres(e) => e.as_db_error(),
            _ => None,
        }
    }

    /// The SQLSTATE, if PostgreSQL answered with an error.
    pub fn sqlstate(&self) -> Option<&SqlState> {
        self.db_error().map(DbError::code)
    }

    /// True where the database is away for now (down, restarting, connection lost): services
    /// answer 503 with `Retry-After`.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::PoolTimeout => false,
            Self::Postgres(e) => match e.as_db_error() {
                None => e.is_closed() || is_io(e),
                Some(db) => crate::sqlstate::is_connection_loss(db.code()),
            },
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        source = inner.source();
    }
    false
}

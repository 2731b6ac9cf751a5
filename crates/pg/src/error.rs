//! What can go wrong between Hearth and PostgreSQL.

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorResponseBody;
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
    /// PostgreSQL answered a transaction of [`crate::wire`] with an error.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// The connection broke in the middle of such a transaction.
    #[error("the connection to the database was lost: {0}")]
    Lost(String),
    /// A value or an answer does not fit the statement: a mistake of ours.
    #[error("unexpected in the conversation with the database: {0}")]
    Protocol(String),
}

/// An error that PostgreSQL answered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{severity}: {message}")]
pub struct ServerError {
    /// ERROR, FATAL or PANIC.
    pub severity: String,
    /// The SQLSTATE.
    pub code: SqlState,
    /// What is wrong.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What might help.
    pub hint: Option<String>,
}

impl ServerError {
    /// Reads the server's message.
    pub(crate) fn of(body: &ErrorResponseBody) -> std::io::Result<Self> {
        let mut error = Self {
            severity: "ERROR".to_owned(),
            code: SqlState::INTERNAL_ERROR,
            message: String::new(),
            detail: None,
            hint: None,
        };
        let mut fields = body.fields();
        while let Some(field) = fields.next()? {
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                // The one that is never translated.
                b'V' => error.severity = value,
                b'C' => error.code = SqlState::from_code(&value),
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                _ => {}
            }
        }
        Ok(error)
    }
}

impl PgError {
    /// PostgreSQL's own error, if it answered a statement of tokio-postgres with one.
    pub fn db_error(&self) -> Option<&DbError> {
        match self {
            Self::Postgres(e) => e.as_db_error(),
            _ => None,
        }
    }

    /// What PostgreSQL answered with, over either kind of connection, if it was an error.
    pub fn server_error(&self) -> Option<ServerError> {
        match self {
            Self::Server(error) => Some(ServerError::clone(error)),
            _ => self.db_error().map(|error| ServerError {
                severity: error.severity().to_owned(),
                code: error.code().clone(),
                message: error.message().to_owned(),
                detail: error.detail().map(str::to_owned),
                hint: error.hint().map(str::to_owned),
            }),
        }
    }

    /// The SQLSTATE, if PostgreSQL answered with an error.
    pub fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::Server(error) => Some(&error.code),
            _ => self.db_error().map(DbError::code),
        }
    }

    /// True where the database is away for now (down, restarting, connection lost): services
    /// answer 503 with `Retry-After`.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Lost(_) => true,
            Self::PoolTimeout | Self::Protocol(_) => false,
            Self::Server(error) => crate::sqlstate::is_connection_loss(&error.code),
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

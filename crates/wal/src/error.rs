//! What can go wrong between Hearth and the log.

/// A failed step of reading the log.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The connection could not be made or broke. Worth a retry.
    #[error("the replication connection failed: {0}")]
    Connection(String),
    /// PostgreSQL refused.
    #[error("PostgreSQL refused to stream: {0}")]
    Refused(String),
    /// A statement about slots failed.
    #[error("a statement about replication slots failed: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// A message is not `pgoutput` as documented.
    #[error("malformed pgoutput message: {0}")]
    Malformed(&'static str),
    /// The parameters name no address that can be connected to.
    #[error("the connection parameters cannot be used for replication: {0}")]
    Config(&'static str),
}

impl WalError {
    /// Whether the connection is at fault, or a server that is starting or stopping: the same step
    /// may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Refused(_) => true,
            Self::Postgres(error) => match error.as_db_error() {
                None => true,
                Some(db) => {
                    let code = db.code().code();
                    code.starts_with("08") || code.starts_with("57") || code.starts_with("55")
                }
            },
            Self::Malformed(_) | Self::Config(_) => false,
        }
    }

    /// The SQLSTATE, where PostgreSQL answered a statement with an error.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) => error.code().map(|code| code.code()),
            _ => None,
        }
    }
}

impl From<pgwire_replication::PgWireError> for WalError {
    fn from(error: pgwire_replication::PgWireError) -> Self {
        if error.is_server() || error.is_auth() {
            Self::Refused(error.to_string())
        } else {
            Self::Connection(error.to_string())
        }
    }
}

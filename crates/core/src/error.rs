//! What every service error can say of itself. Each service has one `thiserror` enum that
//! implements [`ApiError`], and one renderer for its wire dialect.

use std::borrow::Cow;

use http::StatusCode;

/// Who has to act on an error; the label under which it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request was wrong.
    Client,
    /// A limit or quota refused it.
    Limit,
    /// PostgreSQL refused it or could not be reached.
    Postgres,
    /// Hearth failed; someone must look.
    Internal,
}

impl ErrorKind {
    /// The metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Limit => "limit",
            Self::Postgres => "postgres",
            Self::Internal => "internal",
        }
    }
}

/// A public error: stable code, status, and the words that a client may see. The cause of a 5xx
/// is logged, never sent.
pub trait ApiError: std::error::Error + Send + Sync + 'static {
    /// Stable code that clients match on.
    fn code(&self) -> Cow<'_, str>;
    /// HTTP status.
    fn status(&self) -> StatusCode;
    /// The reason in words.
    fn message(&self) -> Cow<'_, str>;
    /// More about this occurrence.
    fn details(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// What the caller can do.
    fn hint(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// Who has to act.
    fn kind(&self) -> ErrorKind;
}

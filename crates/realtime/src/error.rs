//! Every refusal of the service, with the code that upstream documents for it.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use hearth_core::{ApiError, ErrorKind};
use http::StatusCode;
use serde_json::json;

/// Why a channel is not joined, or an established one is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `realtime:` with nothing behind it.
    #[error("You must provide a topic name")]
    TopicNameRequired,
    /// No channel has such a topic.
    #[error("unmatched topic")]
    UnmatchedTopic,
    /// The join's payload is no JSON object.
    #[error("{0}")]
    InvalidJoinPayload(&'static str),
    /// No policy lets the caller read from the channel.
    #[error("You do not have permissions to read from this Channel topic: {0}")]
    Unauthorized(String),
    /// The socket has as many channels as it may have.
    #[error("Too many channels")]
    TooManyChannels,
    /// The application has as many sockets as it may have.
    #[error("Too many connected users")]
    TooManyConnections,
    /// The application's clients join too often.
    #[error("Too many joins per second")]
    TooManyJoins,
    /// The token lacks a claim.
    #[error("Fields `role` and `exp` are required in JWT")]
    MissingClaims,
    /// The token expired so many seconds ago.
    #[error("Token has expired {0} seconds ago")]
    TokenExpired(i64),
    /// A time claim of the token is not usable.
    #[error("Token expiration time is invalid")]
    InvalidTimes,
    /// The token is no JWT.
    #[error("The token provided is not a valid JWT")]
    MalformedJwt,
    /// Nobody of ours signed the token.
    #[error("Failed to validate JWT signature")]
    JwtSignature,
    /// The token's algorithm has no key here.
    #[error("Failed to generate JWT signer, check your JWT secret or JWKS configuration")]
    JwtSigner,
    /// The application takes private channels only.
    #[error("This project only allows private channels")]
    PrivateOnly,
    /// A policy on `realtime.messages` failed.
    #[error("Realtime was unable to connect to the project database")]
    UnableToSetPolicies,
    /// The database is away.
    #[error("Realtime was unable to connect to the project database")]
    DatabaseUnavailable,
    /// Every database connection stayed busy.
    #[error("Please increase your connection pool size")]
    IncreaseConnectionPool,
    /// Replay is for private channels.
    #[error("Replay is not allowed for public channels")]
    ReplayPublic,
    /// Replay wants numbers.
    #[error("Replay params are not valid")]
    ReplayParams,
    /// The stored messages could not be read.
    #[error("Realtime was unable to replay messages")]
    ReplayFailed,
    /// The subscription to changes is not possible (only where the join asked to wait for it).
    #[error("{0}")]
    ChangesDisabled(String),
    /// The subscription to changes did not become active in the time the join gave.
    #[error("{0}")]
    ChangesTimeout(String),
    /// The server stops.
    #[error("Realtime is restarting, please standby")]
    Restarting,
}

impl Refusal {
    /// The documented code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TopicNameRequired => "TopicNameRequired",
            Self::UnmatchedTopic => "unmatched topic",
            Self::InvalidJoinPayload(_) => "InvalidJoinPayload",
            Self::Unauthorized(_) => "Unauthorized",
            Self::TooManyChannels => "ChannelRateLimitReached",
            Self::TooManyConnections => "ConnectionRateLimitReached",
            Self::TooManyJoins => "ClientJoinRateLimitReached",
            Self::MissingClaims | Self::TokenExpired(_) | Self::InvalidTimes => "InvalidJWTToken",
            Self::MalformedJwt => "MalformedJWT",
            Self::JwtSignature => "JwtSignatureError",
            Self::JwtSigner => "JwtSignerError",
            Self::PrivateOnly => "PrivateOnly",
            Self::UnableToSetPolicies => "UnableToSetPolicies",
            Self::DatabaseUnavailable => "UnableToConnectToProject",
            Self::IncreaseConnectionPool => "IncreaseConnectionPool",
            Self::ReplayPublic | Self::ReplayParams | Self::ReplayFailed => {
                "UnableToReplayMessages"
            }
            Self::ChangesDisabled(_) => "RealtimeDisabledForConfiguration",
            Self::ChangesTimeout(_) => "PostgresChangesSubscribeTimeout",
            Self::Restarting => "RealtimeRestarting",
        }
    }

    /// The `reason` of the reply to a refused join.
    pub fn reason(&self) -> String {
        match self {
            // These two go out bare.
            Self::UnmatchedTopic | Self::UnableToSetPolicies => self.to_string(),
            _ => format!("{}: {self}", self.code()),
        }
    }
}

/// Errors of the HTTP endpoints, and of a handshake that is refused.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The handshake carries no usable identity.
    #[error("{1}")]
    Handshake(StatusCode, Cow<'static, str>),
    /// No or a bad token.
    #[error("Unauthorized")]
    Unauthorized,
    /// A policy forbids it.
    #[error("Unauthorized")]
    Forbidden,
    /// The body does not have the documented form.
    #[error("the body is not as documented")]
    Invalid(serde_json::Value),
    /// The body is no JSON.
    #[error("Bad Request")]
    NotJson,
    /// Neither JSON nor bytes.
    #[error("Unsupported Media Type. Use application/json or application/octet-stream")]
    MediaType,
    /// Too many messages.
    #[error("{0}")]
    TooMany(&'static str),
    /// A policy failed, or the database is away.
    #[error("{0}")]
    Unprocessable(&'static str),
    /// The database is away; try again soon.
    #[error("Tenant database unavailable")]
    Unavailable,
}

impl ApiError for HttpError {
    fn code(&self) -> Cow<'_, str> {
        match self {
            Self::Handshake(..) => "ErrorConnectingToWebsocket",
            Self::Unauthorized | Self::Forbidden => "Unauthorized",
            Self::Invalid(_) | Self::NotJson | Self::Unprocessable(_) => "UnprocessableEntity",
            Self::MediaType => "UnsupportedMediaType",
            Self::TooMany(_) => "MessagePerSecondRateLimitReached",
            Self::Unavailable => "UnableToConnectToProject",
        }
        .into()
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Handshake(status, _) => *status,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotJson => StatusCode::BAD_REQUEST,
            Self::Invalid(_) | Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::TooMany(_) => ErrorKind::Limit,
            Self::Unprocessable(_) | Self::Unavailable => ErrorKind::Postgres,
            Self::Handshake(status, _) if *status == StatusCode::TOO_MANY_REQUESTS => {
                ErrorKind::Limit
            }
            _ => ErrorKind::Client,
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = match &self {
            Self::Handshake(_, message) if message.is_empty() => return status.into_response(),
            Self::Handshake(..) | Self::MediaType => json!({ "error": self.message() }),
            Self::Invalid(errors) => json!({ "errors": errors }),
            Self::NotJson => json!({ "errors": { "detail": "Bad Request" } }),
            _ => json!({ "message": self.message() }),
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(
                http::header::RETRY_AFTER,
                http::HeaderValue::from_static("1"),
            );
        }
        response
    }
}

impl From<Refusal> for HttpError {
    /// A refused handshake.
    fn from(refusal: Refusal) -> Self {
        let (status, message) = match refusal {
            Refusal::TokenExpired(_) => (StatusCode::UNAUTHORIZED, "Token has expired".into()),
            Refusal::MissingClaims
            | Refusal::InvalidTimes
            | Refusal::MalformedJwt
            | Refusal::JwtSignature
            | Refusal::JwtSigner => (StatusCode::UNAUTHORIZED, refusal.to_string().into()),
            Refusal::TooManyConnections | Refusal::TooManyJoins => {
                (StatusCode::TOO_MANY_REQUESTS, refusal.to_string().into())
            }
            _ => (StatusCode::SERVICE_UNAVAILABLE, refusal.to_string().into()),
        };
        Self::Handshake(status, message)
    }
}

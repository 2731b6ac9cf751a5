//! What the gateway itself refuses, in the shape Supabase's gateway has: `{message, hint}`.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A refusal of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Neither header nor query has an API key, and there is no valid bearer token.
    #[error("No API key found in request")]
    NoApiKey,
    /// The API key is none of the application's.
    #[error("Invalid API key")]
    InvalidApiKey,
    /// No such application.
    #[error("There is no application {0:?} on this server")]
    UnknownApp(String),
    /// The application is paused.
    #[error("The application is paused")]
    Paused,
    /// No service has this path.
    #[error("no Route matched with those values")]
    NoRoute,
    /// The body is longer than the server takes.
    #[error("The request body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The service did not answer in time.
    #[error("The request was not answered within {seconds} seconds")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// The service broke down; the cause is in the log.
    #[error("An unexpected error occurred")]
    Panic,
    /// `X-HTTP-Method-Override` names no method that can stand in for POST.
    #[error("X-HTTP-Method-Override takes PUT, PATCH or DELETE")]
    MethodOverride,
}

impl GatewayError {
    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoApiKey | Self::InvalidApiKey => StatusCode::UNAUTHORIZED,
            Self::UnknownApp(_) | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Paused => StatusCode::from_u16(540).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            Self::MethodOverride => StatusCode::BAD_REQUEST,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoApiKey => Some("No `apikey` request header or url param was found."),
            Self::InvalidApiKey => Some(
                "Double check your Supabase `anon` or `service_role` API key: it must be one of \
                 this application's.",
            ),
            Self::Paused => Some("Resume it with `hearth apps resume`."),
            _ => None,
        }
    }

    /// The answer.
    pub fn into_response(self) -> Response {
        let mut body = json!({"message": self.to_string()});
        if let Some(hint) = self.hint() {
            body["hint"] = hint.into();
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        response
    }
}

//! Errors on the wire.

use axum::response::Response;
use hearth_core::ApiError;
use hearth_jwt::JwtError;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::Value;

use super::RestError;

/// Seconds until a client may come again while PostgreSQL is away.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");
/// PostgreSQL is there and answered with a state that means 503: nothing has to be waited for.
const RETRY_AT_ONCE: HeaderValue = HeaderValue::from_static("0");

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Option<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Option<&'a str>>,
    message: &'a str,
}

impl RestError {
    /// The body of the answer; `terse` leaves out details and hint.
    pub fn body(&self, terse: bool) -> String {
        let hint = self.hint();
        let body = Body {
            code: &self.code(),
            details: (!terse).then(|| self.details_json()),
            hint: (!terse).then_some(hint.as_deref()),
            message: &self.message(),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// The whole answer to a refused request.
pub fn error_response(error: &RestError, terse: bool) -> Response {
    let body = error.body(terse);
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let proxy = format!("PostgREST; error={}", error.code());
    if let Ok(proxy) = HeaderValue::from_str(&proxy) {
        headers.insert(HeaderName::from_static("proxy-status"), proxy);
    }
    if error.status() == http::StatusCode::SERVICE_UNAVAILABLE {
        let away = error.code().starts_with("PGRST0");
        let seconds = if away { RETRY_SECONDS } else { RETRY_AT_ONCE };
        headers.insert(RETRY_AFTER, seconds);
    }
    match error {
        RestError::Jwt(error) => {
            let text = format!(
                "Bearer error=\"invalid_token\", error_description=\"{}\"",
                jwt_message(error)
            );
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(http::header::WWW_AUTHENTICATE, value);
            }
        }
        RestError::Postgres(failure) => {
            for (name, value) in failure.headers() {
                if let (Ok(name), Ok(value)) = (
                    HeaderName::from_bytes(name.as_bytes()),
                    HeaderValue::from_str(value),
                ) {
                    headers.append(name, value);
                }
            }
            if let Some(reason) = failure
                .reason()
                .and_then(|text| hyper::ext::ReasonPhrase::try_from(text.as_bytes()).ok())
            {
                response.extensions_mut().insert(reason);
            }
        }
        _ => {}
    }
    *response.body_mut() = axum::body::Body::from(body);
    response
}

pub(super) fn jwt_code(error: &JwtError) -> &'static str {
    match error {
        JwtError::Empty
        | JwtError::Parts { .. }
        | JwtError::Malformed
        | JwtError::Algorithm
        | JwtError::Signature => "PGRST301",
        JwtError::Expired
        | JwtError::NotYetValid
        | JwtError::IssuedInFuture
        | JwtError::ClaimType { .. } => "PGRST303",
    }
}

pub(super) fn jwt_message(error: &JwtError) -> String {
    match error {
        JwtError::Empty => "Empty JWT is sent in Authorization header".to_owned(),
        JwtError::Parts { parts } => format!("Expected 3 parts in JWT; got {parts}"),
        JwtError::Malformed => "JWT couldn't be decoded".to_owned(),
        JwtError::Algorithm | JwtError::Signature => "No suitable key or wrong key type".to_owned(),
        JwtError::Expired => "JWT expired".to_owned(),
        JwtError::NotYetValid => "JWT not yet valid".to_owned(),
        JwtError::IssuedInFuture => "JWT issued at future".to_owned(),
        JwtError::ClaimType { claim } => format!("The JWT '{claim}' claim must be a number"),
    }
}

pub(super) fn jwt_details(error: &JwtError) -> Option<&'static str> {
    match error {
        JwtError::Algorithm => Some("No suitable key was found to decode the JWT"),
        JwtError::Signature => Some("None of the keys was able to decode the JWT"),
        _ => None,
    }
}

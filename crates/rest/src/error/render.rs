//! Errors on the wire.

use axum::response::Response;
use hearth_core::ApiError;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::Value;

use super::{RestError, token};

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
        RestError::Jwt(_) | RestError::Token(_) => {
            let challenge = match error {
                RestError::Token(problem) => problem.challenge(),
                _ => Some(token::invalid(&error.to_string())),
            };
            if let Some(value) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
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

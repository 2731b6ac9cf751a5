//! What goes over the wire: JSON answers, and errors in the two shapes that clients know: the
//! legacy one, and the one of API version 2024-01-01 for clients that ask for it by header.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use hearth_apps::RequestContext;
use hearth_core::ApiError;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::AuthError;

const API_VERSION: HeaderName = HeaderName::from_static("x-supabase-api-version");
const ERROR_CODE: HeaderName = HeaderName::from_static("x-sb-error-code");
const V20240101: &str = "2024-01-01";

/// A JSON object as Go writes a map: keys in order.
pub(crate) type JsonMap = Map<String, Value>;

/// `body` as JSON with `status`.
pub(crate) fn json_with<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            response
        }
        Err(error) => AuthError::Internal(error.to_string().into()).into_response(),
    }
}

/// `body` as JSON with status 200.
pub(crate) fn ok<T: Serialize>(body: &T) -> Response {
    json_with(StatusCode::OK, body)
}

/// `{}`, the answer of endpoints that tell nothing.
pub(crate) fn empty() -> Response {
    ok(&json!({}))
}

/// An instant as Go writes it: UTC, fraction without trailing zeros.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    let seconds = at.format("%Y-%m-%dT%H:%M:%S");
    let micros = at.timestamp_subsec_micros();
    if micros == 0 {
        return format!("{seconds}Z");
    }
    let fraction = format!("{micros:06}");
    format!("{seconds}.{}Z", fraction.trim_end_matches('0'))
}

/// `value` with the keys of every object in order.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(sorted_map(map)),
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// `map` with its keys, and those of every object in it, in order.
pub(crate) fn sorted_map(map: JsonMap) -> JsonMap {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
        .into_iter()
        .map(|(key, value)| (key, sorted(value)))
        .collect()
}

/// The layer that writes errors in the dialect that the client asked for, and logs those that
/// somebody must look at.
pub(crate) async fn render_errors(request: Request, next: Next) -> Response {
    let versioned = asks_for_20240101(request.headers().get(&API_VERSION));
    let request_id = request
        .extensions()
        .get::<RequestContext>()
        .map(|context| context.request_id.to_string());
    let response = next.run(request).await;
    let Some(error) = response
        .extensions()
        .get::<std::sync::Arc<AuthError>>()
        .cloned()
    else {
        return response;
    };
    if error.status().is_server_error() {
        let cause = match error.postgres() {
            Some(cause) => hearth_pg::connect::describe(cause),
            None => std::error::Error::source(&*error)
                .map(ToString::to_string)
                .unwrap_or_default(),
        };
        tracing::error!(
            error = %error,
            cause,
            request_id = request_id.as_deref().unwrap_or(""),
            "auth request failed"
        );
    }
    render(&error, versioned, request_id.as_deref())
}

fn asks_for_20240101(header: Option<&HeaderValue>) -> bool {
    let date = header
        .and_then(|value| value.to_str().ok())
        .filter(|text| text.len() == 10)
        .and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    date.is_some_and(|date| Some(date) >= NaiveDate::from_ymd_opt(2024, 1, 1))
}

fn render(error: &AuthError, versioned: bool, request_id: Option<&str>) -> Response {
    let status = error.status();
    let code = error.code();
    let message = error.message();
    if let AuthError::OAuth { error, description } = error {
        return json_with(
            status,
            &json!({"error": error, "error_description": description}),
        );
    }
    let mut response = match (error, versioned) {
        (AuthError::WeakPassword { reasons, .. }, true) => json_with(
            status,
            &json!({"code": code, "message": message, "weak_password": {"reasons": reasons}}),
        ),
        (AuthError::WeakPassword { reasons, .. }, false) => json_with(
            status,
            &json!({"code": status.as_u16(), "error_code": code, "msg": message,
                    "weak_password": {"reasons": reasons}}),
        ),
        (_, true) => json_with(status, &json!({"code": code, "message": message})),
        (_, false) => match raised_on_purpose(error) {
            Some(response) => response,
            None => {
                let mut body = json!({"code": status.as_u16(), "error_code": code, "msg": message});
                if let (true, Some(id)) = (status.is_server_error(), request_id) {
                    body["error_id"] = id.into();
                }
                json_with(status, &body)
            }
        },
    };
    let headers = response.headers_mut();
    if let Ok(code) = HeaderValue::from_str(&code) {
        headers.insert(ERROR_CODE, code);
    }
    if versioned {
        headers.insert(API_VERSION, HeaderValue::from_static(V20240101));
    }
    if error.is_unavailable() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Errors that users' triggers raise, and broken constraints, reach legacy clients as they are.
fn raised_on_purpose(error: &AuthError) -> Option<Response> {
    let AuthError::Database { source, .. } = error else {
        return None;
    };
    let db = source.db_error()?;
    let code = db.code().code();
    let status = match code {
        "P0001" | "23000" | "23001" | "23502" | "23503" | "23505" | "23514" | "23P01" => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::from_u16(code.strip_prefix("PT")?.parse().ok()?).ok()?,
    };
    let mut body = json!({"code": code, "message": db.message()});
    if let Some(hint) = db.hint() {
        body["hint"] = hint.into();
    }
    if let Some(detail) = db.detail() {
        body["detail"] = detail.into();
    }
    Some(json_with(status, &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_does() {
        let at =
            |micros: i64| DateTime::from_timestamp_micros(1_700_000_000_000_000 + micros).unwrap();
        assert_eq!(time(at(0)), "2023-11-14T22:13:20Z");
        assert_eq!(time(at(120)), "2023-11-14T22:13:20.00012Z");
        assert_eq!(time(at(500_000)), "2023-11-14T22:13:20.5Z");
    }

    #[test]
    fn only_dates_from_2024_on_ask_for_the_new_shape() {
        let asks = |text: &str| asks_for_20240101(HeaderValue::from_str(text).ok().as_ref());
        assert!(asks("2024-01-01") && asks("2025-06-30"));
        assert!(!asks("2023-12-31") && !asks("soon") && !asks("") && !asks_for_20240101(None));
    }
}

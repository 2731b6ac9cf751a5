//! PostgreSQL's errors as HTTP: the SQLSTATE decides the status, and `raise` may decide everything.

use hearth_pg::{PgError, ServerError};
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A failure of PostgreSQL, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgFailure {
    code: String,
    status: StatusCode,
    reason: Option<String>,
    message: String,
    details: Option<String>,
    hint: Option<String>,
    headers: Vec<(String, String)>,
}

/// `raise sqlstate 'PGRST'`: the message.
#[derive(Deserialize)]
struct RaisedMessage {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

/// `raise sqlstate 'PGRST'`: the detail.
#[derive(Deserialize)]
struct RaisedDetail {
    status: u16,
    status_text: Option<String>,
    headers: BTreeMap<String, String>,
}

impl PgFailure {
    /// What `error` is answered with; `authenticated` says that the caller is not anon.
    pub fn new(error: &PgError, authenticated: bool) -> Self {
        // What stood in the way is logged; it is nothing that a client can use.
        let plain = |code: &str, status, message: &str| Self {
            code: code.to_owned(),
            status,
            reason: None,
            message: message.to_owned(),
            details: None,
            hint: None,
            headers: Vec::new(),
        };
        const AWAY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            PgError::Unavailable(_) => plain("PGRST000", AWAY, "Database connection error."),
            PgError::PoolTimeout => plain(
                "PGRST003",
                StatusCode::GATEWAY_TIMEOUT,
                "Timed out acquiring connection from connection pool.",
            ),
            error => match error.server_error() {
                Some(error) => Self::of_server(error, authenticated),
                None => plain(
                    "PGRST001",
                    AWAY,
                    "Database client error. Retrying the connection.",
                ),
            },
        }
    }

    fn of_server(error: ServerError, authenticated: bool) -> Self {
        let code = error.code.code();
        if code == "PGRST" {
            return Self::raised(&error.message, error.detail.as_deref());
        }
        let status = status(code, &error.message, authenticated);
        let mut headers = Vec::new();
        if status == StatusCode::UNAUTHORIZED {
            headers.push(("www-authenticate".to_owned(), "Bearer".to_owned()));
        }
        Self {
            status,
            code: code.to_owned(),
            reason: raised_status(code).map(|_| error.message.clone()),
            message: error.message,
            details: error.detail,
            hint: error.hint,
            headers,
        }
    }

    fn raised(message: &str, detail: Option<&str>) -> Self {
        let unreadable = |details: String, hint: &str| Self {
            code: "PGRST121".to_owned(),
            status: StatusCode::INTERNAL_SERVER_ERROR,
            reason: None,
            message: "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error".to_owned(),
            details: Some(details),
            hint: Some(hint.to_owned()),
            headers: Vec::new(),
        };
        const DETAIL_HINT: &str = "DETAIL must be a JSON object with obligatory keys: 'status', \
                                   'headers' and optional key: 'status_text'.";
        let Some(said) = object::<RaisedMessage>(message) else {
            return unreadable(
                format!("Invalid JSON value for MESSAGE: '{message}'"),
                "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and \
                 optional keys: 'details', 'hint'.",
            );
        };
        let Some(detail) = detail else {
            return unreadable(
                "DETAIL is missing in the RAISE statement".to_owned(),
                DETAIL_HINT,
            );
        };
        let parsed = object::<RaisedDetail>(detail)
            .and_then(|parsed| Some((StatusCode::from_u16(parsed.status).ok()?, parsed)));
        let Some((status, parsed)) = parsed else {
            return unreadable(
                format!("Invalid JSON value for DETAIL: '{detail}'"),
                DETAIL_HINT,
            );
        };
        Self {
            code: said.code,
            status,
            reason: parsed.status_text,
            message: said.message,
            details: said.details,
            hint: said.hint,
            headers: parsed.headers.into_iter().collect(),
        }
    }

    /// SQLSTATE, PGRST code, or what `raise` said.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The reason phrase, where `raise` gave one.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The detail.
    pub fn details(&self) -> Option<&str> {
        self.details.as_deref()
    }

    /// The hint.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Headers of the answer.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// True where all connections stayed busy.
    pub fn is_pool_timeout(&self) -> bool {
        self.code == "PGRST003"
    }
}

/// A JSON object as `T`; of a key that stands twice the last value counts.
fn object<T: DeserializeOwned>(text: &str) -> Option<T> {
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    serde_json::from_value(Value::Object(object)).ok()
}

/// `raise sqlstate 'PT402'`: the status that is asked for.
fn raised_status(code: &str) -> Option<StatusCode> {
    let number = code.strip_prefix("PT")?.parse().ok()?;
    StatusCode::from_u16(number).ok()
}

fn status(code: &str, message: &str, authenticated: bool) -> StatusCode {
    const INTERNAL: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
    let no_role = message.starts_with("role") && message.ends_with("does not exist");
    match code {
        "23503" | "23505" => StatusCode::CONFLICT,
        "25006" => StatusCode::METHOD_NOT_ALLOWED,
        // A refusal of the extension safeupdate is the client's error; others of this code are a
        // function's or a view's.
        "21000" if message.ends_with("requires a WHERE clause") => StatusCode::BAD_REQUEST,
        "21000" => INTERNAL,
        "22023" if no_role => StatusCode::UNAUTHORIZED,
        "53400" | "42P17" => INTERNAL,
        "57P01" => StatusCode::SERVICE_UNAVAILABLE,
        "P0001" => StatusCode::BAD_REQUEST,
        "42883" if message.starts_with("function xmlagg(") => StatusCode::NOT_ACCEPTABLE,
        "42883" | "42P01" => StatusCode::NOT_FOUND,
        "42501" if authenticated => StatusCode::FORBIDDEN,
        "42501" => StatusCode::UNAUTHORIZED,
        _ => match (
            code.get(..2).unwrap_or_default(),
            code.get(2..).unwrap_or_default(),
        ) {
            ("08" | "53", _) => StatusCode::SERVICE_UNAVAILABLE,
            ("0L" | "0P" | "28", _) => StatusCode::FORBIDDEN,
            (
                "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0"
                | "HV" | "P0" | "XX",
                _,
            ) => INTERNAL,
            ("PT", _) => raised_status(code).unwrap_or(INTERNAL),
            _ => StatusCode::BAD_REQUEST,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raise_decides_the_whole_answer() {
        let failure = PgFailure::raised(
            r#"{"code":"123","message":"no","details":"d"}"#,
            Some(r#"{"status":402,"headers":{"X-A":"b"}}"#),
        );
        assert_eq!(failure.status().as_u16(), 402);
        assert_eq!(failure.code(), "123");
        assert_eq!(failure.headers(), [("X-A".to_owned(), "b".to_owned())]);
        let broken = PgFailure::raised("{}", None);
        assert_eq!(broken.code(), "PGRST121");
        assert_eq!(
            broken.details(),
            Some("Invalid JSON value for MESSAGE: '{}'")
        );
    }

    #[test]
    fn states_map_to_statuses() {
        assert_eq!(status("42501", "", true), StatusCode::FORBIDDEN);
        assert_eq!(status("42501", "", false), StatusCode::UNAUTHORIZED);
        assert_eq!(status("PT402", "", false).as_u16(), 402);
        assert_eq!(status("22P02", "", false), StatusCode::BAD_REQUEST);
        assert_eq!(
            status("57014", "", false),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}

//! Request bodies: JSON objects read field by field, refused in the words of Go's decoder, since
//! upstream passes those on to clients.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::Value;

use crate::error::AuthError;
use crate::wire::{JsonMap, sorted_map};

/// Largest body that is read, as upstream.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The raw body.
pub(crate) struct Body(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = AuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthError> {
        match Bytes::from_request(request, state).await {
            Ok(bytes) if bytes.len() > MAX_BODY_BYTES => Err(AuthError::BodyTooLarge {
                limit: MAX_BODY_BYTES,
            }),
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) => Err(refused(rejection)),
        }
    }
}

fn refused(rejection: BytesRejection) -> AuthError {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        AuthError::BodyTooLarge {
            limit: MAX_BODY_BYTES,
        }
    } else {
        AuthError::UnreadableBody
    }
}

/// The fields of a JSON object, read with the types of upstream's parameter struct `name`.
#[derive(Debug)]
pub(crate) struct Params {
    name: &'static str,
    fields: JsonMap,
}

impl Params {
    /// Parses `bytes` as the JSON object that upstream decodes into its struct `name`.
    pub(crate) fn parse(bytes: &[u8], name: &'static str) -> Result<Self, AuthError> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| AuthError::BadJson(syntax_error(bytes, &error)))?;
        if has_nul(&value) {
            // PostgreSQL has no such text.
            return Err(AuthError::validation(
                "Request body must not contain NUL characters",
            ));
        }
        let fields = match value {
            Value::Object(fields) => fields,
            Value::Null => JsonMap::new(),
            other => {
                let kind = kind(&other);
                let text =
                    format!("json: cannot unmarshal {kind} into Go value of type api.{name}");
                return Err(AuthError::BadJson(text));
            }
        };
        Ok(Self { name, fields })
    }

    /// Field names match in any case, as in Go; `null` leaves the field out.
    fn field(&self, name: &str) -> Option<&Value> {
        let found = self.fields.get(name).or_else(|| {
            let same = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
            self.fields.iter().find(same).map(|(_, value)| value)
        });
        found.filter(|value| !value.is_null())
    }

    /// A string; empty where it is absent.
    pub(crate) fn text(&self, name: &str) -> Result<String, AuthError> {
        Ok(self.optional_text(name)?.unwrap_or_default())
    }

    /// A string, if it is there.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>, AuthError> {
        match self.field(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.mismatch(name, other, "string")),
        }
    }

    /// A boolean, if it is there.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, AuthError> {
        match self.field(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.mismatch(name, other, "bool")),
        }
    }

    /// An object, if it is there.
    pub(crate) fn object(&self, name: &str) -> Result<Option<JsonMap>, AuthError> {
        match self.field(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(sorted_map(map.clone()))),
            Some(other) => Err(self.mismatch(name, other, "map[string]interface {}")),
        }
    }

    /// A value of any type, if it is there.
    pub(crate) fn any(&self, name: &str) -> Option<&Value> {
        self.field(name)
    }

    fn mismatch(&self, name: &str, value: &Value, wanted: &str) -> AuthError {
        let (kind, of) = (kind(value), self.name);
        AuthError::BadJson(format!(
            "json: cannot unmarshal {kind} into Go struct field {of}.{name} of type {wanted}"
        ))
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Where Go's scanner stops, and what it says there. serde_json knows the place; the words follow
/// from what stood before it.
fn syntax_error(bytes: &[u8], error: &serde_json::Error) -> String {
    if error.is_eof() || bytes.iter().all(u8::is_ascii_whitespace) {
        return "unexpected end of JSON input".to_owned();
    }
    let at = offset(bytes, error.line(), error.column());
    let Some(&wrong) = bytes.get(at) else {
        return "unexpected end of JSON input".to_owned();
    };
    let before = bytes[..at]
        .iter()
        .rev()
        .find(|b| !b.is_ascii_whitespace())
        .copied();
    let text = error.to_string();
    let context = if text.starts_with("key must be a string") {
        "looking for beginning of object key string"
    } else if text.starts_with("expected `:`") {
        "after object key"
    } else if text.starts_with("expected `,` or `}`") {
        "after object key:value pair"
    } else if text.starts_with("expected `,` or `]`") {
        "after array element"
    } else if text.starts_with("trailing characters") {
        "after top-level value"
    } else if text.starts_with("trailing comma") && wrong == b'}' {
        "looking for beginning of object key string"
    } else if text.starts_with("control character") {
        "in string literal"
    } else if text.starts_with("invalid escape") {
        "in string escape code"
    } else if before.is_some_and(|b| b.is_ascii_alphabetic()) {
        "in literal"
    } else {
        "looking for beginning of value"
    };
    let shown = String::from_utf8_lossy(&bytes[at..])
        .chars()
        .next()
        .unwrap_or('?');
    match shown {
        '\'' => format!("invalid character '\\'' {context}"),
        c if c.is_control() => format!("invalid character '\\x{:02x}' {context}", c as u32),
        c => format!("invalid character '{c}' {context}"),
    }
}

/// The byte that serde_json's line and column (both from 1) point at.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(skipped) => {
            let mut breaks = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
            breaks.nth(skipped).map_or(0, |(at, _)| at + 1)
        }
    };
    start + column.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        Params::parse(body.as_bytes(), "SignupParams")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn syntax_errors_are_told_in_gos_words() {
        let prefix = "Could not parse request body as JSON: ";
        for (body, words) in [
            ("", "unexpected end of JSON input"),
            ("{\"email\":", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (
                "email=a",
                "invalid character 'e' looking for beginning of value",
            ),
            (
                "{email: 1}",
                "invalid character 'e' looking for beginning of object key string",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 \"b\":2}",
                "invalid character '\"' after object key:value pair",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("{} x", "invalid character 'x' after top-level value"),
            (
                "[1]",
                "json: cannot unmarshal array into Go value of type api.SignupParams",
            ),
        ] {
            assert_eq!(refusal(body), format!("{prefix}{words}"), "{body}");
        }
    }

    #[test]
    fn fields_have_types() {
        let params = Params::parse(
            br#"{"email": 1, "data": "x", "Password": "p", "n": null}"#,
            "P",
        );
        let params = params.unwrap();
        assert_eq!(
            params.text("email").unwrap_err().to_string(),
            "Could not parse request body as JSON: \
             json: cannot unmarshal number into Go struct field P.email of type string"
        );
        assert!(params.object("data").is_err());
        assert_eq!(params.text("password").unwrap(), "p");
        assert_eq!(params.text("n").unwrap(), "");
    }
}

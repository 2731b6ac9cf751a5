//! JSON bodies, checked and coerced as upstream's schemas do it: numbers in strings count, `null`
//! is an empty string, a single value is a list of one. Violations are told in the same words.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::error::StorageError;

/// Largest JSON body.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Reads a small body as a whole.
pub(crate) async fn read_body(body: Body) -> Result<Bytes, StorageError> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StorageError::BodyTooLarge),
        Err(_) => Err(StorageError::Aborted),
    }
}

/// A JSON object in a request's body.
pub(crate) struct Fields {
    place: String,
    map: Map<String, Value>,
}

fn violation(place: &str, words: &str) -> StorageError {
    StorageError::Validation(format!("{place} {words}"))
}

impl Fields {
    /// Reads the body of a request.
    pub(crate) async fn of_body(headers: &HeaderMap, body: Body) -> Result<Self, StorageError> {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let bytes = read_body(body).await?;
        let essence = content_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(violation("body", "must be object"));
        }
        if bytes.is_empty() {
            return Err(StorageError::UnreadableBody(
                "Body cannot be empty when content-type is set to 'application/json'",
            ));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self {
                place: "body".to_owned(),
                map,
            }),
            Ok(_) => Err(violation("body", "must be object")),
            Err(_) => Err(StorageError::UnreadableBody(
                "Body is not valid JSON but content-type is set to 'application/json'",
            )),
        }
    }

    /// The parameters of a query string.
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let map = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                crate::call::decode(name),
                crate::call::decode(&value.replace('+', " ")).into(),
            )
        });
        Self {
            place: "querystring".to_owned(),
            map: map.collect(),
        }
    }

    /// Checks that all of `names` are there.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), StorageError> {
        match names.iter().find(|name| !self.map.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err(violation(
                &self.place,
                &format!("must have required property '{name}'"),
            )),
        }
    }

    /// True if `name` is there, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }

    /// A value as it is.
    pub(crate) fn raw(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// A text.
    pub(crate) fn string(&self, name: &str) -> Result<Option<String>, StorageError> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        as_string(value)
            .map(Some)
            .ok_or_else(|| violation(&self.at(name), "must be string"))
    }

    /// A text out of `allowed`.
    pub(crate) fn choice(
        &self,
        name: &str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, StorageError> {
        let Some(text) = self.string(name)? else {
            return Ok(None);
        };
        match allowed.iter().find(|a| **a == text) {
            Some(found) => Ok(Some(found)),
            None => Err(violation(
                &self.at(name),
                "must be equal to one of the allowed values",
            )),
        }
    }

    /// A truth value.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, StorageError> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        match scalar(value) {
            Value::Bool(b) => Ok(Some(*b)),
            Value::String(s) if s == "true" => Ok(Some(true)),
            Value::String(s) if s == "false" => Ok(Some(false)),
            Value::Number(n) if n.as_f64() == Some(1.0) => Ok(Some(true)),
            Value::Number(n) if n.as_f64() == Some(0.0) => Ok(Some(false)),
            Value::Null => Ok(Some(false)),
            _ => Err(violation(&self.at(name), "must be boolean")),
        }
    }

    /// A whole number from `minimum` on.
    pub(crate) fn integer(&self, name: &str, minimum: i64) -> Result<Option<i64>, StorageError> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        let number =
            as_integer(value).ok_or_else(|| violation(&self.at(name), "must be integer"))?;
        if number < minimum {
            return Err(violation(&self.at(name), &format!("must be >= {minimum}")));
        }
        Ok(Some(number))
    }

    /// A list of texts.
    pub(crate) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        let list = match value {
            Value::Array(list) => list.as_slice(),
            Value::Object(_) => return Err(violation(&self.at(name), "must be array")),
            single => std::slice::from_ref(single),
        };
        let texts = list.iter().enumerate().map(|(i, item)| {
            as_string(item)
                .ok_or_else(|| violation(&format!("{}/{i}", self.at(name)), "must be string"))
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// An object inside.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Fields>, StorageError> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields {
                place: self.at(name),
                map: map.clone(),
            })),
            Some(_) => Err(violation(&self.at(name), "must be object")),
        }
    }

    /// Says that a list is too short or too long.
    pub(crate) fn check_length(
        &self,
        name: &str,
        length: usize,
        most: Option<usize>,
    ) -> Result<(), StorageError> {
        if length == 0 {
            return Err(violation(
                &self.at(name),
                "must NOT have fewer than 1 items",
            ));
        }
        match most {
            Some(most) if length > most => {
                let words = format!("must NOT have more than {most} items");
                Err(violation(&self.at(name), &words))
            }
            _ => Ok(()),
        }
    }
}

/// A list of one counts as its element.
fn scalar(value: &Value) -> &Value {
    match value {
        Value::Array(list) if list.len() == 1 => &list[0],
        other => other,
    }
}

fn as_string(value: &Value) -> Option<String> {
    match scalar(value) {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number, also out of text.
pub(crate) fn as_integer(value: &Value) -> Option<i64> {
    let whole = |f: f64| (f.is_finite() && f.fract() == 0.0).then_some(f as i64);
    match scalar(value) {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            if text.is_empty() {
                return None;
            }
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Null => Some(0),
        Value::Array(_) | Value::Object(_) => None,
    }
}

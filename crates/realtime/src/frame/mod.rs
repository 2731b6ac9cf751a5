//! Frames of the two protocol versions: bytes in, values out, and back. No I/O, and no panic
//! whatever a client sends.

pub mod v1;
pub mod v2;
pub mod wire;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

/// Protocol version of a socket, from the query parameter `vsn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// JSON objects.
    V1,
    /// JSON arrays, and binary frames for user broadcasts.
    V2,
}

impl Version {
    /// Reads the parameter; absent means 1.0.0, as Phoenix has it.
    pub fn parse(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::V1);
        };
        let (head, patch) = text.rsplit_once('.')?;
        if patch.is_empty() || !patch.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        match head {
            "1.0" => Some(Self::V1),
            "2.0" => Some(Self::V2),
            _ => None,
        }
    }
}

/// How the payload of a user's broadcast is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes that mean nothing to us.
    Binary,
    /// JSON text.
    Json,
}

/// The payload of a client's message.
#[derive(Debug, Clone)]
pub enum Payload {
    /// JSON, not yet looked at.
    Json(Box<RawValue>),
    /// A user's broadcast out of a binary frame.
    User {
        /// The user's event name.
        event: String,
        /// How `body` is encoded.
        encoding: Encoding,
        /// The payload itself.
        body: Bytes,
    },
    /// Bytes of a plain Phoenix binary push, which no event of ours takes.
    Binary,
}

impl Payload {
    /// The JSON payload as a value; anything else is null.
    pub fn value(&self) -> Value {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }
}

/// A client's message.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Which join of the topic it belongs to; echoed in answers.
    pub join_ref: Value,
    /// Its own reference; echoed in its answer.
    pub reference: Value,
    /// Channel topic.
    pub topic: String,
    /// Event name.
    pub event: String,
    /// What it carries.
    pub payload: Payload,
}

/// Why a frame is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not JSON, or not UTF-8.
    #[error("{0}")]
    Json(String),
    /// JSON of another form.
    #[error("{0}")]
    Form(&'static str),
}

/// Decodes a text frame.
///
/// # Errors
/// [`FrameError`], in words for the client.
pub fn decode_text(version: Version, text: &str) -> Result<Incoming, FrameError> {
    match version {
        Version::V1 => v1::decode(text),
        Version::V2 => v2::decode_text(text),
    }
}

/// Decodes a binary frame.
///
/// # Errors
/// [`FrameError`], in words for the client.
pub fn decode_binary(version: Version, bytes: Bytes) -> Result<Incoming, FrameError> {
    match version {
        // Phoenix hands binary frames to the JSON parser too.
        Version::V1 => match std::str::from_utf8(&bytes) {
            Ok(text) => v1::decode(text),
            Err(_) => Err(FrameError::Json("the frame is not UTF-8".to_owned())),
        },
        Version::V2 => v2::decode_binary(bytes),
    }
}

/// A reply to the message `reference` of `topic`; `response` is JSON text.
pub fn reply(
    version: Version,
    join_ref: &Value,
    reference: &Value,
    topic: &str,
    status: &str,
    response: &str,
) -> Bytes {
    match version {
        Version::V1 => v1::reply(reference, topic, status, response),
        Version::V2 => v2::reply(join_ref, reference, topic, status, response),
    }
}

/// A message that answers nothing; `payload` is JSON text. `join_ref` is given where the message
/// belongs to one join and is null where the same bytes go to many.
pub fn push(
    version: Version,
    join_ref: &Value,
    reference: &Value,
    topic: &str,
    event: &str,
    payload: &[&str],
) -> Bytes {
    match version {
        Version::V1 => v1::push(reference, topic, event, payload),
        Version::V2 => v2::push(join_ref, reference, topic, event, payload),
    }
}

/// Appends `text` as a JSON string.
pub fn push_json_string(out: &mut String, text: &str) {
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        Err(_) => out.push_str("\"\""),
    }
}

pub(crate) fn json_error(error: &serde_json::Error) -> FrameError {
    FrameError::Json(error.to_string())
}

/// References are strings or numbers; anything else counts as none.
pub(crate) fn reference(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) => value,
        _ => Value::Null,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions() {
        assert_eq!(Version::parse(None), Some(Version::V1));
        assert_eq!(Version::parse(Some("1.0.0")), Some(Version::V1));
        assert_eq!(Version::parse(Some("2.0.0")), Some(Version::V2));
        for other in ["", "3.0.0", "2.1.0", "2", "2.0.", "x"] {
            assert_eq!(Version::parse(Some(other)), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_message_or_an_error(text in ".{0,200}") {
            let _ = decode_text(Version::V1, &text);
            let _ = decode_text(Version::V2, &text);
        }

        #[test]
        fn any_bytes_are_a_message_or_an_error(kind in 0u8..6, rest in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut bytes = vec![kind];
            bytes.extend(rest);
            let _ = decode_binary(Version::V1, bytes.clone().into());
            let _ = decode_binary(Version::V2, bytes.into());
        }
    }

    #[test]
    fn deep_nesting_is_refused_or_skipped_without_a_panic() {
        let deep = format!(
            "[null,null,\"t\",\"e\",{}{}]",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let message = decode_text(Version::V2, &deep);
        if let Ok(message) = message {
            assert!(message.payload.value().is_null());
        }
    }
}

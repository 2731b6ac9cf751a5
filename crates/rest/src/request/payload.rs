//! The body: what keys it has. The body itself travels to PostgreSQL as it came; it is scanned
//! here once, without building a value.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::media_type::MediaType;
use super::query_string::{QueryString, decode_pairs};
use super::types::{Action, Invocation, Mutation};
use crate::error::RestError;

/// The body of a write or call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON for `json_to_recordset` and the like.
    Json(Text),
    /// Arguments of a function out of a form.
    Form(Vec<(String, String)>),
    /// The single unnamed argument of a function.
    Raw(Bytes),
}

/// Text that shares the request's bytes. Where nobody looked into it, PostgreSQL is who refuses
/// what is no UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Bytes);

impl Text {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether JSON text looks like an object; PostgreSQL checks the rest.
    pub fn is_object(&self) -> bool {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.0.iter().find(|byte| !blank(byte)) == Some(&b'{')
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

fn invalid(message: impl Into<String>) -> RestError {
    RestError::InvalidBody(message.into())
}

/// The payload and the columns (or arguments) that it names.
pub(super) fn read(
    body: Bytes,
    content_type: &MediaType,
    query: &QueryString,
    action: &Action,
) -> Result<(Option<Payload>, BTreeSet<String>), RestError> {
    let (is_call, heeds_columns) = match action {
        Action::Mutate {
            mutation: Mutation::Create | Mutation::Update,
            ..
        } => (false, true),
        Action::Mutate {
            mutation: Mutation::SingleUpsert,
            ..
        } => (false, false),
        Action::Call {
            invocation: Invocation::Call,
            ..
        } => (true, true),
        _ => return Ok((None, BTreeSet::new())),
    };
    match (content_type, is_call) {
        (MediaType::Json, _) => {
            if let Some(columns) = query.columns.as_ref().filter(|_| heeds_columns) {
                return Ok((Some(Payload::Json(Text(body))), columns.clone()));
            }
            if body.is_empty() && is_call {
                // Names no argument; a function that takes the body itself gets it as it is.
                return Ok((Some(Payload::Json(Text(body))), BTreeSet::new()));
            }
            let shape = shape(&body).ok_or_else(|| invalid("Empty or invalid json"))?;
            json_payload(body, shape)
        }
        (MediaType::Csv, _) => {
            let json = super::csv::to_json(&body).map_err(invalid)?;
            let body = Bytes::from(json);
            let shape = shape(&body).ok_or_else(|| invalid("Empty or invalid json"))?;
            json_payload(body, shape)
        }
        (MediaType::Form, true) => {
            let pairs = form(&body);
            let names = pairs.iter().map(|(name, _)| name.clone()).collect();
            Ok((Some(Payload::Form(pairs)), names))
        }
        (MediaType::Form, false) => {
            let object: serde_json::Map<String, serde_json::Value> = form(&body)
                .into_iter()
                .map(|(k, v)| (k, v.into()))
                .collect();
            let names = object.keys().cloned().collect();
            let text = serde_json::Value::Object(object).to_string();
            Ok((Some(Payload::Json(Text::from(text))), names))
        }
        (MediaType::Plain | MediaType::Xml | MediaType::OctetStream, true) => {
            Ok((Some(Payload::Raw(body)), BTreeSet::new()))
        }
        (other, _) => Err(invalid(format!(
            "Content-Type not acceptable: {}",
            other.mime()
        ))),
    }
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    decode_pairs(&String::from_utf8_lossy(body))
        .into_iter()
        .map(|(name, value)| (name, value.unwrap_or_default()))
        .collect()
}

fn json_payload(
    body: Bytes,
    shape: Shape,
) -> Result<(Option<Payload>, BTreeSet<String>), RestError> {
    let keys = match shape {
        Shape::Rows(keys) => keys,
        Shape::Uneven => return Err(invalid("All object keys must match")),
        Shape::Nothing => {
            return Ok((
                Some(Payload::Json(Text::from("[]".to_owned()))),
                BTreeSet::new(),
            ));
        }
    };
    if std::str::from_utf8(&body).is_err() {
        return Err(invalid("Empty or invalid json"));
    }
    Ok((Some(Payload::Json(Text(body))), keys))
}

/// What rows `body` holds, if it is JSON.
fn shape(body: &[u8]) -> Option<Shape> {
    if !has_whole_pairs(body) {
        return None;
    }
    if let Ok(shape) = serde_json::from_slice(body) {
        return Some(shape);
    }
    std::str::from_utf8(body).ok()?;
    serde_json::from_slice::<IgnoredAny>(body).ok()?;
    // JSON after all, with a number in place of a row that no double can hold.
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    Some(if first == Some(&b'[') {
        Shape::Uneven
    } else {
        Shape::Nothing
    })
}

/// Whether no half of a surrogate pair stands alone in an escape: upstream's JSON reader refuses
/// that, and the one here does not look into values.
fn has_whole_pairs(body: &[u8]) -> bool {
    let escaped = |at: usize| -> Option<u16> {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    while let Some(next) = body[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        at += match escaped(at) {
            Some(0xD800..=0xDBFF) => match escaped(at + 6) {
                Some(0xDC00..=0xDFFF) => 12,
                _ => return false,
            },
            Some(0xDC00..=0xDFFF) => return false,
            _ => 2,
        };
        if at >= body.len() {
            break;
        }
    }
    true
}

/// What rows a JSON text holds.
enum Shape {
    /// An object, or an array of objects with these keys each.
    Rows(BTreeSet<String>),
    /// An array of other things, or of objects with different keys.
    Uneven,
    /// An empty array, or no rows at all: a scalar.
    Nothing,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(Key(key)) = map.next_key()? {
            map.next_value::<IgnoredAny>()?;
            if !keys.contains(key.as_ref()) {
                keys.insert(key.into_owned());
            }
        }
        Ok(Shape::Rows(keys))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut keys = match seq.next_element::<Keys>()? {
            None => return Ok(Shape::Nothing),
            Some(Keys(keys)) => keys,
        };
        let mut seen_in = RowKeys {
            last_row: keys.iter().flatten().map(|key| (key.clone(), 0)).collect(),
            row: 0,
        };
        while let Some(same) = seq.next_element_seed(SameKeys(&mut seen_in))? {
            if !same {
                keys = None;
            }
        }
        Ok(keys.map_or(Shape::Uneven, Shape::Rows))
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }
    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        input.deserialize_str(KeyVisitor)
    }
}

/// The keys of one element, if it is an object.
struct Keys(Option<BTreeSet<String>>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let mut keys = None;
        input.deserialize_any(ElementVisitor::Collect(&mut keys))?;
        Ok(Self(keys))
    }
}

/// The keys that each row must have, with the last row that had them.
struct RowKeys {
    last_row: HashMap<String, usize>,
    row: usize,
}

/// Whether one element is an object with exactly the expected keys.
struct SameKeys<'k>(&'k mut RowKeys);

impl<'de> serde::de::DeserializeSeed<'de> for SameKeys<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<bool, D::Error> {
        input.deserialize_any(ElementVisitor::Compare(self.0))
    }
}

enum ElementVisitor<'k> {
    Collect(&'k mut Option<BTreeSet<String>>),
    Compare(&'k mut RowKeys),
}

impl<'de> Visitor<'de> for ElementVisitor<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        match self {
            Self::Collect(collected) => {
                let mut keys = BTreeSet::new();
                while let Some(Key(key)) = map.next_key()? {
                    map.next_value::<IgnoredAny>()?;
                    keys.insert(key.into_owned());
                }
                *collected = Some(keys);
                Ok(true)
            }
            Self::Compare(expected) => {
                expected.row += 1;
                let (mut known, mut seen) = (true, 0);
                while let Some(Key(key)) = map.next_key()? {
                    map.next_value::<IgnoredAny>()?;
                    match expected.last_row.get_mut(key.as_ref()) {
                        // A key that stands twice in a row is no new key.
                        Some(row) if *row == expected.row => {}
                        Some(row) => {
                            *row = expected.row;
                            seen += 1;
                        }
                        None => known = false,
                    }
                }
                Ok(known && seen == expected.last_row.len())
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }
    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn keys(json: &str) -> Option<Vec<String>> {
        match shape(json.as_bytes()).unwrap() {
            Shape::Rows(keys) => Some(keys.into_iter().collect()),
            Shape::Uneven => None,
            Shape::Nothing => Some(Vec::new()),
        }
    }

    #[test]
    fn what_is_no_json_has_no_shape() {
        for (json, good) in [
            (r#"{"a":"\ud83d\ude00"}"#, true),
            (r#"{"a":"\\ud83d"}"#, true),
            (r#"{"a":"\ud83d"}"#, false),
            (r#"{"a":"\ude00\ud83d"}"#, false),
            (r#"{"a":"\ud83d\n"}"#, false),
            (r#"{"a":"\"#, false),
            (r#"{"a":"\u"#, false),
            ("1e999", true),
            ("[1e999]", true),
            ("[1e]", false),
        ] {
            assert_eq!(shape(json.as_bytes()).is_some(), good, "{json}");
        }
    }

    #[test]
    fn rows_must_have_the_same_keys() {
        assert_eq!(keys(r#"{"b":1,"a":{"x":[1]}}"#).unwrap(), ["a", "b"]);
        assert_eq!(
            keys(r#"[{"a":1,"b":2},{"b":3,"a":4}]"#).unwrap(),
            ["a", "b"]
        );
        assert_eq!(keys(r#"[{"a":1},{"b":3}]"#), None);
        assert_eq!(keys(r#"[{"a":1},{"a":3,"b":1}]"#), None);
        assert_eq!(keys(r#"[{"a":1},{}]"#), None);
        assert_eq!(keys(r#"[1,2]"#), None);
        assert_eq!(keys(r#"[{"a":1},[]]"#), None);
        assert_eq!(keys("5").unwrap(), Vec::<String>::new());
        assert_eq!(keys("[]").unwrap(), Vec::<String>::new());
        assert_eq!(keys("[{},{}]").unwrap(), Vec::<String>::new());
    }
}

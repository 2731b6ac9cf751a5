//! Version 1.0.0: JSON objects `{topic, event, payload, ref}`.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{FrameError, Incoming, Payload, json_error, push_json_string, reference, wire};

#[derive(Deserialize)]
struct Object<'a> {
    topic: Option<String>,
    event: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(default, rename = "ref")]
    reference: Value,
    #[serde(default)]
    join_ref: Value,
}

pub(super) fn decode(text: &str) -> Result<Incoming, FrameError> {
    let object: Object<'_> = serde_json::from_str(text).map_err(|e| json_error(&e))?;
    Ok(Incoming {
        join_ref: reference(object.join_ref),
        reference: reference(object.reference),
        topic: object
            .topic
            .ok_or(FrameError::Form("missing key \"topic\""))?,
        event: object
            .event
            .ok_or(FrameError::Form("missing key \"event\""))?,
        payload: Payload::Json(
            object
                .payload
                .map_or_else(|| RawValue::NULL.to_owned(), RawValue::to_owned),
        ),
    })
}

pub(super) fn reply(reference: &Value, topic: &str, status: &str, response: &str) -> Bytes {
    let mut head = String::from(r#"{"event":"phx_reply","payload":{"response":"#);
    head.push_str(response);
    head.push_str(",\"status\":");
    push_json_string(&mut head, status);
    let tail = tail(reference, topic, "},");
    wire::text(&[&head, &tail])
}

pub(super) fn push(reference: &Value, topic: &str, event: &str, payload: &[&str]) -> Bytes {
    let mut head = String::from("{\"event\":");
    push_json_string(&mut head, event);
    head.push_str(",\"payload\":");
    let tail = tail(reference, topic, ",");
    let mut parts = Vec::with_capacity(payload.len() + 2);
    parts.push(head.as_str());
    parts.extend_from_slice(payload);
    parts.push(&tail);
    wire::text(&parts)
}

fn tail(reference: &Value, topic: &str, before: &str) -> String {
    let mut tail = format!("{before}\"ref\":{reference},\"topic\":");
    push_json_string(&mut tail, topic);
    tail.push('}');
    tail
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(frame: &Bytes) -> Value {
        serde_json::from_slice(&frame[2..]).unwrap()
    }

    #[test]
    fn messages_round_trip() {
        let text = r#"{"topic":"realtime:a","event":"phx_join","payload":{"x":1},"ref":"1"}"#;
        let message = decode(text).unwrap();
        assert_eq!(message.topic, "realtime:a");
        assert_eq!(message.payload.value(), json!({"x": 1}));
        assert_eq!(
            body(&reply(&message.reference, "realtime:a", "ok", "{}")),
            json!({"topic": "realtime:a", "event": "phx_reply", "ref": "1",
                   "payload": {"status": "ok", "response": {}}})
        );
        assert_eq!(
            body(&push(&Value::Null, "t\"", "e", &["{\"a\":", "2}"])),
            json!({"topic": "t\"", "event": "e", "ref": null, "payload": {"a": 2}})
        );
    }

    #[test]
    fn a_missing_topic_is_named() {
        assert_eq!(
            decode(r#"{"event":"phx_join","payload":{},"ref":"1"}"#).unwrap_err(),
            FrameError::Form("missing key \"topic\"")
        );
        assert!(decode("hello").is_err());
        assert!(decode("[]").is_err());
    }
}

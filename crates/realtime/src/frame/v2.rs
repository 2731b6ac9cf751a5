//! Version 2.0.0: JSON arrays `[join_ref, ref, topic, event, payload]`, and binary frames: kind 3
//! carries a user's broadcast to the server, kind 4 to the clients.

use bytes::{Buf, Bytes};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{
    Encoding, FrameError, Incoming, Payload, json_error, push_json_string, reference, wire,
};

const PUSH: u8 = 0;
const USER_BROADCAST_PUSH: u8 = 3;
const USER_BROADCAST: u8 = 4;

const NOT_AN_ARRAY: FrameError =
    FrameError::Form("expected an array of join_ref, ref, topic, event and payload");

pub(super) fn decode_text(text: &str) -> Result<Incoming, FrameError> {
    let parts: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| {
        if e.is_data() {
            NOT_AN_ARRAY
        } else {
            json_error(&e)
        }
    })?;
    let [join_ref, own_ref, topic, event, payload, ..] = parts.as_slice() else {
        return Err(NOT_AN_ARRAY);
    };
    let parse = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).unwrap_or(Value::Null);
    let text = |raw: &RawValue, what| {
        serde_json::from_str::<String>(raw.get()).map_err(|_| FrameError::Form(what))
    };
    Ok(Incoming {
        join_ref: reference(parse(join_ref)),
        reference: reference(parse(own_ref)),
        topic: text(topic, "the topic is not a string")?,
        event: text(event, "the event is not a string")?,
        payload: Payload::Json((*payload).to_owned()),
    })
}

pub(super) fn decode_binary(mut bytes: Bytes) -> Result<Incoming, FrameError> {
    const SHORT: FrameError = FrameError::Form("a binary frame that ends early");
    let mut lengths = [0; 6];
    let kind = take_byte(&mut bytes).ok_or(SHORT)?;
    let counts = match kind {
        PUSH => 4,
        USER_BROADCAST_PUSH => 6,
        _ => return Err(FrameError::Form("an unknown kind of binary frame")),
    };
    for length in lengths.iter_mut().take(counts) {
        *length = take_byte(&mut bytes).ok_or(SHORT)?;
    }
    let mut text = |length: u8| {
        let length = usize::from(length);
        if bytes.remaining() < length {
            return Err(SHORT);
        }
        String::from_utf8(bytes.split_to(length).to_vec())
            .map_err(|_| FrameError::Form("a binary frame with a header that is not UTF-8"))
    };
    let some = |text: String| {
        if text.is_empty() {
            Value::Null
        } else {
            Value::String(text)
        }
    };
    let join_ref = some(text(lengths[0])?);
    let own_ref = some(text(lengths[1])?);
    let topic = text(lengths[2])?;
    let event = text(lengths[3])?;
    if kind == PUSH {
        return Ok(Incoming {
            join_ref,
            reference: own_ref,
            topic,
            event,
            payload: Payload::Binary,
        });
    }
    // Metadata is for later versions of the protocol; it must be there in full.
    text(lengths[4])?;
    let encoding = if lengths[5] == 0 {
        Encoding::Binary
    } else {
        Encoding::Json
    };
    Ok(Incoming {
        join_ref,
        reference: own_ref,
        topic,
        event: "broadcast".to_owned(),
        payload: Payload::User {
            event,
            encoding,
            body: bytes,
        },
    })
}

fn take_byte(bytes: &mut Bytes) -> Option<u8> {
    bytes.has_remaining().then(|| bytes.get_u8())
}

pub(super) fn reply(
    join_ref: &Value,
    own_ref: &Value,
    topic: &str,
    status: &str,
    response: &str,
) -> Bytes {
    let mut head = format!("[{join_ref},{own_ref},");
    push_json_string(&mut head, topic);
    head.push_str(",\"phx_reply\",{\"response\":");
    let mut tail = String::from(",\"status\":");
    push_json_string(&mut tail, status);
    tail.push_str("}]");
    wire::text(&[&head, response, &tail])
}

pub(super) fn push(
    join_ref: &Value,
    own_ref: &Value,
    topic: &str,
    event: &str,
    payload: &[&str],
) -> Bytes {
    let mut head = format!("[{join_ref},{own_ref},");
    push_json_string(&mut head, topic);
    head.push(',');
    push_json_string(&mut head, event);
    head.push(',');
    let mut parts = Vec::with_capacity(payload.len() + 2);
    parts.push(head.as_str());
    parts.extend_from_slice(payload);
    parts.push("]");
    wire::text(&parts)
}

/// A user's broadcast as a binary frame; none if a name is longer than the 255 bytes that the
/// frame can say.
pub fn user_broadcast(
    topic: &str,
    event: &str,
    metadata: &str,
    encoding: Encoding,
    body: &[u8],
) -> Option<Bytes> {
    let length = |text: &str| u8::try_from(text.len()).ok();
    let head = [
        USER_BROADCAST,
        length(topic)?,
        length(event)?,
        length(metadata)?,
        match encoding {
            Encoding::Binary => 0,
            Encoding::Json => 1,
        },
    ];
    Some(wire::binary(&[
        &head,
        topic.as_bytes(),
        event.as_bytes(),
        metadata.as_bytes(),
        body,
    ]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrays_round_trip() {
        let message = decode_text(r#"["1","2","realtime:a","phx_join",{"config":{}}]"#).unwrap();
        assert_eq!(message.join_ref, json!("1"));
        assert_eq!(message.payload.value(), json!({"config": {}}));
        let answer = reply(
            &message.join_ref,
            &message.reference,
            "realtime:a",
            "ok",
            "{}",
        );
        let body: Value = serde_json::from_slice(&answer[2..]).unwrap();
        assert_eq!(
            body,
            json!(["1", "2", "realtime:a", "phx_reply", {"status": "ok", "response": {}}])
        );
    }

    #[test]
    fn a_user_broadcast_is_read_and_written() {
        let frame = Bytes::from_static(b"\x03\x01\x01\x0a\x02\x00\x01jrrealtime:aev{\"a\":1}");
        let message = decode_binary(frame).unwrap();
        assert_eq!(message.topic, "realtime:a");
        let Payload::User {
            event,
            encoding,
            body,
        } = message.payload
        else {
            panic!()
        };
        assert_eq!(
            (event.as_str(), encoding, &body[..]),
            ("ev", Encoding::Json, &b"{\"a\":1}"[..])
        );
        let out = user_broadcast("realtime:a", "ev", "", Encoding::Json, b"{}").unwrap();
        assert_eq!(&out[2..], b"\x04\x0a\x02\x00\x01realtime:aev{}");
        assert!(user_broadcast(&"x".repeat(256), "e", "", Encoding::Json, b"").is_none());
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "{}",
            "[]",
            "[1,2,3]",
            "[null,null,1,\"e\",{}]",
            "nonsense",
            "",
        ] {
            assert!(decode_text(bad).is_err(), "{bad}");
        }
        for bad in [
            &b""[..],
            b"\x03",
            b"\x03\xff\xff\xff\xff\xff\x00abc",
            b"\x09abc",
        ] {
            assert!(decode_binary(Bytes::copy_from_slice(bad)).is_err());
        }
    }
}

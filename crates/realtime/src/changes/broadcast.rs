//! Broadcasts that travel through the log: those sent by SQL, which are rows of
//! `realtime.messages`, and those of clients on a topic that somebody resumes on, which are logical
//! messages. No I/O.

use bytes::Bytes;
use hearth_wal::Lsn;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::history::{Change, Position};
use super::payload::{self, row_cell};
use crate::frame::{self, Encoding, Version};
use crate::registry::{Outgoing, TopicKey};

/// Prefix of the logical messages that carry clients' broadcasts.
pub const PREFIX: &str = "hearth.broadcast";

/// Who sent a broadcast and does not want it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sender {
    /// A member of a topic of the running Hearth, by the run and the member's number.
    Member(uuid::Uuid, u64),
    /// A client that resumes, by the name it gave itself.
    Client(Box<str>),
}

/// The form of a broadcast's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// The whole payload object, `type` and `event` included.
    Whole,
    /// The user's payload as JSON.
    Json,
    /// The user's payload as bytes.
    Binary,
}

/// What stands before the content in a logical message.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    topic: Box<str>,
    private: bool,
    event: String,
    form: Form,
    sender: Option<Sender>,
}

/// A broadcast out of the log.
#[derive(Debug)]
pub struct Broadcast {
    /// Where it stands.
    pub position: Position,
    /// A position from which its transaction would be streamed again.
    pub start: Lsn,
    /// Its size in the log.
    pub bytes: usize,
    /// Its topic.
    pub key: TopicKey,
    /// Who gets it not.
    pub sender: Option<Sender>,
    event: String,
    form: Form,
    body: Bytes,
    /// Id of the stored message.
    id: Option<String>,
}

/// Writes a client's broadcast as the content of a logical message: a line of JSON that says what
/// it is, then the content itself.
pub fn encode(key: &TopicKey, message: &Outgoing<'_>, sender: Option<Sender>) -> Option<Vec<u8>> {
    let (event, form, body) = match message {
        Outgoing::Broadcast(payload) => ("", Form::Whole, payload.get().as_bytes()),
        Outgoing::User {
            event,
            encoding,
            body,
            ..
        } => match encoding {
            Encoding::Json => (*event, Form::Json, *body),
            Encoding::Binary => (*event, Form::Binary, *body),
        },
        Outgoing::PresenceDiff(_) => return None,
    };
    let header = Header {
        topic: (&*key.name).into(),
        private: key.private,
        event: event.to_owned(),
        form,
        sender,
    };
    let mut out = serde_json::to_vec(&header).ok()?;
    out.push(b'\n');
    out.extend_from_slice(body);
    Some(out)
}

/// Reads a logical message; none if it was not written by [`encode`].
pub fn decode(mut content: Bytes, position: Position, start: Lsn) -> Option<Broadcast> {
    let bytes = content.len() + 128;
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let header: Header = serde_json::from_slice(&content.split_to(end)).ok()?;
    let body = content.split_off(1);
    if header.form != Form::Binary {
        serde_json::from_slice::<&RawValue>(&body).ok()?;
    }
    Some(Broadcast {
        position,
        start,
        bytes,
        key: TopicKey {
            name: header.topic.into(),
            private: header.private,
        },
        sender: header.sender,
        event: header.event,
        form: header.form,
        body,
        id: None,
    })
}

/// Reads a row of `realtime.messages`; none if it is no broadcast.
pub fn of_row(change: &Change) -> Option<Broadcast> {
    let value = |name: &str| row_cell(change, name).and_then(payload::text);
    if value("extension").is_some_and(|extension| extension != "broadcast") {
        return None;
    }
    let (form, body) = match (value("binary_payload"), value("payload")) {
        (Some(binary), _) => (Form::Binary, decode_hex(binary)?.into()),
        (None, Some(payload)) => (Form::Json, Bytes::copy_from_slice(payload.as_bytes())),
        (None, None) => return None,
    };
    Some(Broadcast {
        position: change.position,
        start: change.start,
        bytes: change.bytes,
        key: TopicKey {
            name: value("topic")?.into(),
            private: value("private")? == "t",
        },
        sender: None,
        event: value("event")?.to_owned(),
        form,
        body,
        id: Some(value("id")?.to_owned()),
    })
}

impl Broadcast {
    /// Bytes of its content.
    pub fn content_bytes(&self) -> usize {
        self.body.len()
    }

    /// Id of the stored message, of a broadcast from SQL.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What goes to those who do not resume.
    ///
    /// `use_message` gets it; nothing is sent where the content is not what it says it is.
    pub fn outgoing(&self, use_message: impl FnOnce(&Outgoing<'_>)) {
        match self.form {
            Form::Whole => {
                if let Ok(payload) = serde_json::from_slice::<&RawValue>(&self.body) {
                    use_message(&Outgoing::Broadcast(payload));
                }
            }
            Form::Json | Form::Binary => use_message(&Outgoing::User {
                event: &self.event,
                encoding: self.encoding(),
                body: &self.body,
                metadata: &self.meta(false),
            }),
        }
    }

    /// The frame for those who resume: its position is in `meta`. None where the version of the
    /// protocol cannot say it.
    pub fn frame(&self, version: Version, topic: &str) -> Option<Bytes> {
        let meta = self.meta(true);
        if self.form != Form::Whole {
            let message = Outgoing::User {
                event: &self.event,
                encoding: self.encoding(),
                body: &self.body,
                metadata: &meta,
            };
            return message.encode(version, topic);
        }
        let payload = std::str::from_utf8(&self.body).ok()?.trim();
        let open = payload.strip_suffix('}')?.trim_end();
        let comma = if open.ends_with('{') { "" } else { "," };
        let none = Value::Null;
        let parts = [open, comma, "\"meta\":", &meta, "}"];
        Some(frame::push(
            version,
            &none,
            &none,
            topic,
            "broadcast",
            &parts,
        ))
    }

    fn encoding(&self) -> Encoding {
        match self.form {
            Form::Binary => Encoding::Binary,
            Form::Whole | Form::Json => Encoding::Json,
        }
    }

    fn meta(&self, with_position: bool) -> String {
        let position = self.position;
        match (&self.id, with_position) {
            (None, false) => String::new(),
            (Some(id), false) => format!("{{\"id\":\"{id}\"}}"),
            (None, true) => format!("{{\"position\":\"{position}\"}}"),
            (Some(id), true) => format!("{{\"id\":\"{id}\",\"position\":\"{position}\"}}"),
        }
    }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let nibble = |b: u8| (b as char).to_digit(16).map(|n| n as u8);
    digits
        .chunks(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(*pair.get(1)?)?))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> TopicKey {
        TopicKey {
            name: "a\n\"b".into(),
            private: true,
        }
    }

    #[test]
    fn a_broadcast_goes_through_the_log_and_gains_its_position() {
        let raw = RawValue::from_string(r#"{"type":"broadcast","event":"e"}"#.to_owned()).unwrap();
        let sender = Some(Sender::Client("me".into()));
        let content = encode(&key(), &Outgoing::Broadcast(&raw), sender.clone()).unwrap();
        let position = Position {
            commit: Lsn(0x1_0000_00ff),
            index: 2,
        };
        let read = decode(content.into(), position, Lsn(7)).unwrap();
        assert_eq!((&read.key, &read.sender), (&key(), &sender));
        let frame = read.frame(Version::V1, "realtime:x").unwrap();
        let message: Value = serde_json::from_slice(&frame[2..]).unwrap();
        assert_eq!(
            message["payload"],
            serde_json::json!({"type": "broadcast", "event": "e", "meta": {"position": "1/FF:2"}})
        );

        let user = Outgoing::User {
            event: "e",
            encoding: Encoding::Binary,
            body: b"\n\xff",
            metadata: "",
        };
        let content = encode(&key(), &user, None).unwrap();
        let read = decode(content.into(), position, Lsn(7)).unwrap();
        assert_eq!(&read.body[..], b"\n\xff");
        assert!(read.frame(Version::V1, "realtime:x").is_none());
        let frame = read.frame(Version::V2, "t").unwrap();
        assert!(frame.ends_with(b"te{\"position\":\"1/FF:2\"}\n\xff"));
    }

    #[test]
    fn hexadecimal_is_decoded() {
        assert_eq!(
            decode_hex("\\xdeadBEEF"),
            Some(vec![0xde, 0xad, 0xbe, 0xef])
        );
        assert_eq!(decode_hex("\\x"), Some(Vec::new()));
        assert_eq!(decode_hex("\\xd"), None);
        assert_eq!(decode_hex("dead"), None);
    }

    proptest! {
        #[test]
        fn any_content_is_a_broadcast_or_none(content in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(content.into(), Position::default(), Lsn::ZERO);
        }
    }
}

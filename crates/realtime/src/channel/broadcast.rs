//! `broadcast`: a client's message to everyone on the topic.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::Joined;
use crate::changes::broadcast::{Sender, encode};
use crate::frame::{Incoming, Payload};
use crate::limits::PAYLOAD_PADDING;
use crate::registry::Outgoing;
use crate::shared::Shared;

/// Sends it, if the channel's policies are known to allow it. False: they have to be asked first.
pub fn handle(shared: &Arc<Shared>, joined: &mut Joined, message: &Incoming) -> bool {
    match joined.policies.map(|policies| policies.broadcast_write) {
        Some(None) => return false,
        // Upstream drops it in silence, and an acknowledgement would be a lie.
        Some(Some(false)) => return true,
        Some(Some(true)) | None => {}
    }
    let settings = shared.app.app.settings();
    if !shared
        .app
        .limits
        .events
        .take(settings.realtime.max_events_per_second, 1)
    {
        shared.throttled(joined, "Too many messages per second");
        return true;
    }
    let limit = settings.realtime.max_payload_bytes + PAYLOAD_PADDING;
    let (length, outgoing) = match &message.payload {
        Payload::Json(raw) if is_object(raw) => (raw.get().len(), Outgoing::Broadcast(raw)),
        Payload::User {
            event,
            encoding,
            body,
        } => (
            body.len(),
            Outgoing::User {
                event,
                encoding: *encoding,
                body,
                metadata: "",
            },
        ),
        _ => return true,
    };
    if length > limit {
        if joined.ack {
            shared.reply(message, "error", r#"{"reason":"payload_size_exceeded"}"#);
        }
        return true;
    }
    if joined.membership.is_kept() {
        keep(shared, joined, message, &outgoing);
        return true;
    }
    joined.membership.send(&outgoing, joined.own_broadcasts);
    if joined.ack {
        shared.reply(message, "ok", "{}");
    }
    true
}

/// Sends it through the log, since somebody resumes on the topic; it is acknowledged once it is
/// there.
fn keep(shared: &Arc<Shared>, joined: &Joined, message: &Incoming, outgoing: &Outgoing<'_>) {
    let sender = match &joined.client {
        _ if joined.own_broadcasts => None,
        Some(client) => Some(Sender::Client((&**client).into())),
        None => Some(joined.membership.as_sender()),
    };
    let Some(content) = encode(joined.membership.key(), outgoing, sender) else {
        return;
    };
    let acknowledge = joined.ack.then(|| {
        let (join_ref, reference) = (message.join_ref.clone(), message.reference.clone());
        (shared.clone(), join_ref, reference, message.topic.clone())
    });
    let done = move |written: bool| {
        let Some((shared, join_ref, reference, topic)) = acknowledge else {
            return;
        };
        let (status, response) = if written {
            ("ok", "{}")
        } else {
            ("error", r#"{"reason":"unable_to_broadcast"}"#)
        };
        shared.reply_to(&join_ref, &reference, &topic, status, response);
    };
    shared.app.changes.emit(content, Box::new(done));
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().trim_start().starts_with('{')
}

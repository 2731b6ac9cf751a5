//! `presence`: `track` and `untrack`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Joined;
use crate::authorize::Policies;
use crate::frame::Incoming;
use crate::limits::{PAYLOAD_PADDING, PRESENCE_EVENTS_PER_SECOND};
use crate::shared::Shared;

/// What became of the message.
pub enum Outcome {
    /// It is answered.
    Done,
    /// The policies have to be asked first.
    Ask,
    /// The channel is to be closed with these words.
    Close(&'static str),
}

/// Tracks or untracks.
pub fn handle(
    shared: &Arc<Shared>,
    joined: &mut Joined,
    message: &Incoming,
    asked: bool,
) -> Outcome {
    let payload = message.payload.value();
    let Some(event) = payload["event"].as_str().map(str::to_ascii_lowercase) else {
        shared.reply(message, "ok", "{}");
        return Outcome::Done;
    };
    if !asked && !joined.presence_window.take() {
        return Outcome::Close("Client presence rate limit exceeded");
    }
    match event.as_str() {
        "track" => match joined.policies.map(known) {
            Some(None) => return Outcome::Ask,
            Some(Some(false)) => shared.reply(message, "error", "{}"),
            Some(Some(true)) | None => return track(shared, joined, message, payload),
        },
        "untrack" => {
            joined.membership.untrack();
            shared.reply(message, "ok", "{}");
        }
        _ => shared.reply(message, "error", "{}"),
    }
    Outcome::Done
}

/// Whether the client may track itself; none where something has yet to be asked, reading included.
fn known(policies: Policies) -> Option<bool> {
    policies.presence_read.and(policies.presence_write)
}

fn track(
    shared: &Arc<Shared>,
    joined: &mut Joined,
    message: &Incoming,
    mut payload: Value,
) -> Outcome {
    let tracked = match payload.get_mut("payload").map(Value::take) {
        None => Map::new(),
        Some(Value::Object(tracked)) => tracked,
        Some(_) => {
            let reason = r#"{"reason":"Presence track payload must be a map"}"#;
            shared.reply(message, "error", reason);
            return Outcome::Done;
        }
    };
    if let crate::frame::Payload::Json(raw) = &message.payload
        && raw.get().len() > shared.app.app.settings().realtime.max_payload_bytes + PAYLOAD_PADDING
    {
        return Outcome::Close("Track message size exceeded");
    }
    if !shared
        .app
        .limits
        .presence
        .take(PRESENCE_EVENTS_PER_SECOND, 1)
    {
        return Outcome::Close("Too many presence messages per second");
    }
    let reference = shared.app.presence_reference();
    joined
        .membership
        .track(&joined.presence_key, reference, tracked);
    shared.reply(message, "ok", "{}");
    Outcome::Done
}

//! What listeners are told about the stream itself.

use serde_json::{Value, json};

use super::history::Position;
use super::subscriptions::Index;
use crate::frame;
use crate::outbox::Close;

/// Tells those who resume that everything up to `position` has been delivered: an event `resume`
/// on their channel.
pub(super) fn tell_position(index: &Index, position: Position) {
    let payload = format!("{{\"position\":\"{position}\"}}");
    for group in index.resuming() {
        let (none, parts) = (Value::Null, [payload.as_str()]);
        let frame = frame::push(group.version, &none, &none, &group.topic, "resume", &parts);
        for member in &group.members {
            // One that joins at this very moment may be ahead.
            if member.after < position {
                member.outbox.push(frame.clone());
            }
        }
    }
}

/// Tells everybody that changes were lost. The sockets of those who resume are closed: they join
/// again, and learn then that their position is no longer known.
pub(super) fn tell_lost(index: &Index) {
    for group in index.groups() {
        if group.positions {
            for member in &group.members {
                member.outbox.close(Close::LOST);
            }
            continue;
        }
        let name = group
            .topic
            .strip_prefix("realtime:")
            .unwrap_or(&group.topic);
        let payload = json!({
            "channel": name,
            "extension": "postgres_changes",
            "message": "ReplicationSlotLost: changes were lost, fetch what you show anew",
            "status": "error",
        });
        let (none, payload) = (Value::Null, payload.to_string());
        let parts = [payload.as_str()];
        let frame = frame::push(group.version, &none, &none, &group.topic, "system", &parts);
        for member in &group.members {
            member.outbox.push(frame.clone());
        }
    }
}

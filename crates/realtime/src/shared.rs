//! What the channels of one socket share, and how they speak to their client.

use std::sync::Arc;

use serde_json::Value;

use crate::app::AppRealtime;
use crate::caller::Caller;
use crate::channel::Joined;
use crate::frame::{self, Incoming, Version, push_json_string};
use crate::outbox::Outbox;

/// What all channels of a socket share.
pub struct Shared {
    /// The application's realtime.
    pub app: Arc<AppRealtime>,
    /// The identity of the handshake.
    pub caller: Caller,
    /// `request.headers` for policies.
    pub headers: Arc<str>,
    /// Protocol version.
    pub version: Version,
    /// What goes to the client.
    pub outbox: Arc<Outbox>,
}

impl Shared {
    /// Answers `message`.
    pub fn reply(&self, message: &Incoming, status: &str, response: &str) {
        self.reply_to(
            &message.join_ref,
            &message.reference,
            &message.topic,
            status,
            response,
        );
    }

    /// Answers a message known by its references.
    pub fn reply_to(
        &self,
        join_ref: &Value,
        reference: &Value,
        topic: &str,
        status: &str,
        response: &str,
    ) {
        let frame = frame::reply(self.version, join_ref, reference, topic, status, response);
        self.outbox.push(frame);
    }

    /// Sends what answers nothing.
    pub fn push(&self, join_ref: &Value, topic: &str, event: &str, payload: &str) {
        let none = Value::Null;
        self.outbox.push(frame::push(
            self.version,
            join_ref,
            &none,
            topic,
            event,
            &[payload],
        ));
    }

    /// Sends a `system` message about a channel.
    pub fn system(
        &self,
        join_ref: &Value,
        topic: &str,
        name: &str,
        extension: &str,
        status: &str,
        message: &str,
    ) {
        let mut payload = String::from("{\"channel\":");
        push_json_string(&mut payload, name);
        payload.push_str(",\"extension\":");
        push_json_string(&mut payload, extension);
        payload.push_str(",\"message\":");
        push_json_string(&mut payload, message);
        payload.push_str(",\"status\":");
        push_json_string(&mut payload, status);
        payload.push('}');
        self.push(join_ref, topic, "system", &payload);
    }

    /// Tells the client that a channel is closed.
    pub fn close_channel(&self, topic: &str, join_ref: &Value) {
        let frame = frame::push(
            self.version,
            join_ref,
            join_ref,
            topic,
            "phx_close",
            &["{}"],
        );
        self.outbox.push(frame);
    }

    /// Notes that the application's limit of events is reached; the caller closes the channel.
    pub fn throttled(&self, joined: &mut Joined, message: &'static str) {
        joined.closing = Some(message);
        tracing::warn!(
            app = %self.app.app.reference, topic = %joined.name, message,
            code = "MessagePerSecondRateLimitReached"
        );
    }
}

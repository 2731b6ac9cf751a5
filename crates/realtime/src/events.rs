//! What the application's log is told of sockets and channels.

use std::net::IpAddr;
use std::sync::Arc;

use hearth_apps::RequestContext;
use hearth_apps::activity::Level;
use serde_json::json;
use tokio::time::Instant;

use crate::channel::Joined;
use crate::error::Refusal;
use crate::frame::Version;
use crate::outbox::Close;
use crate::shared::Shared;

const SERVICE: &str = "realtime";

/// A socket, from its opening to its end.
pub(crate) struct Socket {
    peer: IpAddr,
    since: Instant,
}

impl Socket {
    /// Notes the opening.
    pub(crate) fn opened(context: &RequestContext, version: Version) -> Self {
        let version = match version {
            Version::V1 => "1.0.0",
            Version::V2 => "2.0.0",
        };
        let details = json!({
            "peer": context.peer,
            "version": version,
            "request_id": context.request_id.to_string(),
        });
        context
            .app
            .note(SERVICE, Level::Info, "socket opened", details);
        Self {
            peer: context.peer,
            since: Instant::now(),
        }
    }

    /// Notes the end, and why it was the server that closed.
    pub(crate) fn closed(self, shared: &Shared, close: &Close) {
        let details = json!({
            "peer": self.peer,
            "code": close.code,
            "seconds": self.since.elapsed().as_secs(),
        });
        let (level, message) = match close.code {
            0 | 1000 | 1001 => (Level::Info, "socket closed".to_owned()),
            _ => (Level::Warning, format!("socket closed: {}", close.reason)),
        };
        shared.app.app.note(SERVICE, level, message, details);
    }
}

/// Notes that a socket was not opened; gives the refusal on.
pub(crate) fn refused(context: &RequestContext, refusal: Refusal) -> Refusal {
    let details = json!({ "peer": context.peer, "code": refusal.code() });
    let message = format!("socket refused: {refusal}");
    context.app.note(SERVICE, Level::Warning, message, details);
    refusal
}

/// Notes that a channel was joined.
pub(crate) fn joined(shared: &Shared, topic: &Arc<str>, joined: &Joined) {
    let app = &shared.app.app;
    let details = json!({
        "topic": topic,
        "private": joined.private,
        "changes": joined.changes.is_some(),
        "role": joined.caller.claims.role(),
        "user": joined.caller.claims.subject(),
    });
    app.note(SERVICE, Level::Info, format!("joined {topic}"), details);
}

/// Notes that a channel was not joined.
pub(crate) fn join_refused(shared: &Shared, topic: &Arc<str>, refusal: &Refusal) {
    let details = json!({ "topic": topic, "code": refusal.code() });
    let message = format!("join of {topic} refused: {refusal}");
    shared
        .app
        .app
        .note(SERVICE, Level::Warning, message, details);
}

/// Notes that a channel was closed by the server.
pub(crate) fn shut(shared: &Shared, topic: &Arc<str>, words: &str) {
    let message = format!("{topic} closed: {words}");
    let details = json!({ "topic": topic });
    shared
        .app
        .app
        .note(SERVICE, Level::Warning, message, details);
}

/// Notes that the policies on `realtime.messages` could not be asked.
pub(crate) fn policies_failed(shared: &Shared, topic: &Arc<str>) {
    let message = format!("the policies on realtime.messages failed for {topic}");
    let details = json!({ "topic": topic, "code": "RlsPolicyError" });
    shared.app.app.note(SERVICE, Level::Error, message, details);
}

//! Server-sent events, for networks that cut WebSockets: `GET /sse` joins the topics it names and
//! streams their messages as the first protocol version would frame them. Sending goes by HTTP
//! (`/api/broadcast`).
//!
//! `topic` is a channel's topic, `config` its join's `config` as JSON, `access_token` the user's
//! token; `join` instead of them is a JSON array of `[topic, payload]` pairs. A client that comes
//! back resumes by `config.resume.after`, the position of the last message it has; where all its
//! channels resume, each message with a position is an event with that as its `id`, so that a
//! browser's own `Last-Event-ID` does the same.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use hearth_apps::RequestContext;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::time::Sleep;

use crate::Realtime;
use crate::caller::{Caller, request_headers};
use crate::changes::Position;
use crate::error::{HttpError, Refusal};
use crate::events;
use crate::frame::{Incoming, Payload, Version, wire};
use crate::limits::SocketGuard;
use crate::outbox::{Close, Outbox};
use crate::shared::Shared;
use crate::socket::Session;

/// A comment is sent after so much silence, for proxies that cut idle connections.
const SILENCE: Duration = Duration::from_secs(20);
/// Most channels of one stream.
const MOST_CHANNELS: usize = 100;

/// Query parameters.
#[derive(Debug, Deserialize)]
pub struct Params {
    topic: Option<String>,
    config: Option<String>,
    access_token: Option<String>,
    join: Option<String>,
}

/// `GET /sse`.
///
/// # Errors
/// As the handshake of a WebSocket; 422 where the parameters name no channel.
pub async fn listen(
    State(realtime): State<Arc<Realtime>>,
    Extension(context): Extension<RequestContext>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let joins = joins(
        &params,
        headers.get("last-event-id").and_then(|id| id.to_str().ok()),
    )?;
    let ids = Ids::of(&joins);
    let app = realtime.app(&context.app).await?;
    let caller = Caller::of_request(&context)?;
    let limits = context.app.settings();
    let most = limits.realtime.max_concurrent_users;
    let guard = app
        .sockets
        .enter(most)
        .ok_or_else(|| events::refused(&context, Refusal::TooManyConnections))?;
    let outbox = Arc::new(Outbox::new(realtime.options.outbox_bytes));
    let shared = Arc::new(Shared {
        app: app.clone(),
        caller,
        headers: request_headers(&headers),
        version: Version::V1,
        outbox: outbox.clone(),
    });
    let client = events::Socket::opened(&context, Version::V1);
    realtime.tasks.spawn(async move {
        let id = app.open.enter(&shared.outbox);
        Box::pin(Session::new(shared.clone()).listen(joins)).await;
        app.open.leave(id);
        client.closed(&shared, &shared.outbox.closed().await);
    });
    let events = Events {
        ids,
        outbox,
        batch: VecDeque::new(),
        written: 0,
        silence: Box::pin(tokio::time::sleep(SILENCE)),
        _guard: guard,
    };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

fn joins(params: &Params, last_event: Option<&str>) -> Result<Vec<Incoming>, HttpError> {
    let invalid = |name: &str, words: &str| HttpError::Invalid(json!({ name: [words] }));
    let read = |name: &str, text: &str| {
        serde_json::from_str::<Value>(text).map_err(|_| invalid(name, "is invalid"))
    };
    let pairs: Vec<(String, Value)> = match (&params.join, &params.topic) {
        (Some(join), _) => serde_json::from_value(read("join", join)?)
            .map_err(|_| invalid("join", "is invalid"))?,
        (None, Some(topic)) => {
            let mut payload = json!({ "config": {} });
            if let Some(config) = &params.config {
                payload["config"] = read("config", config)?;
            }
            if let Some(token) = &params.access_token {
                payload["access_token"] = token.as_str().into();
            }
            vec![(topic.clone(), payload)]
        }
        (None, None) => return Err(invalid("topic", "can't be blank")),
    };
    if pairs.is_empty() || pairs.len() > MOST_CHANNELS {
        return Err(invalid("join", "is invalid"));
    }
    let messages = pairs
        .into_iter()
        .enumerate()
        .map(|(number, (topic, mut payload))| {
            if let Some(resume) = payload.pointer_mut("/config/resume")
                && let Some(position) = last_event
                && resume.is_object()
            {
                resume["after"] = position.into();
            }
            let reference = Value::String((number + 1).to_string());
            Incoming {
                join_ref: reference.clone(),
                reference,
                topic,
                event: "phx_join".to_owned(),
                payload: Payload::Json(
                    to_raw_value(&payload).unwrap_or_else(|_| RawValue::NULL.to_owned()),
                ),
            }
        });
    Ok(messages.collect())
}

/// Which messages say their position as their event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    /// None: a channel does not resume.
    None,
    /// Changes alone: broadcasts come as their senders wrote them.
    Changes,
    /// Changes and broadcasts.
    All,
}

impl Ids {
    fn of(joins: &[Incoming]) -> Self {
        let mut ids = Self::All;
        for join in joins {
            let payload = join.payload.value();
            match payload.pointer("/config/resume") {
                Some(Value::Object(resume)) => {
                    if resume.get("broadcast") == Some(&Value::Bool(false)) {
                        ids = Self::Changes;
                    }
                }
                _ => return Self::None,
            }
        }
        ids
    }

    /// The position to name in a message's event.
    fn position(self, text: &str) -> Option<Position> {
        #[derive(Deserialize)]
        struct Message {
            event: String,
            payload: Positions,
        }
        #[derive(Deserialize)]
        struct Positions {
            position: Option<String>,
            meta: Option<Box<Positions>>,
        }
        if self == Self::None || !text.contains("\"position\":") {
            return None;
        }
        let message: Message = serde_json::from_str(text).ok()?;
        let position = match (message.event.as_str(), message.payload.meta) {
            ("postgres_changes" | "resume", _) => message.payload.position,
            ("broadcast", Some(meta)) if self == Self::All => meta.position,
            _ => None,
        };
        position?.parse().ok()
    }
}

/// The body: what the outbox holds, as events. The session ends when the client goes.
struct Events {
    ids: Ids,
    outbox: Arc<Outbox>,
    batch: VecDeque<Bytes>,
    written: usize,
    silence: Pin<Box<Sleep>>,
    _guard: SocketGuard,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.outbox.close(Close::PEER);
    }
}

impl Stream for Events {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match this
            .outbox
            .poll_take(context, &mut this.batch, &mut this.written)
        {
            Poll::Ready(None) => {
                let mut out = String::new();
                for frame in this.batch.drain(..) {
                    this.written += frame.len();
                    push_event(&mut out, &frame, this.ids);
                }
                this.silence
                    .as_mut()
                    .reset(tokio::time::Instant::now() + SILENCE);
                Poll::Ready(Some(Ok(out.into())))
            }
            Poll::Ready(Some(_)) => Poll::Ready(None),
            Poll::Pending => {
                if this.silence.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                this.silence
                    .as_mut()
                    .reset(tokio::time::Instant::now() + SILENCE);
                Poll::Ready(Some(Ok(Bytes::from_static(b":\n\n"))))
            }
        }
    }
}

fn push_event(out: &mut String, frame: &Bytes, ids: Ids) {
    let Some(text) = wire::text_of(frame) else {
        return;
    };
    if let Some(position) = ids.position(text) {
        out.push_str(&format!("id: {position}\n"));
    }
    for line in text.split(['\n', '\r']) {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_events() {
        let mut out = String::new();
        push_event(&mut out, &wire::text(&["{\"a\":\n1}"]), Ids::All);
        assert_eq!(out, "data: {\"a\":\ndata: 1}\n\n");
        let change = r#"{"event":"postgres_changes","payload":{"ids":[1],"position":"0/1:2"}}"#;
        let broadcast = r#"{"event":"broadcast","payload":{"meta":{"position":"0/1:3"}}}"#;
        let forged = r#"{"event":"broadcast","payload":{"meta":{"position":"0/1:3\ndata: x"}}}"#;
        for (text, ids, id) in [
            (change, Ids::All, "id: 0/1:2\n"),
            (change, Ids::Changes, "id: 0/1:2\n"),
            (change, Ids::None, ""),
            (broadcast, Ids::All, "id: 0/1:3\n"),
            (broadcast, Ids::Changes, ""),
            (forged, Ids::All, ""),
        ] {
            out.clear();
            push_event(&mut out, &wire::text(&[text]), ids);
            assert_eq!(out, format!("{id}data: {text}\n\n"));
        }
    }

    #[test]
    fn joins_are_read_from_the_query() {
        let params = |topic: Option<&str>, config: Option<&str>, join: Option<&str>| Params {
            topic: topic.map(str::to_owned),
            config: config.map(str::to_owned),
            access_token: None,
            join: join.map(str::to_owned),
        };
        let one = params(Some("realtime:a"), Some(r#"{"resume":{}}"#), None);
        let messages = joins(&one, Some("0/1:2")).unwrap();
        assert_eq!(Ids::of(&messages), Ids::All);
        assert_eq!(
            messages[0].payload.value(),
            json!({"config": {"resume": {"after": "0/1:2"}}})
        );
        let two = params(None, None, Some(r#"[["realtime:a",{}],["realtime:b",{}]]"#));
        assert_eq!(joins(&two, None).unwrap().len(), 2);
        for bad in [
            params(None, None, None),
            params(Some("a"), Some("{"), None),
            params(None, None, Some("[]")),
            params(None, None, Some("[1]")),
        ] {
            assert!(joins(&bad, None).is_err());
        }
    }
}

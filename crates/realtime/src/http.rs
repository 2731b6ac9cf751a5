//! Broadcasts by HTTP: a batch, or one message whose payload is the body.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use hearth_apps::RequestContext;
use http::{HeaderMap, StatusCode, header};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::Realtime;
use crate::app::AppRealtime;
use crate::authorize::{self, AuthorizeError, Policies};
use crate::caller::{Caller, request_headers};
use crate::error::HttpError;
use crate::frame::{Encoding, push_json_string};
use crate::limits::PAYLOAD_PADDING;
use crate::registry::{Outgoing, TopicKey};

/// `GET /api/ping`.
pub async fn ping() -> Json<Value> {
    Json(json!({ "message": "Success" }))
}

struct Message {
    key: TopicKey,
    payload: Box<RawValue>,
}

/// `POST /api/broadcast`: `{messages: [{topic, event, payload, private}]}`.
///
/// # Errors
/// The documented refusals.
pub async fn batch(
    State(realtime): State<Arc<Realtime>>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, HttpError> {
    let caller = Caller::of_request(&context).map_err(|_| HttpError::Unauthorized)?;
    let app = realtime.app(&context.app).await?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| HttpError::NotJson)?;
    let limit = context.app.settings().realtime.max_payload_bytes + PAYLOAD_PADDING;
    let messages = read_batch(&body, limit)?;
    let rate = context.app.settings().realtime.max_events_per_second;
    let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    if !app.limits.events.take(rate, count) {
        return Err(HttpError::TooMany(if count > rate {
            "Too many messages to broadcast, please reduce the batch size"
        } else {
            "You have exceeded your rate limit"
        }));
    }
    // One question per private topic, however many messages go to it. What a policy forbids is
    // dropped and the rest goes out, as upstream has it.
    let mut allowed: HashMap<Arc<str>, bool> = HashMap::new();
    let request = request_headers(&headers);
    let mut sending = Vec::with_capacity(messages.len());
    for message in &messages {
        let key = &message.key;
        if key.private && !allowed.contains_key(&key.name) {
            let may = may_write(&app, &caller, &request, &key.name).await;
            allowed.insert(key.name.clone(), matches!(may, Ok(true)));
        }
        if !key.private || allowed.get(&key.name) == Some(&true) {
            sending.push((key, Outgoing::Broadcast(&message.payload)));
        }
    }
    // All at once: those that go through the log share a commit.
    let sent = sending
        .iter()
        .map(|(key, message)| app.broadcast(key, message));
    let sent = futures_util::future::join_all(sent).await;
    if sent.contains(&false) {
        return Err(HttpError::Unavailable);
    }
    Ok(StatusCode::ACCEPTED)
}

fn read_batch(body: &Value, limit: usize) -> Result<Vec<Message>, HttpError> {
    let blank = || json!(["can't be blank"]);
    let Some(list) = body.get("messages").filter(|list| !list.is_null()) else {
        return Err(HttpError::Invalid(json!({ "messages": blank() })));
    };
    let Some(list) = list.as_array() else {
        return Err(HttpError::Invalid(json!({ "messages": ["is invalid"] })));
    };
    let mut messages = Vec::with_capacity(list.len());
    let mut errors = Vec::with_capacity(list.len());
    for item in list {
        let mut wrong = Map::new();
        let mut text = |name: &str| match &item[name] {
            Value::String(text) if !text.trim().is_empty() => text.as_str(),
            Value::Null | Value::String(_) => {
                wrong.insert(name.to_owned(), blank());
                ""
            }
            _ => {
                wrong.insert(name.to_owned(), json!(["is invalid"]));
                ""
            }
        };
        let (topic, event) = (text("topic"), text("event"));
        let payload = match &item["payload"] {
            payload @ Value::Object(_) => payload.to_string(),
            other => {
                let words = if other.is_null() {
                    blank()
                } else {
                    json!(["is invalid"])
                };
                wrong.insert("payload".to_owned(), words);
                String::new()
            }
        };
        if payload.len() > limit {
            let words = json!(["Payload size exceeds tenant limit"]);
            wrong.insert("payload".to_owned(), words);
        }
        let private = match &item["private"] {
            Value::Null => false,
            Value::Bool(private) => *private,
            Value::String(text) if text == "true" || text == "1" => true,
            Value::String(text) if text == "false" || text == "0" => false,
            _ => {
                wrong.insert("private".to_owned(), json!(["is invalid"]));
                false
            }
        };
        let mut text = String::from("{\"event\":");
        push_json_string(&mut text, event);
        text.push_str(",\"payload\":");
        text.push_str(if payload.is_empty() { "null" } else { &payload });
        text.push_str(",\"type\":\"broadcast\"}");
        if let Ok(payload) = RawValue::from_string(text) {
            messages.push(Message {
                key: TopicKey {
                    name: topic.into(),
                    private,
                },
                payload,
            });
        }
        errors.push(Value::Object(wrong));
    }
    if errors
        .iter()
        .any(|wrong| wrong.as_object().is_some_and(|wrong| !wrong.is_empty()))
    {
        return Err(HttpError::Invalid(json!({ "messages": errors })));
    }
    Ok(messages)
}

/// `POST /api/broadcast/{topic}/events/{event}`: the body is the payload.
///
/// # Errors
/// The documented refusals.
pub async fn single(
    State(realtime): State<Arc<Realtime>>,
    Extension(context): Extension<RequestContext>,
    Path((topic, event)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, HttpError> {
    let encoding = encoding(&headers)?;
    let caller = Caller::of_request(&context).map_err(|_| HttpError::Unauthorized)?;
    let app = realtime.app(&context.app).await?;
    let settings = context.app.settings();
    if encoding == Encoding::Json && serde_json::from_slice::<&RawValue>(&body).is_err() {
        return Err(HttpError::NotJson);
    }
    if body.len() > settings.realtime.max_payload_bytes + PAYLOAD_PADDING {
        let words = json!({ "payload": ["Payload size exceeds tenant limit"] });
        return Err(HttpError::Invalid(words));
    }
    if !app
        .limits
        .events
        .take(settings.realtime.max_events_per_second, 1)
    {
        return Err(HttpError::TooMany("You have exceeded your rate limit"));
    }
    let private = query
        .get("private")
        .is_some_and(|private| private == "true");
    let key = TopicKey {
        name: topic.into(),
        private,
    };
    if private {
        let may = may_write(&app, &caller, &request_headers(&headers), &key.name).await;
        match may {
            Ok(true) => {}
            Ok(false) => return Err(HttpError::Forbidden),
            Err(AuthorizeError::Unavailable) => return Err(HttpError::Unavailable),
            Err(AuthorizeError::Busy) => {
                return Err(HttpError::TooMany("Connection pool exhausted"));
            }
            Err(AuthorizeError::Policy(error)) => {
                tracing::warn!(app = %context.app.reference, error, code = "RlsPolicyError");
                return Err(HttpError::Unprocessable("RLS policy error"));
            }
        }
    }
    let message = Outgoing::User {
        event: &event,
        encoding,
        body: &body,
        metadata: "",
    };
    if !app.broadcast(&key, &message).await {
        return Err(HttpError::Unavailable);
    }
    Ok(StatusCode::ACCEPTED)
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, HttpError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Encoding::Json);
    };
    let kind = kind.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Encoding::Json),
        "application/octet-stream" => Ok(Encoding::Binary),
        _ => Err(HttpError::MediaType),
    }
}

async fn may_write(
    app: &AppRealtime,
    caller: &Caller,
    headers: &str,
    topic: &str,
) -> Result<bool, AuthorizeError> {
    let policies = authorize::write(&app.app, caller, headers, topic, Policies::default()).await?;
    Ok(policies.broadcast_write == Some(true))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_names_what_is_wrong() {
        let refuse = |body: Value| match read_batch(&body, 100) {
            Err(HttpError::Invalid(errors)) => errors,
            _ => panic!("{body} passes"),
        };
        assert_eq!(refuse(json!({})), json!({"messages": ["can't be blank"]}));
        assert_eq!(
            refuse(json!({"messages": 1})),
            json!({"messages": ["is invalid"]})
        );
        assert_eq!(
            refuse(
                json!({"messages": [{"topic": "a", "event": "e", "payload": {}}, {"topic": ""}]})
            ),
            json!({"messages": [{}, {
                "topic": ["can't be blank"], "event": ["can't be blank"],
                "payload": ["can't be blank"]
            }]})
        );
        let good = json!({"messages": [{"topic": "a", "event": "e", "payload": {"x": 1}}]});
        let messages = read_batch(&good, 100).unwrap();
        assert_eq!(
            messages[0].payload.get(),
            r#"{"event":"e","payload":{"x":1},"type":"broadcast"}"#
        );
    }
}

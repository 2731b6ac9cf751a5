//! `phx_join`: limits, token, policies, replay, subscription to changes, in this order; every
//! refusal is a named code. The reply goes out only when the position in the change stream is
//! fixed, so that nothing committed after it is missed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Joined, reads};
use crate::authorize::{self, AuthorizeError, Policies};
use crate::caller::Caller;
use crate::changes::{self, Outcome, Resume, SubscribeError, Wanted};
use crate::error::Refusal;
use crate::limits::PresenceWindow;
use crate::registry::{Entrant, Membership, TopicKey};
use crate::replay::{self, Replay};
use crate::shared::Shared;

/// Longest time a join with `wait` is held.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How long it is held if it does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(15);

/// A join, read out of its message.
pub struct Join {
    /// As it stands in frames.
    pub topic: Arc<str>,
    /// Echoed in all answers.
    pub join_ref: Value,
    /// Echoed in the reply.
    pub reference: Value,
    token: Option<String>,
    private: bool,
    ack: bool,
    own_broadcasts: bool,
    replication_ready: bool,
    replay: Option<Result<Replay, Refusal>>,
    presence_key: String,
    presence_state: bool,
    changes: Vec<Map<String, Value>>,
    legacy: bool,
    wait: Option<Duration>,
    resume: Result<Option<Resume>, &'static str>,
}

impl Join {
    /// Reads a join's payload as leniently as upstream: a field of the wrong type counts as left
    /// out.
    pub fn read(topic: Arc<str>, join_ref: Value, reference: Value, payload: &Value) -> Self {
        let config = &payload["config"];
        let broadcast = &config["broadcast"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let options = &config["postgres_changes_options"];
        let wait = flexible(&options["wait"]).unwrap_or(false).then(|| {
            let asked = options["timeout"].as_u64().map(Duration::from_millis);
            asked.unwrap_or(DEFAULT_WAIT).min(LONGEST_WAIT)
        });
        let legacy = payload.get("config").is_none();
        let changes = if legacy {
            vec![legacy_binding(&topic)]
        } else {
            let bindings = config["postgres_changes"].as_array();
            bindings
                .into_iter()
                .flatten()
                .filter_map(Value::as_object)
                .cloned()
                .collect()
        };
        Self {
            token: text(&payload["user_token"]).or_else(|| text(&payload["access_token"])),
            private: flexible(&config["private"]).unwrap_or(false),
            ack: flexible(&broadcast["ack"]).unwrap_or(false),
            own_broadcasts: flexible(&broadcast["self"]).unwrap_or(false),
            replication_ready: flexible(&broadcast["replication_ready"]).unwrap_or(false),
            replay: broadcast
                .get("replay")
                .filter(|replay| !replay.is_null())
                .map(Replay::read),
            presence_key: presence_key(&config["presence"]["key"]),
            presence_state: flexible(&config["presence"]["enabled"]) != Some(false),
            changes,
            legacy,
            wait,
            resume: Resume::read(config.get("resume")),
            topic,
            join_ref,
            reference,
        }
    }

    fn name(&self) -> &str {
        self.topic.strip_prefix("realtime:").unwrap_or(&self.topic)
    }
}

/// Booleans that may come as text.
fn flexible(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn presence_key(key: &Value) -> String {
    match key {
        Value::String(key) if !key.is_empty() => key.clone(),
        Value::Number(key) => key.to_string(),
        _ => uuid::Uuid::new_v4().to_string(),
    }
}

/// Clients before `config` existed name schema, table and filter in the topic.
fn legacy_binding(topic: &str) -> Map<String, Value> {
    let name = topic.strip_prefix("realtime:").unwrap_or(topic);
    let parts = name
        .splitn(3, ':')
        .map(|part| Value::String(part.to_owned()));
    let names = ["schema", "table", "filter"].map(str::to_owned);
    names.into_iter().zip(parts).collect()
}

/// Joins.
///
/// # Errors
/// The named reason.
pub async fn run(shared: Arc<Shared>, join: Join) -> Result<Box<Joined>, Refusal> {
    let app = &shared.app;
    if app.app.settings().realtime.private_only && !join.private {
        return Err(Refusal::PrivateOnly);
    }
    let resume = join.resume.clone().map_err(Refusal::InvalidJoinPayload)?;
    let caller = match &join.token {
        Some(token) => Caller::of_token(&app.app, token, &shared.caller)?,
        None => {
            shared.caller.check_time(app.app.clock.unix())?;
            shared.caller.clone()
        }
    };
    let policies = if join.private {
        Some(policies(&shared, &caller, &join).await?)
    } else {
        None
    };
    let replayed = match &join.replay {
        None => Vec::new(),
        Some(_) if !join.private => return Err(Refusal::ReplayPublic),
        Some(_) if policies.is_some_and(|p| p.broadcast_read != Some(true)) => {
            return Err(Refusal::Unauthorized(join.name().to_owned()));
        }
        Some(Err(refusal)) => return Err(refusal.clone()),
        Some(Ok(replay)) => replay::load(&app.app, join.name(), replay).await?,
    };

    let (bindings, echoed) = changes::bindings(&join.changes);
    let name: Arc<str> = join.name().into();
    let key = TopicKey {
        name: name.clone(),
        private: join.private,
    };
    let hears = resume
        .as_ref()
        .filter(|resume| resume.broadcast && reads(policies.as_ref()).broadcast)
        .map(|_| key.clone());
    let client = resume.as_ref().and_then(|resume| resume.client.clone());
    // Filled by the opening, which the change reader runs between fixing the position and sending
    // the first change.
    let place: Arc<Mutex<Option<Membership>>> = Arc::default();
    let opening = {
        let (shared, place, policies) = (shared.clone(), place.clone(), policies);
        let topic = join.topic.clone();
        let (join_ref, reference) = (join.join_ref.clone(), join.reference.clone());
        let has_changes = !echoed.is_empty();
        let (with_state, ready) = (join.presence_state, join.replication_ready);
        let (name, hears) = (name.clone(), hears.is_some());
        move |outcome: Outcome| {
            let read = reads(policies.as_ref());
            let resumed = match &outcome {
                Outcome::Subscribed { resumed } => resumed.as_ref(),
                Outcome::Refused(_) => None,
            };
            let entrant = Entrant {
                outbox: shared.outbox.clone(),
                version: shared.version,
                reads: read,
                resumes: hears && resumed.is_some(),
                replayed: replayed.iter().map(replay::Stored::id).collect(),
            };
            let membership = shared.app.registry.join(key, entrant);
            let mut response = json!({ "postgres_changes": echoed });
            if let Some(resumed) = resumed {
                response["resume"] = json!({ "position": resumed.position });
                if resumed.expired {
                    response["resume"]["expired"] = true.into();
                }
            }
            shared.reply_to(&join_ref, &reference, &topic, "ok", &response.to_string());
            if with_state && read.presence {
                membership.with_state(|state| {
                    shared.push(&join_ref, &topic, "presence_state", &state.to_string());
                });
            }
            for message in &replayed {
                message.send(&shared, &join_ref, &topic);
            }
            if has_changes {
                let (status, message) = match &outcome {
                    Outcome::Subscribed { .. } => ("ok", "Subscribed to PostgreSQL"),
                    Outcome::Refused(reason) => ("error", reason.as_str()),
                };
                shared.system(
                    &join_ref,
                    &topic,
                    &name,
                    "postgres_changes",
                    status,
                    message,
                );
            }
            if ready {
                let message = "Replication connection established";
                shared.system(&join_ref, &topic, &name, "system", "ok", message);
            }
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(membership);
        }
    };

    let wanted = Wanted {
        version: shared.version,
        topic: join.topic.clone(),
        bindings,
        legacy: join.legacy,
        claims: caller.claims.clone(),
        outbox: shared.outbox.clone(),
        must: join.wait.is_some(),
        resume,
        hears,
        client: client.clone(),
    };
    let changes = if join.changes.is_empty() && !join.replication_ready && wanted.resume.is_none() {
        // Broadcasts out of the database reach this channel too, once the reader runs; nobody
        // waits for it.
        app.changes.wake();
        opening(Outcome::Subscribed { resumed: None });
        None
    } else {
        let subscribing = app.changes.subscribe(wanted, Box::new(opening));
        let subscribed = match join.wait {
            None => subscribing.await,
            Some(patience) => tokio::time::timeout(patience, subscribing)
                .await
                .map_err(|_| {
                    let waited = patience.as_millis();
                    Refusal::ChangesTimeout(format!(
                        "postgres_changes did not become active within {waited} ms"
                    ))
                })?,
        };
        Some(subscribed.map_err(|error| match error {
            SubscribeError::Refused(reason) => Refusal::ChangesDisabled(reason),
            SubscribeError::Stopped => Refusal::Restarting,
        })?)
    };
    let membership = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(membership) = membership else {
        return Err(Refusal::Restarting);
    };
    Ok(Box::new(Joined {
        name,
        private: join.private,
        ack: join.ack,
        own_broadcasts: join.own_broadcasts,
        presence_key: join.presence_key,
        caller,
        policies,
        membership,
        client,
        changes,
        presence_window: PresenceWindow::default(),
        closing: None,
    }))
}

async fn policies(shared: &Shared, caller: &Caller, join: &Join) -> Result<Policies, Refusal> {
    let name = join.name();
    let read = authorize::read(&shared.app.app, caller, &shared.headers, name).await;
    let mut policies = read.map_err(|error| match error {
        AuthorizeError::Unavailable => Refusal::DatabaseUnavailable,
        AuthorizeError::Busy => Refusal::IncreaseConnectionPool,
        AuthorizeError::Policy(error) => {
            tracing::warn!(app = %shared.app.app.reference, error, code = "RlsPolicyError");
            Refusal::Unauthorized(name.to_owned())
        }
    })?;
    if !join.presence_state {
        // Asked again when the client tracks itself, which enables presence.
        policies.presence_read = None;
    }
    if policies.broadcast_read == Some(true) || policies.presence_read == Some(true) {
        Ok(policies)
    } else {
        Err(Refusal::Unauthorized(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: Value) -> Join {
        Join::read("realtime:room".into(), json!("1"), json!("1"), &payload)
    }

    #[test]
    fn a_join_is_read_leniently() {
        let join = read(json!({"config": {
            "broadcast": {"ack": "TRUE", "self": true},
            "presence": {"key": "", "enabled": false},
            "postgres_changes": [null, {"event": "*", "schema": "public"}],
            "private": 1
        }}));
        assert!(join.ack && join.own_broadcasts && !join.private && !join.presence_state);
        assert!(!join.presence_key.is_empty());
        assert_eq!(join.changes.len(), 1);
        for odd in [json!(null), json!([]), json!("x"), json!({"config": 1})] {
            let join = read(odd);
            assert!(join.token.is_none() && join.presence_state);
        }
    }

    #[test]
    fn joins_of_old_clients_name_the_table_in_the_topic() {
        let join = Join::read(
            "realtime:public:t:id=eq.1".into(),
            json!(null),
            json!("1"),
            &json!({}),
        );
        assert_eq!(
            Value::Object(join.changes[0].clone()),
            json!({"schema": "public", "table": "t", "filter": "id=eq.1"})
        );
    }
}

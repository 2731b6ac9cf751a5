//! The topics of one application and who is on them. A message is encoded once per protocol
//! version and the same bytes go to every socket.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::frame::{self, Encoding, Version};
use crate::outbox::Outbox;
use crate::presence::Presence;

/// Names a topic. A public and a private channel of one name never hear each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicKey {
    /// The name behind `realtime:`.
    pub name: Arc<str>,
    /// Whether it is the private one.
    pub private: bool,
}

/// What goes to the members of a topic.
#[derive(Debug)]
pub enum Outgoing<'a> {
    /// A broadcast whose payload object came as JSON, `type` and `event` included.
    Broadcast(&'a RawValue),
    /// A broadcast with a user's event and payload apart.
    User {
        /// The user's event name.
        event: &'a str,
        /// How the body is encoded.
        encoding: Encoding,
        /// The payload.
        body: &'a [u8],
        /// JSON object for `meta`, or empty.
        metadata: &'a str,
    },
    /// A change of who is present.
    PresenceDiff(&'a Value),
}

impl Outgoing<'_> {
    fn is_presence(&self) -> bool {
        matches!(self, Self::PresenceDiff(_))
    }

    /// The frame for one protocol version; none where that version cannot say it.
    pub fn encode(&self, version: Version, topic: &str) -> Option<Bytes> {
        let push = |event: &str, payload: &[&str]| {
            Some(frame::push(
                version,
                &Value::Null,
                &Value::Null,
                topic,
                event,
                payload,
            ))
        };
        match self {
            Self::Broadcast(payload) => push("broadcast", &[payload.get()]),
            Self::PresenceDiff(diff) => push("presence_diff", &[&diff.to_string()]),
            Self::User {
                event,
                encoding,
                body,
                metadata,
            } => match version {
                Version::V2 => frame::v2::user_broadcast(topic, event, metadata, *encoding, body),
                Version::V1 if *encoding == Encoding::Binary => None,
                Version::V1 => {
                    // The body is a client's word: only JSON may stand inside JSON.
                    let body = std::str::from_utf8(body).ok()?;
                    serde_json::from_str::<&RawValue>(body).ok()?;
                    let mut head = String::from("{\"event\":");
                    frame::push_json_string(&mut head, event);
                    if !metadata.is_empty() {
                        head.push_str(",\"meta\":");
                        head.push_str(metadata);
                    }
                    head.push_str(",\"payload\":");
                    push("broadcast", &[&head, body, ",\"type\":\"broadcast\"}"])
                }
            },
        }
    }
}

/// What a member of a topic may receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// Broadcasts.
    pub broadcast: bool,
    /// Presence.
    pub presence: bool,
}

impl Reads {
    /// Everything, as on public channels.
    pub const ALL: Self = Self {
        broadcast: true,
        presence: true,
    };
}

#[derive(Debug)]
struct Member {
    id: u64,
    outbox: Arc<Outbox>,
    version: Version,
    reads: Reads,
}

#[derive(Debug, Default)]
struct Members {
    /// Ascending by id, since ids ascend and the newest is pushed last.
    list: Vec<Member>,
    presence: Presence,
}

/// One topic.
#[derive(Debug)]
pub struct Topic {
    key: TopicKey,
    /// `realtime:` and the name, as it stands in frames.
    wire: Arc<str>,
    members: Mutex<Members>,
}

impl Topic {
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(members: &Members, wire: &str, message: &Outgoing<'_>, except: Option<u64>) -> usize {
        let mut encoded: [Option<Option<Bytes>>; 2] = [None, None];
        let mut sent = 0;
        for member in &members.list {
            let reads = if message.is_presence() {
                member.reads.presence
            } else {
                member.reads.broadcast
            };
            if !reads || Some(member.id) == except {
                continue;
            }
            let slot = &mut encoded[member.version as usize];
            let frame = slot.get_or_insert_with(|| message.encode(member.version, wire));
            if let Some(frame) = frame {
                member.outbox.push(frame.clone());
                sent += 1;
            }
        }
        sent
    }
}

/// The topics of one application.
#[derive(Debug, Default)]
pub struct Registry {
    topics: Mutex<HashMap<TopicKey, Arc<Topic>>>,
    next: AtomicU64,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, HashMap<TopicKey, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a socket on a topic until the membership is dropped.
    pub fn join(
        self: &Arc<Self>,
        key: TopicKey,
        outbox: Arc<Outbox>,
        version: Version,
        reads: Reads,
    ) -> Membership {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut topics = self.lock();
        let topic = topics
            .entry(key)
            .or_insert_with_key(|key| {
                Arc::new(Topic {
                    key: key.clone(),
                    wire: format!("realtime:{}", key.name).into(),
                    members: Mutex::default(),
                })
            })
            .clone();
        // Under the registry's lock, so that an emptied topic is not removed in between, and so
        // that members stay in the order of their ids.
        let mut members = topic.lock();
        let at = members.list.partition_point(|member| member.id < id);
        members.list.insert(
            at,
            Member {
                id,
                outbox,
                version,
                reads,
            },
        );
        drop(members);
        drop(topics);
        Membership {
            registry: self.clone(),
            topic,
            id,
            tracked: None,
        }
    }

    /// Sends to everyone on the topic; returns to how many.
    pub fn send(&self, key: &TopicKey, message: &Outgoing<'_>) -> usize {
        let Some(topic) = self.lock().get(key).cloned() else {
            return 0;
        };
        let members = topic.lock();
        Topic::send(&members, &topic.wire, message, None)
    }

    /// How many topics have members.
    pub fn topics(&self) -> usize {
        self.lock().len()
    }
}

/// A socket's place on a topic. Dropping it leaves the topic and whatever was tracked there.
#[derive(Debug)]
pub struct Membership {
    registry: Arc<Registry>,
    topic: Arc<Topic>,
    id: u64,
    tracked: Option<String>,
}

impl Membership {
    /// Sends to the others on the topic, and to oneself if `to_self`.
    pub fn send(&self, message: &Outgoing<'_>, to_self: bool) -> usize {
        let members = self.topic.lock();
        let except = if to_self { None } else { Some(self.id) };
        Topic::send(&members, &self.topic.wire, message, except)
    }

    /// Changes what is received, after a new token.
    pub fn set_reads(&self, reads: Reads) {
        let mut members = self.topic.lock();
        if let Ok(at) = members
            .list
            .binary_search_by_key(&self.id, |member| member.id)
        {
            members.list[at].reads = reads;
        }
    }

    /// Tracks a presence and tells everyone, oneself included.
    pub fn track(&mut self, key: &str, reference: String, payload: Map<String, Value>) {
        let mut members = self.topic.lock();
        if let Some(diff) = members.presence.track(self.id, key, reference, payload) {
            Topic::send(
                &members,
                &self.topic.wire,
                &Outgoing::PresenceDiff(&diff),
                None,
            );
        }
        self.tracked = Some(key.to_owned());
    }

    /// Removes the presence and tells everyone.
    pub fn untrack(&mut self) {
        let Some(key) = self.tracked.take() else {
            return;
        };
        let mut members = self.topic.lock();
        if let Some(diff) = members.presence.untrack(self.id, &key) {
            Topic::send(
                &members,
                &self.topic.wire,
                &Outgoing::PresenceDiff(&diff),
                None,
            );
        }
    }

    /// Who is present now, handed over under the topic's lock: a diff that is sent later is not
    /// yet part of it, one that was sent earlier is.
    pub fn with_state<R>(&self, use_state: impl FnOnce(Value) -> R) -> R {
        let members = self.topic.lock();
        use_state(members.presence.state())
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut topics = self.registry.lock();
        let mut members = self.topic.lock();
        if let Ok(at) = members
            .list
            .binary_search_by_key(&self.id, |member| member.id)
        {
            members.list.remove(at);
        }
        if let Some(key) = self.tracked.take()
            && let Some(diff) = members.presence.untrack(self.id, &key)
        {
            Topic::send(
                &members,
                &self.topic.wire,
                &Outgoing::PresenceDiff(&diff),
                None,
            );
        }
        if members.list.is_empty() {
            topics.remove(&self.topic.key);
        }
    }
}

//! The topics of one application and who is on them. A message is encoded once per protocol
//! version and the same bytes go to every socket.
//!
//! Broadcasts of a topic that somebody resumes on are kept in the log of the database: they come
//! back from there, to those who resume by the change reader, to the others by [`Registry::relay`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::changes::broadcast::{Broadcast, Sender};
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

/// A socket that joins a topic.
#[derive(Debug)]
pub struct Entrant {
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// Its protocol version.
    pub version: Version,
    /// What it may receive.
    pub reads: Reads,
    /// It resumes: its broadcasts come out of the log, in order with its changes.
    pub resumes: bool,
    /// Ids of the stored messages that were replayed to it.
    pub replayed: Box<[Box<str>]>,
}

#[derive(Debug)]
struct Member {
    id: u64,
    socket: Entrant,
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

    fn send(members: &Members, wire: &str, message: &Outgoing<'_>, skip: impl Fn(&Member) -> bool) {
        let mut encoded: [Option<Option<Bytes>>; 2] = [None, None];
        for member in &members.list {
            let socket = &member.socket;
            let reads = if message.is_presence() {
                socket.reads.presence
            } else {
                socket.reads.broadcast && !socket.resumes
            };
            if !reads || skip(member) {
                continue;
            }
            let slot = &mut encoded[socket.version as usize];
            let frame = slot.get_or_insert_with(|| message.encode(socket.version, wire));
            if let Some(frame) = frame {
                socket.outbox.push(frame.clone());
            }
        }
    }
}

/// The topics whose broadcasts are kept in the log.
#[derive(Debug, Default)]
struct Kept {
    topics: HashMap<TopicKey, KeptTopic>,
    /// Until then all of them: after a restart it is not known who resumes where.
    everything_until: Option<Instant>,
}

#[derive(Debug)]
struct KeptTopic {
    members: usize,
    /// When the last one left.
    left: Instant,
}

/// The topics of one application.
#[derive(Debug)]
pub struct Registry {
    topics: Mutex<HashMap<TopicKey, Arc<Topic>>>,
    next: AtomicU64,
    kept: Mutex<Kept>,
    /// Tells members of this registry from those of a former Hearth.
    run: uuid::Uuid,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            topics: Mutex::default(),
            next: AtomicU64::new(0),
            kept: Mutex::default(),
            run: uuid::Uuid::new_v4(),
        }
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, HashMap<TopicKey, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a socket on a topic until the membership is dropped.
    pub fn join(self: &Arc<Self>, key: TopicKey, socket: Entrant) -> Membership {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let resumes = socket.resumes;
        if resumes {
            let mut kept = self.lock_kept();
            let fresh = || KeptTopic {
                members: 0,
                left: Instant::now(),
            };
            kept.topics.entry(key.clone()).or_insert_with(fresh).members += 1;
        }
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
        members.list.insert(at, Member { id, socket });
        drop(members);
        drop(topics);
        Membership {
            registry: self.clone(),
            topic,
            id,
            resumes,
            tracked: None,
        }
    }

    /// Sends to everyone on the topic who does not resume.
    pub fn send(&self, key: &TopicKey, message: &Outgoing<'_>) {
        if let Some(topic) = self.topic(key) {
            Topic::send(&topic.lock(), &topic.wire, message, |_| false);
        }
    }

    /// Sends a broadcast out of the log to everyone on its topic who does not resume.
    pub fn relay(&self, broadcast: &Broadcast) {
        let Some(topic) = self.topic(&broadcast.key) else {
            return;
        };
        let except = match &broadcast.sender {
            Some(Sender::Member(run, id)) if *run == self.run => Some(*id),
            _ => None,
        };
        // A stored message may come by the log just after its replay.
        let replayed = |member: &Member| {
            let mut replayed = member.socket.replayed.iter();
            broadcast
                .id()
                .is_some_and(|id| replayed.any(|other| **other == *id))
        };
        let skip = |member: &Member| Some(member.id) == except || replayed(member);
        let members = topic.lock();
        broadcast.outgoing(|message| Topic::send(&members, &topic.wire, message, skip));
    }

    fn topic(&self, key: &TopicKey) -> Option<Arc<Topic>> {
        self.lock().get(key).cloned()
    }

    /// Whether the topic's broadcasts are kept in the log.
    pub fn is_kept(&self, key: &TopicKey) -> bool {
        let kept = self.lock_kept();
        kept.topics.contains_key(key) || kept.everything_until.is_some()
    }

    /// Keeps the broadcasts of all topics for a while.
    pub fn keep_everything_for(&self, window: Duration) {
        self.lock_kept().everything_until = Some(Instant::now() + window);
    }

    /// Keeps no longer what nobody has resumed on for the window.
    pub fn expire_kept(&self, window: Duration) {
        let mut kept = self.lock_kept();
        if kept.everything_until.is_some_and(|at| at <= Instant::now()) {
            kept.everything_until = None;
        }
        kept.topics
            .retain(|_, topic| topic.members > 0 || topic.left.elapsed() <= window);
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
    resumes: bool,
    tracked: Option<String>,
}

impl Membership {
    /// The topic.
    pub fn key(&self) -> &TopicKey {
        &self.topic.key
    }

    /// Whether its broadcasts are kept in the log.
    pub fn is_kept(&self) -> bool {
        self.resumes || self.registry.is_kept(&self.topic.key)
    }

    /// This member as the sender of a broadcast that goes through the log.
    pub fn as_sender(&self) -> Sender {
        Sender::Member(self.registry.run, self.id)
    }

    /// Sends to the others on the topic, and to oneself if `to_self`.
    pub fn send(&self, message: &Outgoing<'_>, to_self: bool) {
        let members = self.topic.lock();
        let except = if to_self { None } else { Some(self.id) };
        let own = |member: &Member| Some(member.id) == except;
        Topic::send(&members, &self.topic.wire, message, own);
    }

    /// Changes what is received, after a new token.
    pub fn set_reads(&self, reads: Reads) {
        let mut members = self.topic.lock();
        if let Ok(at) = members
            .list
            .binary_search_by_key(&self.id, |member| member.id)
        {
            members.list[at].socket.reads = reads;
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
                |_| false,
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
                |_| false,
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
        if self.resumes
            && let Some(topic) = self.registry.lock_kept().topics.get_mut(&self.topic.key)
        {
            topic.members -= 1;
            topic.left = Instant::now();
        }
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
                |_| false,
            );
        }
        if members.list.is_empty() {
            topics.remove(&self.topic.key);
        }
    }
}

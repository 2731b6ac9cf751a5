//! One client's socket: the handshake, the loop over its frames, and the dispatch of messages to
//! its channels.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Query, Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::future::{Abortable, Aborted};
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use hearth_apps::RequestContext;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::Realtime;
use crate::authorize::{self, AuthorizeError, Policies};
use crate::caller::{Caller, request_headers};
use crate::channel::access_token::Refreshed;
use crate::channel::presence::Outcome;
use crate::channel::{Channel, Joined, access_token, broadcast, join, leave, presence, reads};
use crate::connection;
use crate::error::{HttpError, Refusal};
use crate::events;
use crate::frame::{self, Incoming, Version, push_json_string};
use crate::limits::{IDLE, MAX_QUEUED, MAX_TOPIC_BYTES};
use crate::outbox::{Close, Outbox};
use crate::shared::Shared;

/// How long a closing socket may take to write its last words.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Query parameters of the handshake that the gateway has not dealt with.
#[derive(Debug, Deserialize)]
pub struct Params {
    vsn: Option<String>,
}

/// `GET /websocket`.
///
/// # Errors
/// The refusal of the handshake.
pub async fn handshake(
    State(realtime): State<Arc<Realtime>>,
    Extension(context): Extension<RequestContext>,
    Query(params): Query<Params>,
    mut request: Request,
) -> Result<Response, HttpError> {
    let Some(version) = Version::parse(params.vsn.as_deref()) else {
        return Err(HttpError::Handshake(StatusCode::FORBIDDEN, "".into()));
    };
    let app = realtime.app(&context.app).await?;
    let caller = Caller::of_request(&context)?;
    let limits = context.app.settings();
    let guard = app
        .sockets
        .enter(limits.realtime.max_concurrent_users)
        .ok_or_else(|| events::refused(&context, Refusal::TooManyConnections))?;
    let Some(response) = connection::accept(request.headers()) else {
        let message = "this address speaks WebSocket";
        return Ok((
            StatusCode::UPGRADE_REQUIRED,
            [(http::header::UPGRADE, "websocket")],
            message,
        )
            .into_response());
    };
    let headers = request_headers(request.headers());
    let upgrade = hyper::upgrade::on(&mut request);
    let outbox = Arc::new(Outbox::new(realtime.options.outbox_bytes));
    let shared = Arc::new(Shared {
        app,
        caller,
        headers,
        version,
        outbox,
    });
    let client = events::Socket::opened(&context, version);
    realtime.tasks.spawn(async move {
        let _guard = guard;
        match upgrade.await {
            Ok(upgraded) => {
                serve(upgraded, shared.clone()).await;
                client.closed(&shared, &shared.outbox.closed().await);
            }
            Err(error) => tracing::debug!(%error, "the client went away during the handshake"),
        }
    });
    Ok(response)
}

async fn serve(upgraded: hyper::upgrade::Upgraded, shared: Arc<Shared>) {
    let (reader, writer) = connection::open(upgraded, shared.outbox.clone()).await;
    let mut writing = tokio::spawn(connection::write(writer, shared.outbox.clone()));
    let id = shared.app.open.enter(&shared.outbox);
    Box::pin(Session::new(shared.clone()).run(reader)).await;
    shared.app.open.leave(id);
    shared.outbox.close(Close::PEER);
    if tokio::time::timeout(LAST_WORDS, &mut writing)
        .await
        .is_err()
    {
        writing.abort();
    }
}

/// What the database has answered for a channel.
enum Done {
    Joined(Box<Result<Box<Joined>, Refusal>>, Value),
    Token(Result<Refreshed, String>),
    Policies(Result<Policies, AuthorizeError>, Incoming),
}

type Work = Pin<Box<dyn Future<Output = (Arc<str>, u64, Result<Done, Aborted>)> + Send>>;

/// A socket and its channels.
pub struct Session {
    /// What its channels share.
    pub shared: Arc<Shared>,
    /// Its channels by their topic as it stands in frames.
    pub channels: HashMap<Arc<str>, Channel>,
    work: FuturesUnordered<Work>,
    serial: u64,
    heard: Instant,
    /// The client cannot say anything, so that its silence means nothing.
    one_way: bool,
}

impl Session {
    /// A session without channels.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            channels: HashMap::new(),
            work: FuturesUnordered::new(),
            serial: 0,
            heard: Instant::now(),
            one_way: false,
        }
    }

    /// For a client that only listens: joins as if it had sent `messages`.
    pub async fn listen(mut self, messages: Vec<Incoming>) {
        self.one_way = true;
        for message in messages {
            self.on_message(message);
        }
        self.run(futures_util::stream::pending()).await;
    }

    /// Handles what `frames` brings until it ends or the outbox is closed.
    pub async fn run<F>(mut self, mut frames: F)
    where
        F: Stream<Item = Result<Message, WsError>> + Unpin,
    {
        let shared = self.shared.clone();
        let timer = tokio::time::sleep_until(self.next_check());
        tokio::pin!(timer);
        loop {
            tokio::select! {
                frame = frames.next() => {
                    if !self.on_frame(frame) {
                        // Whatever tungstenite still has to say is in the outbox by now.
                        return;
                    }
                }
                Some((topic, serial, done)) = self.work.next(), if !self.work.is_empty() => {
                    if let Ok(done) = done {
                        self.on_done(&topic, serial, done);
                    }
                    timer.as_mut().reset(self.next_check());
                }
                () = &mut timer => {
                    if self.heard.elapsed() >= IDLE && !self.one_way {
                        shared.outbox.close(Close::IDLE);
                    }
                    self.check_tokens();
                    timer.as_mut().reset(self.next_check());
                }
                _ = shared.outbox.closed() => return,
            }
        }
    }

    fn on_frame(&mut self, frame: Option<Result<Message, WsError>>) -> bool {
        self.heard = Instant::now();
        let decoded = match frame {
            Some(Ok(Message::Text(text))) => frame::decode_text(self.shared.version, &text),
            Some(Ok(Message::Binary(bytes))) => frame::decode_binary(self.shared.version, bytes),
            Some(Ok(_)) => return true,
            Some(Err(error)) => {
                let close = match error {
                    WsError::Capacity(_) => Close::TOO_LARGE,
                    WsError::Protocol(_) | WsError::Utf8(_) => Close::PROTOCOL,
                    _ => Close::PEER,
                };
                self.shared.outbox.close(close);
                return false;
            }
            None => return false,
        };
        match decoded {
            Ok(message) => self.on_message(message),
            Err(error) => {
                // Upstream only logs it; the client is told, on the topic that no channel has.
                let words = format!("MalformedWebSocketMessage: {error}");
                self.shared.system(
                    &Value::Null,
                    "phoenix",
                    "phoenix",
                    "system",
                    "error",
                    &words,
                );
            }
        }
        true
    }

    fn on_message(&mut self, message: Incoming) {
        match (message.topic.as_str(), message.event.as_str()) {
            ("phoenix", "heartbeat") => self.shared.reply(&message, "ok", "{}"),
            (_, "phx_join") => self.on_join(message),
            (_, "phx_leave") => leave::handle(self, &message),
            (topic, _) => match self.channels.get_mut(topic) {
                None => self.refuse(&message, &Refusal::UnmatchedTopic),
                Some(channel) if channel.working.is_some() => {
                    if channel.queue.len() < MAX_QUEUED {
                        channel.queue.push_back(message);
                    }
                }
                Some(_) => self.on_event(message),
            },
        }
    }

    fn refuse(&self, message: &Incoming, refusal: &Refusal) {
        let mut response = String::from("{\"reason\":");
        push_json_string(&mut response, &refusal.reason());
        response.push('}');
        self.shared.reply(message, "error", &response);
    }

    fn on_join(&mut self, message: Incoming) {
        if let Some(old) = self.channels.remove(message.topic.as_str()) {
            self.shared.close_channel(&old.topic, &old.join_ref);
        }
        let settings = self.shared.app.app.settings();
        let limits = &settings.realtime;
        let name = message.topic.strip_prefix("realtime:");
        let refusal = match name {
            None => Some(Refusal::UnmatchedTopic),
            Some("") => Some(Refusal::TopicNameRequired),
            Some(_) if message.topic.len() > MAX_TOPIC_BYTES => Some(Refusal::UnmatchedTopic),
            Some(_) if self.channels.len() >= limits.max_channels_per_client => {
                Some(Refusal::TooManyChannels)
            }
            Some(_)
                if !self
                    .shared
                    .app
                    .limits
                    .joins
                    .take(limits.max_joins_per_second, 1) =>
            {
                Some(Refusal::TooManyJoins)
            }
            Some(_) if self.shared.app.is_stopping() => Some(Refusal::Restarting),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.refuse(&message, &refusal);
            if refusal == Refusal::TooManyJoins {
                self.shared.outbox.close(Close::JOINS);
            }
            return;
        }
        let payload = message.payload.value();
        if !payload.is_object() {
            let refusal = Refusal::InvalidJoinPayload("unable to parse, expected a map");
            return self.refuse(&message, &refusal);
        }
        let topic: Arc<str> = message.topic.as_str().into();
        self.serial += 1;
        let channel = Channel {
            topic: topic.clone(),
            serial: self.serial,
            join_ref: message.join_ref.clone(),
            working: None,
            queue: Default::default(),
            joined: None,
        };
        self.channels.insert(topic.clone(), channel);
        let join = join::Join::read(
            topic.clone(),
            message.join_ref.clone(),
            message.reference.clone(),
            &payload,
        );
        let shared = self.shared.clone();
        self.start(&topic, async move {
            let joined = join::run(shared, join).await;
            Done::Joined(Box::new(joined), message.reference)
        });
    }

    /// Runs `work` for a channel, whose later messages wait for it.
    fn start(&mut self, topic: &Arc<str>, work: impl Future<Output = Done> + Send + 'static) {
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        let (abort, registration) = futures_util::future::AbortHandle::new_pair();
        channel.working = Some(abort);
        let (topic, serial) = (topic.clone(), channel.serial);
        let work = Abortable::new(work, registration);
        self.work
            .push(Box::pin(async move { (topic, serial, work.await) }));
    }

    fn on_done(&mut self, topic: &Arc<str>, serial: u64, done: Done) {
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        if channel.serial != serial {
            return;
        }
        channel.working = None;
        match done {
            Done::Joined(result, reference) => match *result {
                Ok(joined) => {
                    events::joined(&self.shared, topic, &joined);
                    channel.joined = Some(joined);
                }
                Err(refusal) => {
                    events::join_refused(&self.shared, topic, &refusal);
                    let join_ref = channel.join_ref.clone();
                    self.channels.remove(topic);
                    let mut response = String::from("{\"reason\":");
                    push_json_string(&mut response, &refusal.reason());
                    response.push('}');
                    self.shared
                        .reply_to(&join_ref, &reference, topic, "error", &response);
                    return;
                }
            },
            Done::Token(Ok(refreshed)) => {
                if let Some(joined) = &mut channel.joined {
                    joined
                        .membership
                        .set_reads(reads(refreshed.policies.as_ref()));
                    if let Some(changes) = &joined.changes {
                        changes.set_claims(refreshed.caller.claims.clone());
                    }
                    joined.policies = refreshed.policies;
                    joined.caller = refreshed.caller;
                }
            }
            Done::Token(Err(words)) => return self.shut(topic, &words),
            Done::Policies(result, message) => {
                let Some(joined) = &mut channel.joined else {
                    return;
                };
                match result {
                    Ok(policies) => {
                        joined.membership.set_reads(reads(Some(&policies)));
                        joined.policies = Some(policies);
                        self.on_event_asked(message, true);
                    }
                    Err(error) => {
                        tracing::warn!(
                            app = %self.shared.app.app.reference, ?error, code = "RlsPolicyError"
                        );
                        events::policies_failed(&self.shared, topic);
                        if message.event == "presence" {
                            self.shared.reply(&message, "error", "{}");
                        }
                    }
                }
            }
        }
        self.drain(topic);
    }

    /// Handles the messages that waited, up to one that has to wait again.
    fn drain(&mut self, topic: &Arc<str>) {
        while let Some(channel) = self.channels.get_mut(topic) {
            if channel.working.is_some() {
                return;
            }
            let Some(message) = channel.queue.pop_front() else {
                return;
            };
            self.on_event(message);
        }
    }

    fn on_event(&mut self, message: Incoming) {
        self.on_event_asked(message, false);
    }

    fn on_event_asked(&mut self, message: Incoming, asked: bool) {
        let shared = self.shared.clone();
        let Some(channel) = self.channels.get_mut(message.topic.as_str()) else {
            return;
        };
        let topic = channel.topic.clone();
        let Some(joined) = &mut channel.joined else {
            return;
        };
        match message.event.as_str() {
            "broadcast" => {
                if !broadcast::handle(&shared, joined, &message) {
                    self.ask(&topic, message);
                } else if let Some(words) = joined.closing.take() {
                    self.shut(&topic, words);
                }
            }
            "presence" => match presence::handle(&shared, joined, &message, asked) {
                Outcome::Done => {}
                Outcome::Ask => self.ask(&topic, message),
                Outcome::Close(words) => self.shut(&topic, words),
            },
            "access_token" => {
                if let Some(token) = access_token::token(joined, &message) {
                    let (name, before) = (joined.name.clone(), joined.policies);
                    self.start(&topic, async move {
                        Done::Token(access_token::refresh(shared, token, name, before).await)
                    });
                }
            }
            event => tracing::debug!(event, "an event that no channel knows"),
        }
    }

    /// Asks what the caller may send, then handles `message` again.
    fn ask(&mut self, topic: &Arc<str>, message: Incoming) {
        let shared = self.shared.clone();
        let Some(joined) = self.channels.get(topic).and_then(|c| c.joined.as_ref()) else {
            return;
        };
        let (caller, name) = (joined.caller.clone(), joined.name.clone());
        let mut policies = joined.policies.unwrap_or_default();
        self.start(topic, async move {
            let (app, headers) = (&shared.app.app, &shared.headers);
            let asked = async {
                // Presence that was not enabled at the join is enabled by tracking.
                if message.event == "presence" && policies.presence_read.is_none() {
                    let read = authorize::read(app, &caller, headers, &name).await?;
                    policies.presence_read = read.presence_read;
                }
                authorize::write(app, &caller, headers, &name, policies).await
            };
            let asked = asked.await;
            Done::Policies(asked, message)
        });
    }

    /// Closes a channel and says why.
    fn shut(&mut self, topic: &Arc<str>, words: &str) {
        let Some(channel) = self.channels.remove(topic) else {
            return;
        };
        events::shut(&self.shared, topic, words);
        let name = topic.strip_prefix("realtime:").unwrap_or(topic);
        self.shared
            .system(&channel.join_ref, topic, name, "system", "error", words);
        self.shared.close_channel(topic, &channel.join_ref);
    }

    fn check_tokens(&mut self) {
        let now = self.shared.app.app.clock.unix();
        let expired = self.channels.iter().filter_map(|(topic, channel)| {
            let refusal = channel.joined.as_ref()?.caller.check_time(now).err()?;
            Some((topic.clone(), refusal.to_string()))
        });
        for (topic, words) in expired.collect::<Vec<_>>() {
            self.shut(&topic, &words);
        }
    }

    /// When the first token expires, or the client will have been silent for too long.
    fn next_check(&self) -> Instant {
        let now = self.shared.app.app.clock.unix();
        let expiries = self
            .channels
            .values()
            .filter_map(|c| c.joined.as_ref()?.caller.expires_at);
        let idle = if self.one_way {
            Instant::now()
        } else {
            self.heard
        } + IDLE;
        match expiries.min() {
            None => idle,
            Some(at) => {
                let wait = Duration::from_secs(at.saturating_sub(now).max(0) as u64);
                // A long wait is cut by the idle check anyhow.
                idle.min(Instant::now() + wait.min(IDLE) + Duration::from_millis(10))
            }
        }
    }
}

//! The reader of one application's changes.
//!
//! Life: started by the first listener; connects, makes or takes over the slot, streams. A lost
//! connection (or a restarted PostgreSQL) is made again and the stream goes on behind the last
//! change that was delivered; sockets notice nothing. A slot that PostgreSQL has invalidated is
//! made anew, which is logged, since what was in between is lost. Once nobody has listened for the
//! window, the slot is dropped and the reader ends; stopping keeps the slot.

mod keep_slot;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use hearth_apps::activity::Level;
use hearth_apps::{App, StreamState};
use hearth_core::Claims;
use hearth_wal::slot::{self, Usage};
use hearth_wal::{Event, Lsn, Message, StreamOptions, WalError, WalStream};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use super::binding::Binding;
use super::catalog::Catalog;
use super::deliver::Delivery;
use super::feed::Feed;
use super::history::{Entry, History, Position};
use super::subscriptions::{Group, Index, Member};
use super::{
    ChangeOptions, Link, MESSAGES_PUBLICATION, Opening, Outcome, PUBLICATION, Resume, Resumed,
    SubscribeError, slot_name,
};
use crate::app::OpenSockets;
use crate::authorize;
use crate::frame::Version;
use crate::outbox::{Close, Outbox};
use crate::registry::{Registry, TopicKey};

/// Most changes in one batch.
const BATCH_CHANGES: usize = 512;
/// A batch ends when it has so many bytes.
const BATCH_BYTES: usize = 1024 * 1024;
/// Bytes that a returning client gets at once, and how many clients get some between two batches of
/// the stream.
const PART_BYTES: usize = 256 * 1024;
/// See [`PART_BYTES`].
const PARTS_AT_ONCE: usize = 32;
/// How long the stream may be silent before returning clients get more.
const NEXT_PARTS: Duration = Duration::from_millis(5);
/// How often the window and the listeners are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Waiting times between attempts to connect: the first, the longest while the server is away, the
/// longest while it refuses.
const BACKOFF: (Duration, Duration, Duration) = (
    Duration::from_millis(100),
    Duration::from_secs(3),
    Duration::from_secs(30),
);
/// How often within a window those who resume are told how far the stream is.
const TOLD: u32 = 20;
/// How often it is looked at what the slot costs.
const LOOK: Duration = Duration::from_secs(5);
/// How long a session may take to end in order.
const STOP_PATIENCE: Duration = Duration::from_secs(3);
/// How long what the catalog says is believed where an event trigger announces schema changes,
/// and where none does.
const BELIEVED: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(1));

/// What others ask of the reader.
pub(crate) enum Command {
    /// A new subscription.
    Subscribe(Box<Pending>),
    /// The end of one.
    Unsubscribe(u64),
    /// A new token.
    Claims(u64, Claims),
    /// Somebody listens for broadcasts out of the database.
    Wake,
}

/// A subscription that waits for its position.
pub(crate) struct Pending {
    pub(super) version: Version,
    pub(super) topic: Arc<str>,
    pub(super) bindings: Vec<Binding>,
    pub(super) legacy: bool,
    pub(super) claims: Claims,
    pub(super) outbox: Arc<Outbox>,
    pub(super) refusal: Option<String>,
    /// The client resumes, perhaps behind a position that it has.
    pub(super) resume: Option<Resume>,
    pub(super) hears: Option<TopicKey>,
    pub(super) client: Option<Arc<str>>,
    pub(super) opening: Opening,
    pub(super) reply: oneshot::Sender<Result<u64, SubscribeError>>,
}

/// The admin connection for slots and catalogs.
pub(super) async fn control(app: &App) -> Result<Client, WalError> {
    let mut config = app.database.admin_config();
    config
        .options("-c search_path=pg_catalog")
        .application_name("hearth realtime control");
    match hearth_pg::connect::connect(&config).await {
        Ok((client, _)) => Ok(client),
        Err(error) if error.is_unavailable() => Err(WalError::Connection(error.to_string())),
        Err(error) => Err(WalError::Refused(hearth_pg::connect::describe(&error))),
    }
}

/// A client that is given what it missed, and how far it is.
#[derive(Debug, Clone, Copy)]
struct Returning {
    id: u64,
    at: Position,
}

enum End {
    /// Asked to stop.
    Stopped,
    /// Nobody listens any more.
    Idle,
}

pub(crate) struct Reader {
    app: Arc<App>,
    registry: Arc<Registry>,
    sockets: Arc<OpenSockets>,
    options: ChangeOptions,
    link: Arc<Mutex<Link>>,
    commands: mpsc::UnboundedReceiver<Command>,
    index: Index,
    pending: Vec<Pending>,
    next_id: u64,
    feed: Feed,
    /// Everything before this has been delivered.
    processed: Lsn,
    history: Option<History>,
    /// Broadcasts from before this have been delivered by a former Hearth.
    live_from: Lsn,
    /// Subscriptions that have yet to be given what they missed.
    resuming: VecDeque<Returning>,
    last_listener: Instant,
    last_resuming: Instant,
    /// When those who resume were last told how far the stream is, and how far it was.
    last_told: (Instant, Lsn),
    /// What the slot cost when it was looked at last.
    usage: Option<Usage>,
    looked: Instant,
    /// How often the slot was lost, and when last.
    losses: (u32, Option<DateTime<Utc>>),
    /// Why the last session ended.
    failure: Option<String>,
}

impl Reader {
    pub(super) fn new(
        app: Arc<App>,
        registry: Arc<Registry>,
        sockets: Arc<OpenSockets>,
        options: ChangeOptions,
        link: Arc<Mutex<Link>>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            app,
            registry,
            sockets,
            options,
            link,
            commands,
            index: Index::default(),
            pending: Vec::new(),
            next_id: 0,
            feed: Feed::default(),
            processed: Lsn::ZERO,
            history: None,
            live_from: Lsn::ZERO,
            resuming: VecDeque::new(),
            last_listener: Instant::now(),
            last_resuming: Instant::now(),
            last_told: (Instant::now(), Lsn::ZERO),
            usage: None,
            looked: Instant::now(),
            losses: (0, None),
            failure: None,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = BACKOFF.0;
        let mut said = String::new();
        loop {
            let started = Instant::now();
            // A session that streams ends by itself and frees the slot; one that is still
            // connecting, or waits for PostgreSQL, is given up.
            let give_up = async {
                stop.cancelled().await;
                tokio::time::sleep(STOP_PATIENCE).await;
            };
            if self.app.database.is_closed() {
                return self.end_for_good();
            }
            self.note(StreamState::Connecting);
            let ended = tokio::select! {
                () = give_up => Ok(End::Stopped),
                ended = self.session(&stop) => ended,
            };
            match ended {
                Ok(End::Stopped) => {
                    if self.app.database.is_closed() {
                        self.end_for_good();
                    }
                    self.note(StreamState::Stopped);
                    return;
                }
                Ok(End::Idle) => {
                    if let Err(error) = super::drop_slot(&self.app).await {
                        tracing::warn!(app = %self.app.reference, %error, "the slot stays");
                    }
                    if self.retire() {
                        return;
                    }
                    self.forget_position();
                }
                Err(error) => {
                    if started.elapsed() > BACKOFF.1 {
                        backoff = BACKOFF.0;
                        said.clear();
                    }
                    // A server that cannot replicate at all says the same each time.
                    let words = error.to_string();
                    self.failure = Some(words.clone());
                    self.note(StreamState::Connecting);
                    if words != said {
                        tracing::warn!(
                            app = %self.app.reference, error = words,
                            code = "ReplicationConnectionDown"
                        );
                        let details = json!({ "code": "ReplicationConnectionDown" });
                        let message = format!("the change reader lost its connection: {words}");
                        self.app.note("realtime", Level::Error, message, details);
                        said = words;
                    }
                    let longest = if error.is_passing() {
                        BACKOFF.1
                    } else {
                        BACKOFF.2
                    };
                    if !error.is_passing() {
                        self.refuse_pending();
                    }
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(backoff) => {}
                    }
                    backoff = (backoff * 2).min(longest);
                }
            }
        }
    }

    /// The application is gone, or another value took its place: its sockets are closed.
    fn end_for_good(&self) {
        tracing::info!(app = %self.app.reference, "the application is closed, and its sockets");
        self.sockets.close();
        self.note(StreamState::Stopped);
    }

    /// Ends the reader, unless a command came meanwhile.
    fn retire(&mut self) -> bool {
        let link = self.link.clone();
        let mut link = link.lock().unwrap_or_else(PoisonError::into_inner);
        match self.commands.try_recv() {
            Ok(command) => {
                drop(link);
                self.on_command(command);
                false
            }
            Err(_) => {
                link.commands = None;
                self.app.stream.store(Arc::default());
                true
            }
        }
    }

    /// A new slot begins where it is made.
    fn forget_position(&mut self) {
        self.feed.delivered = Position::default();
        self.processed = Lsn::ZERO;
        self.history = None;
    }

    /// Tells those who wait that there will be no changes for now; they get them when the cause is
    /// gone.
    fn refuse_pending(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            self.on_command(command);
        }
        for mut pending in std::mem::take(&mut self.pending) {
            let reason = pending.refusal.take().unwrap_or_else(|| {
                "Realtime was unable to connect to the project database".to_owned()
            });
            pending.refusal = Some(reason);
            pending.resume = None;
            pending.hears = None;
            self.place(pending, Position::default(), false);
        }
    }

    /// Connects and streams until something ends it.
    async fn session(&mut self, stop: &CancellationToken) -> Result<End, WalError> {
        let control = control(&self.app).await?;
        let name = slot_name(&self.app.reference);
        let start = self.prepare_slot(&control, &name).await?;
        // What a crash of PostgreSQL took from the end of the log is written anew, perhaps below a
        // position that a client has been given there.
        let end = slot::current_lsn(&control).await?;
        self.index.clamp_after(Position::before(end));
        let options = StreamOptions {
            slot: name,
            publications: vec![PUBLICATION.to_owned(), MESSAGES_PUBLICATION.to_owned()],
            start: self.processed,
            confirmed: start,
        };
        let mut stream = WalStream::connect(&self.app.database.admin_config(), &options).await?;
        let mut catalog = Catalog::new(believed(&control).await?);
        self.feed.restart(self.processed);
        self.keep_partitions().await;
        let ended = self.stream(&control, &mut stream, &mut catalog, stop).await;
        // Frees the slot, so that a successor need not wait for PostgreSQL to notice.
        stream.stop().await;
        ended
    }

    fn new_history(&self, start: Lsn) -> History {
        History::new(start, self.options.window, self.options.window_bytes)
    }

    async fn keep_partitions(&self) {
        if let Err(error) = authorize::keep_partitions(&self.app).await {
            tracing::warn!(app = %self.app.reference, %error, code = "PartitionCreationFailed");
        }
    }

    async fn stream(
        &mut self,
        control: &Client,
        stream: &mut WalStream,
        catalog: &mut Catalog,
        stop: &CancellationToken,
    ) -> Result<End, WalError> {
        self.note(StreamState::Streaming);
        let details = json!({ "slot": slot_name(&self.app.reference) });
        let message = "the change reader streams";
        self.app.note("realtime", Level::Info, message, details);
        let mut tick = tokio::time::interval(TICK);
        let mut partitions = Instant::now();
        loop {
            self.activate(control).await?;
            self.resume(control, catalog).await?;
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(End::Stopped),
                command = self.commands.recv() => {
                    let Some(command) = command else { return Ok(End::Stopped) };
                    self.on_command(command);
                    // A crowd that joins at once shares one look at the position.
                    while let Ok(command) = self.commands.try_recv() {
                        self.on_command(command);
                    }
                }
                // Before the stream, which may never be silent.
                _ = tick.tick() => {
                    catalog.expire();
                    self.look_after_slot(control).await?;
                    self.registry.expire_kept(self.options.window);
                    self.confirm(stream);
                    self.note(StreamState::Streaming);
                    if self.app.database.is_closed() {
                        return Ok(End::Stopped);
                    }
                    if !self.index.is_empty() || self.registry.topics() > 0 {
                        self.last_listener = Instant::now();
                    } else if self.last_listener.elapsed() > self.options.window {
                        return Ok(End::Idle);
                    }
                    if partitions.elapsed() > Duration::from_secs(6 * 3600) {
                        partitions = Instant::now();
                        self.keep_partitions().await;
                    }
                }
                event = stream.recv() => {
                    self.batch(control, stream, catalog, event?).await?;
                }
                () = tokio::time::sleep(NEXT_PARTS), if !self.resuming.is_empty() => {}
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Wake => self.last_listener = Instant::now(),
            Command::Subscribe(pending) => {
                self.last_listener = Instant::now();
                if !pending.reply.is_closed() {
                    self.pending.push(*pending);
                }
            }
            Command::Unsubscribe(id) => {
                self.index.remove(id);
                self.last_listener = Instant::now();
            }
            Command::Claims(id, claims) => self.index.set_claims(id, claims),
        }
    }

    /// Gives those who wait their position: what commits from now on is theirs.
    async fn activate(&mut self, control: &Client) -> Result<(), WalError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let now = slot::current_lsn(control).await?;
        if self.pending.iter().any(|p| p.resume.is_some()) {
            self.last_resuming = Instant::now();
            if self.history.is_none() {
                self.history = Some(self.new_history(self.processed));
            }
        }
        for pending in std::mem::take(&mut self.pending) {
            let wanted = pending.resume.as_ref().and_then(|resume| resume.after);
            let known = wanted.filter(|position| {
                let kept = self.history.as_ref().is_some_and(|h| h.reaches(*position));
                kept && position.commit <= now
            });
            let expired = wanted.is_some() && known.is_none();
            self.place(pending, known.unwrap_or(Position::before(now)), expired);
        }
        Ok(())
    }

    /// Opens the channel and puts the subscription into the index.
    fn place(&mut self, pending: Pending, after: Position, expired: bool) {
        if pending.reply.is_closed() {
            return;
        }
        self.next_id += 1;
        let id = self.next_id;
        let positions = pending.resume.is_some();
        (pending.opening)(match pending.refusal {
            Some(reason) => Outcome::Refused(reason),
            None => Outcome::Subscribed {
                resumed: positions.then(|| Resumed {
                    position: after.to_string(),
                    expired,
                }),
            },
        });
        let group = Group {
            version: pending.version,
            topic: pending.topic,
            bindings: pending.bindings,
            legacy: pending.legacy,
            positions,
            hears: pending.hears,
            claims: pending.claims,
            members: Vec::new(),
        };
        if !group.bindings.is_empty() || group.hears.is_some() {
            // What it missed is behind the stream: it comes again out of the history, and until then
            // it holds back from the stream.
            if positions {
                self.resuming.push_back(Returning { id, at: after });
            }
            self.index.add(
                group,
                Member {
                    id,
                    outbox: pending.outbox,
                    after: if positions { Position::MAX } else { after },
                    client: pending.client,
                },
            );
        }
        if pending.reply.send(Ok(id)).is_err() {
            self.index.remove(id);
        }
    }

    /// Gives returning clients the next parts of what they missed. The stream goes on meanwhile, and
    /// they hold back from it until they have caught up; one that reads slowly delays nobody.
    async fn resume(&mut self, control: &Client, catalog: &mut Catalog) -> Result<(), WalError> {
        for _ in 0..self.resuming.len().min(PARTS_AT_ONCE) {
            let Some(returning) = self.resuming.front().copied() else {
                break;
            };
            // Only now does it leave the queue: had this failed, it would be given again.
            let next = self.give_part(returning, control, catalog).await?;
            self.resuming.pop_front();
            self.resuming.extend(next);
        }
        Ok(())
    }

    /// Gives one client one part; returns where it stands, or nothing once it has caught up.
    async fn give_part(
        &mut self,
        returning: Returning,
        control: &Client,
        catalog: &mut Catalog,
    ) -> Result<Option<Returning>, WalError> {
        let Returning { id, at } = returning;
        let Some((group, member)) = self.index.find(id) else {
            return Ok(None);
        };
        let mut part = Vec::new();
        if let Some(history) = &self.history {
            if !history.reaches(at) {
                // It was overtaken: it joins again and is told so.
                member.outbox.close(Close::SLOW);
                return Ok(None);
            }
            if !member.outbox.has_room() {
                return Ok(Some(returning));
            }
            let mut bytes = 0;
            for entry in history.after(at).take(BATCH_CHANGES) {
                bytes += entry.bytes();
                part.push(entry.clone());
                if bytes > PART_BYTES {
                    break;
                }
            }
        }
        let Some(last) = part.last().map(Entry::position) else {
            self.index.set_after(id, at);
            return Ok(None);
        };
        let delivery = self.delivery(control);
        delivery.run(catalog, &part, Some((group, id))).await?;
        Ok(Some(Returning { id, at: last }))
    }

    fn delivery<'a>(&'a self, control: &'a Client) -> Delivery<'a> {
        Delivery {
            app: &self.app,
            registry: &self.registry,
            index: &self.index,
            control,
            most_bytes: self.options.max_record_bytes,
            live_from: self.live_from,
        }
    }

    /// Reads what is there and delivers it.
    async fn batch(
        &mut self,
        control: &Client,
        stream: &mut WalStream,
        catalog: &mut Catalog,
        first: Event,
    ) -> Result<(), WalError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(event) = next {
            match event {
                Event::KeepAlive { wal_end } => self.feed.keep_alive(wal_end),
                Event::Message(Message::Logical { prefix, .. }) if &*prefix == "hearth.ddl" => {
                    self.deliver(control, catalog, std::mem::take(&mut entries))
                        .await?;
                    catalog.forget();
                }
                Event::Message(message) => {
                    for entry in self.feed.read(message) {
                        bytes += entry.bytes();
                        entries.push(entry);
                    }
                }
            }
            if entries.len() >= BATCH_CHANGES || bytes >= BATCH_BYTES {
                break;
            }
            next = stream.try_recv()?;
        }
        self.deliver(control, catalog, entries).await?;
        // Only now: had anything failed, it would all have been streamed again.
        self.processed = self.processed.max(self.feed.seen);
        self.confirm(stream);
        Ok(())
    }

    async fn deliver(
        &mut self,
        control: &Client,
        catalog: &mut Catalog,
        entries: Vec<Entry>,
    ) -> Result<(), WalError> {
        let Some(last) = entries.last().map(Entry::position) else {
            return Ok(());
        };
        self.delivery(control).run(catalog, &entries, None).await?;
        self.feed.delivered = last;
        if let Some(history) = &mut self.history {
            for entry in entries {
                history.push(entry);
            }
        }
        Ok(())
    }

    fn releasable(&self) -> Lsn {
        match &self.history {
            None => self.processed,
            Some(history) => history.releasable(self.processed),
        }
    }

    fn confirm(&self, stream: &WalStream) {
        stream.confirm(self.releasable());
    }
}

/// How long the catalog may be believed.
async fn believed(control: &Client) -> Result<Duration, WalError> {
    let row = control
        .query_one(
            "select exists (select from pg_event_trigger
             where evtname = 'hearth_realtime_ddl' and evtenabled <> 'D')",
            &[],
        )
        .await?;
    Ok(if row.get(0) { BELIEVED.0 } else { BELIEVED.1 })
}

//! Changes of the database: one reader per application streams them out of the write-ahead log
//! while somebody listens, and for a while after the last listener left.
//!
//! `reader` owns everything: the stream, the slot and the index of subscriptions, so that between
//! a change and the list of those who get it there is no lock and no race. Others speak to it by
//! commands.

pub mod binding;
pub mod broadcast;
pub mod catalog;
pub mod deliver;
pub mod emitter;
mod feed;
pub mod filter;
mod frames;
pub mod history;
mod notice;
pub mod payload;
mod reader;
pub mod render;
pub mod rule;
pub mod subscriptions;
pub mod visibility;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hearth_apps::settings::RealtimeSettings;
use hearth_apps::{App, AppDatabase};
use hearth_core::{AppRef, Claims};
use hearth_pg::Login;
use hearth_wal::{WalError, slot};
use serde_json::{Map, Value};
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use binding::Binding;
pub use history::Position;

use crate::app::OpenSockets;
use crate::frame::Version;
use crate::outbox::Outbox;
use crate::registry::{Registry, TopicKey};
use binding::BindingSpec;
use emitter::{Done, Emitter};
use reader::{Command, Reader};

/// The publication that decides which tables and operations are listened to.
pub const PUBLICATION: &str = "supabase_realtime";
/// The publication of `realtime.messages`.
pub const MESSAGES_PUBLICATION: &str = "supabase_realtime_messages_publication";

/// How changes are read.
#[derive(Debug, Clone)]
pub struct ChangeOptions {
    /// How long the reader and its slot outlive the last listener, and how far back a client may
    /// resume.
    pub window: Duration,
    /// Bytes of changes that are kept for resuming.
    pub window_bytes: usize,
    /// Larger rows lose their larger values (upstream's `poll_max_record_bytes`).
    pub max_record_bytes: usize,
}

impl ChangeOptions {
    /// What an application's settings say.
    pub fn of(settings: &RealtimeSettings) -> Self {
        Self {
            window: Duration::from_secs(settings.resume_window_seconds.into()),
            window_bytes: settings.resume_window_bytes,
            max_record_bytes: 1024 * 1024,
        }
    }
}

/// The name of an application's slot.
pub fn slot_name(reference: &AppRef) -> String {
    format!("hearth_{}", reference.as_str().replace('-', "_"))
}

/// The names of all slots of ours on the server of `database`.
///
/// # Errors
/// If PostgreSQL is away.
pub async fn slots(database: &AppDatabase) -> Result<Vec<String>, WalError> {
    let server = database.server();
    let config = server.config(&Login::Admin, &server.maintenance_database);
    let (client, _) = hearth_pg::connect::connect(&config)
        .await
        .map_err(|error| WalError::Connection(error.to_string()))?;
    let rows = client
        .query(
            "select slot_name::text from pg_catalog.pg_replication_slots
             where slot_name like 'hearth\\_%'",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Drops an application's slot.
///
/// # Errors
/// If PostgreSQL refuses or is away.
pub async fn drop_slot(app: &App) -> Result<(), WalError> {
    let client = reader::control(app).await?;
    slot::drop(&client, &slot_name(&app.reference)).await
}

/// What the client is told when its subscription is in place.
pub enum Outcome {
    /// Changes flow.
    Subscribed {
        /// Where they flow from, for clients that resume.
        resumed: Option<Resumed>,
    },
    /// They do not, for this reason.
    Refused(String),
}

/// What a client that resumes is told in the reply to its join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// What is behind this comes.
    pub position: String,
    /// The position that the client named is no longer known: what was between is lost to it.
    pub expired: bool,
}

/// Called by the reader between fixing the position and sending the first change.
pub type Opening = Box<dyn FnOnce(Outcome) + Send + Sync>;

/// Why there is no subscription.
#[derive(Debug)]
pub enum SubscribeError {
    /// The tables or filters cannot be listened to, and the client wanted to wait for it.
    Refused(String),
    /// The reader stops.
    Stopped,
}

/// What a channel wants to hear.
pub struct Wanted {
    /// Protocol version of its socket.
    pub version: Version,
    /// As it stands in frames.
    pub topic: Arc<str>,
    /// Its bindings, or why one of them makes no sense.
    pub bindings: Result<Vec<BindingSpec>, String>,
    /// The form of frames that clients before `config` understand.
    pub legacy: bool,
    /// Who listens.
    pub claims: Claims,
    /// Where to.
    pub outbox: Arc<Outbox>,
    /// A subscription that cannot be had is an error, not a message.
    pub must: bool,
    /// The join's `resume` option.
    pub resume: Option<Resume>,
    /// The topic whose broadcasts it gets in order with the changes, where it resumes.
    pub hears: Option<TopicKey>,
    /// The name under which it does not want its own broadcasts back.
    pub client: Option<Arc<str>>,
}

/// The join option `resume`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The position of the last message that the client has; none: it begins now.
    pub after: Option<Position>,
    /// Whether broadcasts are part of it.
    pub broadcast: bool,
    /// What the client calls itself, so that its own broadcasts are known after it came back.
    pub client: Option<Arc<str>>,
}

/// Longest name a client may give itself.
const LONGEST_CLIENT: usize = 64;

impl Resume {
    /// Reads `config.resume`; none where the client does not resume.
    ///
    /// # Errors
    /// What is wrong with the position.
    pub fn read(value: Option<&Value>) -> Result<Option<Self>, &'static str> {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return Ok(None);
        };
        let after = match &value["after"] {
            Value::Null => None,
            after => {
                let after = after.as_str().and_then(|text| text.parse().ok());
                Some(after.ok_or("the position to resume from is malformed")?)
            }
        };
        let client = value["client"].as_str();
        Ok(Some(Self {
            after,
            broadcast: value["broadcast"] != Value::Bool(false),
            client: client
                .filter(|name| name.len() <= LONGEST_CLIENT)
                .map(Arc::from),
        }))
    }
}

/// Most bindings of one channel. Upstream bounds the memory of a channel's process instead.
const MOST_BINDINGS: usize = 200;

/// Reads the bindings of a join, and gives them their ids: what the reader needs, and what the
/// reply echoes.
pub fn bindings(wanted: &[Map<String, Value>]) -> (Result<Vec<BindingSpec>, String>, Vec<Value>) {
    let mut ids = Vec::with_capacity(wanted.len());
    let mut echoed = Vec::with_capacity(wanted.len());
    for params in wanted {
        let id = binding_id(params);
        ids.push(id);
        let mut echo = params.clone();
        echo.insert("id".to_owned(), id.into());
        echoed.push(Value::Object(echo));
    }
    if wanted.len() > MOST_BINDINGS {
        let words = format!("Too many postgres_changes in one channel. Maximum {MOST_BINDINGS}");
        return (Err(words), echoed);
    }
    let specs = wanted
        .iter()
        .zip(ids)
        .map(|(params, id)| BindingSpec::read(params, id));
    (specs.collect(), echoed)
}

/// The same parameters have the same id, on every socket and after every restart: frames can be
/// shared, and a client that joins again finds its ids unchanged. 27 bits, never 0.
fn binding_id(params: &Map<String, Value>) -> u32 {
    let mut names: Vec<&String> = params.keys().collect();
    names.sort();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for name in names {
        for byte in name
            .bytes()
            .chain([0])
            .chain(params[name].to_string().bytes())
            .chain([1])
        {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    (hash ^ hash >> 27) as u32 % ((1 << 27) - 1) + 1
}

/// Bindings that were checked a moment ago: when a thousand clients join at once, the database is
/// asked once for all who want the same.
#[derive(Default)]
struct Checked {
    recent: Mutex<HashMap<CheckKey, Check>>,
}

/// Role and bindings.
type CheckKey = (Box<str>, Vec<BindingSpec>);

struct Check {
    since: Instant,
    answer: Arc<OnceCell<Vec<Binding>>>,
}

/// How long a check is believed.
const CHECK_HOLDS: Duration = Duration::from_secs(1);

impl Checked {
    async fn compile(
        &self,
        app: &App,
        claims: &Claims,
        specs: Vec<BindingSpec>,
    ) -> Result<Vec<Binding>, String> {
        let key = (claims.role().unwrap_or("anon").into(), specs.clone());
        let answer = {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.retain(|_, check| check.since.elapsed() < CHECK_HOLDS);
            let fresh = || Check {
                since: Instant::now(),
                answer: Arc::default(),
            };
            recent.entry(key).or_insert_with(fresh).answer.clone()
        };
        // Only what is allowed is shared; a refusal is found out anew each time.
        let compiled = answer
            .get_or_try_init(|| binding::compile(app, claims, specs))
            .await?;
        Ok(compiled.clone())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) commands: Option<mpsc::UnboundedSender<Command>>,
}

/// The changes of one application.
pub struct Changes {
    app: Arc<App>,
    registry: Arc<Registry>,
    sockets: Arc<OpenSockets>,
    options: Option<ChangeOptions>,
    link: Arc<Mutex<Link>>,
    checked: Checked,
    emitter: Emitter,
    stop: CancellationToken,
    tasks: tokio_util::task::TaskTracker,
}

impl Changes {
    pub(crate) fn new(
        app: Arc<App>,
        registry: Arc<Registry>,
        sockets: Arc<OpenSockets>,
        options: Option<ChangeOptions>,
    ) -> Self {
        Self {
            emitter: Emitter::new(app.clone()),
            app,
            registry,
            sockets,
            options,
            link: Arc::default(),
            checked: Checked::default(),
            stop: CancellationToken::new(),
            tasks: tokio_util::task::TaskTracker::new(),
        }
    }

    /// Sends a command to the reader, which is started if it does not run.
    fn send(&self, command: Command) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let command = match &link.commands {
            Some(commands) => match commands.send(command) {
                Ok(()) => return,
                Err(unsent) => unsent.0,
            },
            None => command,
        };
        if self.stop.is_cancelled() || self.app.database.is_closed() {
            return;
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = sender.send(command);
        link.commands = Some(sender);
        let reader = Reader::new(
            self.app.clone(),
            self.registry.clone(),
            self.sockets.clone(),
            self.options(),
            self.link.clone(),
            receiver,
        );
        self.tasks.spawn(reader.run(self.stop.clone()));
    }

    /// How changes are read now.
    pub fn options(&self) -> ChangeOptions {
        let of_settings = || ChangeOptions::of(&self.app.settings().realtime);
        self.options.clone().unwrap_or_else(of_settings)
    }

    /// Makes sure that the reader runs, for broadcasts out of the database.
    pub fn wake(&self) {
        self.send(Command::Wake);
    }

    /// Subscribes. `opening` runs once the position is fixed, before the first change.
    ///
    /// # Errors
    /// See [`SubscribeError`]; then `opening` has not run.
    pub async fn subscribe(
        &self,
        wanted: Wanted,
        opening: Opening,
    ) -> Result<Subscription, SubscribeError> {
        let compiled = match wanted.bindings {
            Ok(specs) => self.checked.compile(&self.app, &wanted.claims, specs).await,
            Err(reason) => Err(reason),
        };
        let (bindings, refusal) = match compiled {
            Ok(bindings) => (bindings, None),
            Err(reason) if wanted.must => return Err(SubscribeError::Refused(reason)),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let (reply, answer) = oneshot::channel();
        self.send(Command::Subscribe(Box::new(reader::Pending {
            version: wanted.version,
            topic: wanted.topic,
            bindings,
            legacy: wanted.legacy,
            claims: wanted.claims,
            outbox: wanted.outbox,
            refusal,
            resume: wanted.resume,
            hears: wanted.hears,
            client: wanted.client,
            opening,
            reply,
        })));
        let id = answer.await.map_err(|_| SubscribeError::Stopped)??;
        Ok(Subscription {
            id,
            link: self.link.clone(),
        })
    }

    /// Puts a client's broadcast into the log, from where it reaches its topic; `done` is told
    /// whether it is there.
    pub fn emit(&self, content: Vec<u8>, done: Done) {
        self.wake();
        self.emitter.emit(content, done, &self.tasks, &self.stop);
    }

    /// Stops the reader; the slot stays.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A channel's subscription; ends when dropped.
#[derive(Debug)]
pub struct Subscription {
    id: u64,
    link: Arc<Mutex<Link>>,
}

impl Subscription {
    fn send(&self, command: Command) {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commands) = &link.commands {
            let _ = commands.send(command);
        }
    }

    /// Changes who listens, after a new token.
    pub fn set_claims(&self, claims: Claims) {
        self.send(Command::Claims(self.id, claims));
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.send(Command::Unsubscribe(self.id));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bindings_are_echoed_in_order_with_stable_ids() {
        let object = |value: Value| match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let wanted = [
            object(json!({"event": "INSERT", "schema": "public", "table": "messages"})),
            object(json!({"event": "*", "schema": "public"})),
        ];
        let (specs, echoed) = bindings(&wanted);
        assert_eq!(specs.map(|specs| specs.len()), Ok(2));
        assert!(echoed[0].get("filter").is_none());
        assert_eq!(echoed[0]["event"], "INSERT");
        let (_, again) = bindings(&wanted);
        assert_eq!(echoed, again);
        assert!(echoed[0]["id"].as_u64().is_some_and(|id| id > 0));
        assert_ne!(echoed[0]["id"], echoed[1]["id"]);
    }
}

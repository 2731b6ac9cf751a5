//! Keeps one application's snapshot current: loads it on first use, listens for `NOTIFY pgrst`
//! (which the event trigger in each application's database sends after every DDL), and reloads
//! while requests go on with the snapshot they have.
//!
//! A request that misses something (a table made a moment ago) asks for certainty: [`SchemaWatch::
//! current_after_miss`] sends a notification of its own through the listener. Notifications arrive
//! in the order of commits, so when it comes back, those of all earlier DDL have arrived too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use hearth_apps::{App, AppSettings};
use hearth_pg::listen::{Notice, listen};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Snapshot;
use super::load::{LoadError, Loaded as FromDatabase, RoleSettings, load};
use crate::config::RestConfig;

const CHANNEL: &str = "pgrst";
const BARRIER: &str = "hearth barrier ";
/// Several statements in a row (a migration) are one reload.
const DEBOUNCE: Duration = Duration::from_millis(10);
/// How long a request waits for its barrier to come back.
const BARRIER_PATIENCE: Duration = Duration::from_millis(500);
/// How long the first load waits for the listener.
const LISTEN_PATIENCE: Duration = Duration::from_millis(300);
/// Where nobody tells us of DDL, misses reload at most this often.
const BLIND_PAUSE: Duration = Duration::from_millis(200);
/// Without requests for so long, listener and snapshot are dropped.
const IDLE: Duration = Duration::from_secs(600);

/// The snapshot of one application and what keeps it current.
pub struct SchemaWatch {
    /// Weak: this is kept for the application, and must not keep it.
    app: Weak<App>,
    snapshot: ArcSwapOption<Snapshot>,
    /// The settings that the snapshot was made for.
    settings: ArcSwapOption<AppSettings>,
    /// Counts what asks for a reload.
    wanted: AtomicU64,
    /// The `wanted` that the snapshot covers, and when its loading began.
    loading: tokio::sync::Mutex<Loaded>,
    versions: AtomicU64,
    barriers: AtomicU64,
    state: watch::Sender<ListenerState>,
    listener: Mutex<Option<JoinHandle<()>>>,
    used: Mutex<Instant>,
}

#[derive(Default)]
struct Loaded {
    covers: u64,
    began: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default)]
struct ListenerState {
    up: bool,
    barrier: u64,
}

impl SchemaWatch {
    /// For `app`; loads nothing yet.
    pub fn new(app: &Arc<App>) -> Arc<Self> {
        Arc::new(Self {
            app: Arc::downgrade(app),
            snapshot: ArcSwapOption::empty(),
            settings: ArcSwapOption::empty(),
            wanted: AtomicU64::new(1),
            loading: tokio::sync::Mutex::default(),
            versions: AtomicU64::new(0),
            barriers: AtomicU64::new(0),
            state: watch::channel(ListenerState::default()).0,
            listener: Mutex::default(),
            used: Mutex::new(Instant::now()),
        })
    }

    /// The snapshot, loaded if there is none.
    ///
    /// # Errors
    /// If there is none and PostgreSQL is away.
    pub async fn current(self: &Arc<Self>) -> Result<Arc<Snapshot>, LoadError> {
        if let Some(snapshot) = self.snapshot.load_full() {
            let settings = self.app()?.settings();
            let same = |made_for: &Arc<AppSettings>| {
                Arc::ptr_eq(&settings, made_for) || settings.api == made_for.api
            };
            if self.settings.load().as_ref().is_some_and(same) {
                self.touch();
                return Ok(snapshot);
            }
            self.wanted.fetch_add(1, Ordering::SeqCst);
        }
        self.touch();
        Box::pin(self.first()).await
    }

    /// Loads the snapshot that somebody waits for.
    async fn first(self: &Arc<Self>) -> Result<Arc<Snapshot>, LoadError> {
        self.start_listener();
        let mut state = self.state.subscribe();
        let listening = async {
            let _ = tokio::time::timeout(LISTEN_PATIENCE, state.wait_for(|s| s.up)).await;
        };
        let database = self.app()?.database.clone();
        // Connections that the loading and the request itself need are opened meanwhile.
        let opening = async {
            tokio::join!(database.caller(), async {
                match database.callers().transactions() {
                    Some(pool) => pool.get().await.map(drop),
                    None => Ok(()),
                }
            })
        };
        let _ = tokio::join!(listening, opening);
        self.load_wanted().await
    }

    /// The snapshot, certain to know everything that was committed before this call.
    ///
    /// # Errors
    /// If it has to be loaded and PostgreSQL is away.
    pub async fn current_after_miss(
        self: &Arc<Self>,
        seen: &Arc<Snapshot>,
    ) -> Result<Arc<Snapshot>, LoadError> {
        self.start_listener();
        if seen.cache.notifies_ddl && self.state.borrow().up && self.barrier().await {
            return self.load_wanted().await;
        }
        let asked = Instant::now();
        let pause = self
            .loading
            .lock()
            .await
            .began
            .map_or(Duration::ZERO, |began| {
                BLIND_PAUSE.saturating_sub(asked.duration_since(began))
            });
        tokio::time::sleep(pause).await;
        // One load serves all that wait: it is enough if it began after this request did.
        if self
            .loading
            .lock()
            .await
            .began
            .is_none_or(|began| began < asked)
        {
            self.wanted.fetch_add(1, Ordering::SeqCst);
        }
        self.load_wanted().await
    }

    /// Whether the snapshot follows every change of the schema within moments.
    pub fn hears_ddl(&self) -> bool {
        self.state.borrow().up
    }

    fn app(&self) -> Result<Arc<App>, LoadError> {
        self.app.upgrade().ok_or(LoadError::Gone)
    }

    /// Waits until the listener has heard everything committed so far; false if it does not
    /// answer.
    async fn barrier(&self) -> bool {
        let number = self.barriers.fetch_add(1, Ordering::SeqCst) + 1;
        let mut state = self.state.subscribe();
        let work = async {
            let conn = self.app()?.database.caller().await?;
            let statement = conn.prepare("select pg_notify($1::text, $2::text)").await?;
            conn.execute(&statement, &[&CHANNEL, &format!("{BARRIER}{number}")])
                .await?;
            Ok::<_, LoadError>(state.wait_for(|s| s.barrier >= number).await.is_ok())
        };
        matches!(
            tokio::time::timeout(BARRIER_PATIENCE, work).await,
            Ok(Ok(true))
        )
    }

    /// Loads if something asked for it since the last loading began.
    async fn load_wanted(&self) -> Result<Arc<Snapshot>, LoadError> {
        let mut loaded = self.loading.lock().await;
        let wanted = self.wanted.load(Ordering::SeqCst);
        if let Some(snapshot) = self
            .snapshot
            .load_full()
            .filter(|_| loaded.covers >= wanted)
        {
            return Ok(snapshot);
        }
        let began = Instant::now();
        let app = self.app()?;
        let settings = app.settings();
        let conn = app.database.caller().await?;
        let FromDatabase {
            config,
            cache,
            settings_of_roles,
        } = match load(
            &conn,
            RestConfig::of_app(&settings.api),
            RoleSettings::OfOneApplication,
        )
        .await
        {
            Ok(loaded) => loaded,
            Err(error) => {
                conn.mark_unusable();
                return Err(error);
            }
        };
        let version = self.versions.fetch_add(1, Ordering::SeqCst) + 1;
        let relations: usize = cache
            .tables
            .values()
            .map(std::collections::HashMap::len)
            .sum();
        let snapshot = Arc::new(Snapshot {
            version,
            config,
            cache: Arc::new(cache),
            settings_of_roles,
        });
        tracing::debug!(
            app = %app.reference,
            relations,
            elapsed_ms = began.elapsed().as_millis() as u64,
            "schema cache loaded"
        );
        self.settings.store(Some(settings));
        self.snapshot.store(Some(Arc::clone(&snapshot)));
        *loaded = Loaded {
            covers: wanted,
            began: Some(began),
        };
        Ok(snapshot)
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn idle_for(&self) -> Duration {
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    fn start_listener(self: &Arc<Self>) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.as_ref().is_none_or(JoinHandle::is_finished) {
            // Weak: the task ends with the application, not the other way round.
            *listener = Some(tokio::spawn(follow(Arc::downgrade(self))));
        }
    }
}

impl Drop for SchemaWatch {
    fn drop(&mut self) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = listener.take() {
            task.abort();
        }
    }
}

/// Hears notifications and reloads, until the application goes or nobody has asked for long.
async fn follow(watch: Weak<SchemaWatch>) {
    let Some(config) = watch
        .upgrade()
        .and_then(|watch| Some(watch.app.upgrade()?.database.listen_config()))
    else {
        return;
    };
    let mut notices = listen(config, vec![CHANNEL.to_owned()]);
    loop {
        let notice = tokio::time::timeout(Duration::from_secs(60), notices.recv()).await;
        let Some(this) = watch.upgrade() else { return };
        match notice {
            Err(_) if this.idle_for() > IDLE => {
                this.state.send_modify(|state| state.up = false);
                this.snapshot.store(None);
                return;
            }
            Err(_) => {}
            Ok(None) => {
                this.state.send_modify(|state| state.up = false);
                return;
            }
            Ok(Some(notice)) => hear(&this, notice).await,
        }
    }
}

async fn hear(this: &Arc<SchemaWatch>, notice: Notice) {
    match notice {
        Notice::Reconnected => {
            let first = !this.state.borrow().up && this.snapshot.load().is_none();
            this.state.send_modify(|state| state.up = true);
            if first {
                return;
            }
        }
        Notice::Message { payload, .. } => {
            if let Some(number) = payload.strip_prefix(BARRIER) {
                let number = number.parse().unwrap_or(0);
                this.state
                    .send_modify(|state| state.barrier = state.barrier.max(number));
                return;
            }
            if !matches!(payload.as_str(), "" | "reload schema" | "reload config") {
                return;
            }
        }
    }
    let wanted = this.wanted.fetch_add(1, Ordering::SeqCst) + 1;
    let watch = Arc::downgrade(this);
    tokio::spawn(async move {
        tokio::time::sleep(DEBOUNCE).await;
        let Some(this) = watch.upgrade() else { return };
        // A later notification brings its own reload.
        if this.wanted.load(Ordering::SeqCst) == wanted
            && this.snapshot.load().is_some()
            && let Err(error) = this.load_wanted().await
        {
            tracing::warn!(%error, "schema cache not reloaded");
        }
    });
}

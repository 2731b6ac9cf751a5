//! What all parts of the running server share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use hearth_pg::{Callers, PgClient, PgError, Target, connect};
use hearth_rest::schema_cache::{RoleSettings, Snapshot, load_role_settings};
use tokio::sync::{Notify, watch};
use tokio_postgres::config::SslMode;
use tokio_util::sync::CancellationToken;

use crate::auth::Tokens;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::source::Source;
use crate::{database, listener, log};

/// How far the schema cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first loading has not ended yet.
    Starting,
    /// A loading failed, or one replaces the cache at this moment.
    Pending,
    /// It stands.
    Loaded,
}

/// The running server.
pub(crate) struct Server {
    pub(crate) source: Source,
    pub(crate) target: Target,
    pub(crate) config: ArcSwap<Config>,
    pub(crate) tokens: ArcSwap<Tokens>,
    pub(crate) snapshot: ArcSwapOption<Snapshot>,
    callers: ArcSwapOption<Callers>,
    pub(crate) phase: watch::Sender<Phase>,
    /// LISTEN stands.
    pub(crate) listening: AtomicBool,
    pub(crate) listener: Mutex<Option<tokio::task::AbortHandle>>,
    /// The API's socket is open.
    pub(crate) live: AtomicBool,
    /// Seconds until the database is tried again.
    pub(crate) retry_after: AtomicU64,
    /// Something asks for the schema cache to be loaded.
    pub(crate) reload: Notify,
    pub(crate) versions: AtomicU64,
    pub(crate) metrics: Metrics,
    /// The server is to end.
    pub(crate) stop: CancellationToken,
    /// It ends because it cannot go on.
    pub(crate) failed: AtomicBool,
}

impl Server {
    pub(crate) fn new(source: Source, target: Target, config: Config) -> Arc<Self> {
        let metrics = Metrics::default();
        Arc::new(Self {
            tokens: ArcSwap::from_pointee(Tokens::new(&config, metrics.tokens.clone())),
            source,
            target,
            config: ArcSwap::from_pointee(config),
            snapshot: ArcSwapOption::empty(),
            callers: ArcSwapOption::empty(),
            phase: watch::channel(Phase::Starting).0,
            listening: AtomicBool::new(false),
            listener: Mutex::default(),
            live: AtomicBool::new(false),
            retry_after: AtomicU64::new(1),
            reload: Notify::new(),
            versions: AtomicU64::new(0),
            metrics,
            stop: CancellationToken::new(),
            failed: AtomicBool::new(false),
        })
    }

    /// Ends the server, since it cannot go on.
    pub(crate) fn give_up(&self, reason: &str) {
        log::say(reason);
        self.failed.store(true, Ordering::SeqCst);
        self.stop.cancel();
    }

    /// The connections, if the database has been reached before.
    pub(crate) fn callers(&self) -> Option<Arc<Callers>> {
        self.callers.load_full()
    }

    /// The connections; the first time the database is asked whether it speaks TLS, as a server
    /// that does not is reached in fewer round trips.
    pub(crate) async fn connections(&self) -> Result<Arc<Callers>, PgError> {
        if let Some(callers) = self.callers() {
            return Ok(callers);
        }
        let mut target = self.target.clone();
        if target.config.get_ssl_mode() == SslMode::Prefer {
            let offers = connect::offers_tls(&target.config).await;
            if !offers.map_err(|error| PgError::Unavailable(error.to_string()))? {
                target.config.ssl_mode(SslMode::Disable);
            }
        }
        let config = self.config.load();
        let wait = Duration::from_secs(config.pool_acquisition_timeout);
        let mut callers = Callers::bounded(target, config.pool, wait);
        if !config.prepared_statements {
            callers = callers.unprepared();
        }
        let callers = Arc::new(callers);
        self.callers.store(Some(callers.clone()));
        Ok(callers)
    }

    /// Whose settings apply to requests.
    pub(crate) fn role_settings(&self) -> RoleSettings {
        if self.config.load().in_database {
            RoleSettings::All
        } else {
            RoleSettings::Ignored
        }
    }

    /// Reads file, variables and database again. What is wrong is said, and the configuration
    /// stands as it was.
    pub(crate) async fn reload_config(self: &Arc<Self>, client: Option<&PgClient>) {
        let old = self.config.load_full();
        let mut settings = Vec::new();
        if let Some(client) = client.filter(|_| old.in_database) {
            match database::settings(client, old.pre_config.as_ref()).await {
                Ok(found) => settings = found,
                Err(error) => log::say(&format!(
                    "Failed to query database settings for the config parameters. {}",
                    connect::describe(&error)
                )),
            }
        }
        let new = match self.source.read(&settings, Some(&old.uri)) {
            Ok(new) => Arc::new(new),
            Err(error) => return log::say(&format!("Failed reloading config: {error}")),
        };
        self.config.store(new.clone());
        warn(&new);
        if !self.tokens.load().serves(&new) {
            let tokens = Tokens::new(&new, self.metrics.tokens.clone());
            self.tokens.store(Arc::new(tokens));
        }
        if old.prepared_statements != new.prepared_statements {
            self.callers.store(None);
        }
        if old.channel_enabled != new.channel_enabled || old.channel != new.channel {
            self.restart_listener();
        }
        self.renew_snapshot(client, &new).await;
        log::say("Config reloaded");
    }

    /// The schema stays, the configuration around it is the new one.
    async fn renew_snapshot(&self, client: Option<&PgClient>, config: &Config) {
        let Some(snapshot) = self.snapshot.load_full() else {
            return;
        };
        let mut settings_of_roles = snapshot.settings_of_roles.clone();
        if let Some(client) = client {
            match load_role_settings(client, self.role_settings()).await {
                Ok(settings) => settings_of_roles = settings,
                Err(error) => log::say(&format!("Failed to query the role settings. {error}")),
            }
        }
        self.snapshot.store(Some(Arc::new(Snapshot {
            version: snapshot.version,
            config: config.rest(),
            cache: snapshot.cache.clone(),
            settings_of_roles,
        })));
    }

    /// As [`Server::reload_config`], on a connection of its own.
    pub(crate) async fn reload_config_now(self: &Arc<Self>) {
        let callers = self.connections().await;
        let conn = match &callers {
            Ok(callers) => callers.session().await,
            Err(error) => Err(PgError::Unavailable(error.to_string())),
        };
        match conn {
            Ok(conn) => self.reload_config(Some(&conn)).await,
            Err(error) => {
                log::say(&format!(
                    "Failed to query database settings for the config parameters. {}",
                    connect::describe(&error)
                ));
                self.reload_config(None).await;
            }
        }
    }

    /// Starts the listener anew, or ends it, as the configuration says.
    pub(crate) fn restart_listener(self: &Arc<Self>) {
        let mut running = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = running.take() {
            task.abort();
        }
        self.listening.store(false, Ordering::SeqCst);
        if self.config.load().channel_enabled {
            let task = tokio::spawn(listener::follow(self.clone()));
            *running = Some(task.abort_handle());
        }
    }

    /// Whether the database can be reached now.
    pub(crate) async fn is_connected(&self) -> bool {
        if self.config.load().channel_enabled {
            return self.listening.load(Ordering::SeqCst);
        }
        let Some(callers) = self.callers() else {
            return false;
        };
        match callers.session().await {
            Ok(conn) => conn.batch_execute("select 1").await.is_ok(),
            Err(_) => false,
        }
    }
}

/// Says what of a configuration is not heeded, or will not be for long.
pub(crate) fn warn(config: &Config) {
    for warning in &config.warnings {
        log::say(&format!("WARNING: {warning}"));
    }
    if config.role_claim.is_older() {
        log::say(&format!(
            "WARNING: jwt-role-claim-key={} is written in the syntax of PostgREST 14, which will \
             not be understood for ever: use JSONPath (RFC 9535)",
            config.role_claim.dump()
        ));
    }
    let unusable = config.keys.as_ref().map_or(0, hearth_jwt::KeySet::unusable);
    if unusable > 0 {
        log::say(&format!(
            "WARNING: {unusable} of the keys in jwt-secret verify nothing: their kind is not \
             supported (ES512 and Ed448 are not)"
        ));
    }
}

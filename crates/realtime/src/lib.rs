//! Realtime: changes of the database, broadcast and presence over WebSockets, in Supabase's
//! protocol.
//!
//! A frame's way in: [`socket`] reads it, [`frame`] decodes it, [`channel`] handles its event. A
//! message's way out: [`registry`] (broadcast, presence) or [`changes`] (rows) encodes it once per
//! distinct frame, and an [`outbox`] per socket takes the shared bytes.

pub mod app;
pub mod authorize;
pub mod caller;
pub mod changes;
pub mod channel;
pub mod connection;
pub mod error;
mod events;
pub mod frame;
pub mod http;
pub mod limits;
pub mod outbox;
pub mod presence;
pub mod registry;
pub mod replay;
pub mod shared;
pub mod socket;
pub mod sse;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use hearth_apps::{App, PerApp};
use hearth_pg::{Migration, MigrationSet, Repeatable};
use tokio_util::task::TaskTracker;

use crate::app::AppRealtime;
use crate::changes::ChangeOptions;
use crate::error::{HttpError, Refusal};

/// What is the same for all applications.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that may wait for one socket.
    pub outbox_bytes: usize,
    /// How changes are read; none: as each application's settings say.
    pub changes: Option<ChangeOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            outbox_bytes: 4 * 1024 * 1024,
            changes: None,
        }
    }
}

/// What realtime needs in each application's database.
pub fn migrations() -> MigrationSet {
    const SET: MigrationSet = MigrationSet {
        service: "realtime",
        numbered: &[Migration {
            number: 1,
            name: "messages",
            sql: include_str!("migrations/0001_messages.sql"),
        }],
        repeatable: &[
            Repeatable {
                name: "topic",
                sql: include_str!("functions/topic.sql"),
            },
            Repeatable {
                name: "partitions",
                sql: include_str!("functions/partitions.sql"),
            },
            Repeatable {
                name: "send",
                sql: include_str!("functions/send.sql"),
            },
            Repeatable {
                name: "broadcast_changes",
                sql: include_str!("functions/broadcast_changes.sql"),
            },
            Repeatable {
                name: "rehearse",
                sql: include_str!("functions/rehearse.sql"),
            },
            Repeatable {
                name: "ddl",
                sql: include_str!("functions/ddl.sql"),
            },
        ],
    };
    SET
}

/// The realtime service of all applications.
pub struct Realtime {
    apps: PerApp<AppRealtime>,
    running: Mutex<Vec<Weak<AppRealtime>>>,
    options: Options,
    tasks: TaskTracker,
}

impl Realtime {
    /// With default options.
    pub fn new() -> Arc<Self> {
        Self::with_options(Options::default())
    }

    /// With `options`.
    pub fn with_options(options: Options) -> Arc<Self> {
        Arc::new(Self {
            apps: PerApp::new(),
            running: Mutex::default(),
            options,
            tasks: TaskTracker::new(),
        })
    }

    /// The realtime of `app`, started on first use.
    ///
    /// # Errors
    /// [`Refusal::Restarting`] while the service stops.
    pub async fn app(&self, app: &Arc<App>) -> Result<Arc<AppRealtime>, HttpError> {
        if self.tasks.is_closed() {
            return Err(Refusal::Restarting.into());
        }
        let made = self.apps.get_or_make(app, async |app: Arc<App>| {
            Ok::<_, HttpError>(AppRealtime::new(app, &self.options))
        });
        let state = made.await?;
        let mut superseded = Vec::new();
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if !running
                .iter()
                .any(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(&state)))
            {
                running.retain(|other| match other.upgrade() {
                    None => false,
                    Some(other) if other.app.reference == app.reference => {
                        superseded.push(other);
                        false
                    }
                    Some(_) => true,
                });
                running.push(Arc::downgrade(&state));
            }
        }
        // An application whose keys changed, or that was made anew: its former sockets go, and its
        // reader leaves the slot to the new one.
        for other in superseded {
            other.stop().await;
        }
        Ok(state)
    }

    /// The realtime of the application `reference` where it runs.
    pub fn running(&self, reference: &str) -> Option<Arc<AppRealtime>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = running.iter().filter_map(Weak::upgrade);
        running.find(|state| state.app.reference.as_str() == reference)
    }

    /// Takes over the slots that a former Hearth left, once at start: their readers run again, so
    /// that clients can resume behind what they had, and drop the slots in the end where nobody
    /// comes back. Slots of applications that are none any more are left alone.
    ///
    /// # Errors
    /// If PostgreSQL cannot be asked.
    pub async fn adopt(&self, apps: &[Arc<App>]) -> Result<(), hearth_wal::WalError> {
        let Some(first) = apps.first() else {
            return Ok(());
        };
        let slots = changes::slots(&first.database).await?;
        for app in apps {
            if slots.contains(&changes::slot_name(&app.reference))
                && let Ok(state) = self.app(app).await
            {
                // At once, since clients may be quicker than the reader.
                let window = state.changes.options().window;
                state.registry.keep_everything_for(window);
                state.changes.wake();
            }
        }
        Ok(())
    }

    /// Closes an application's sockets and drops its slot, before its database is dropped.
    ///
    /// # Errors
    /// If the slot cannot be dropped.
    pub async fn forget(&self, app: &Arc<App>) -> Result<(), hearth_wal::WalError> {
        if let Some(state) = self.running(app.reference.as_str()) {
            state.stop().await;
        }
        self.apps.remove(app.reference.as_str());
        changes::drop_slot(app).await
    }

    /// Closes every socket with a close frame and stops the readers. Slots stay: what is committed
    /// while Hearth is down can still be read afterwards.
    pub async fn shutdown(&self) {
        self.tasks.close();
        let running: Vec<_> = {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.iter().filter_map(Weak::upgrade).collect()
        };
        for state in running {
            state.stop().await;
        }
        let _ = tokio::time::timeout(Duration::from_secs(5), self.tasks.wait()).await;
    }
}

/// Largest body of a broadcast by HTTP, a batch of several payloads.
const MAX_BODY_BYTES: usize = 8_000_000;

/// The service's routes, relative to `/realtime/v1`.
pub fn router(realtime: Arc<Realtime>) -> Router {
    Router::new()
        .route("/websocket", get(socket::handshake))
        .route("/sse", get(sse::listen))
        .route("/api/ping", get(http::ping))
        .route("/api/broadcast", post(http::batch))
        .route("/api/broadcast/{topic}/events/{event}", post(http::single))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(realtime)
}

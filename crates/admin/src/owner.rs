//! Connections to an application's database as its owner role: the most that the console and `/pg`
//! can do there. Never a superuser, and never a connection that other services use.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use hearth_apps::{App, PerApp, Registry};
use hearth_pg::connect::{cancel, connect_heard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::error::DbError;
use tokio_postgres::{CancelToken, Client, Config};

use crate::error::AdminError;

/// Connections kept for the next request.
const KEPT: usize = 4;
/// How long they are kept.
const IDLE: Duration = Duration::from_secs(30);
/// Connections at the same time: fewer than the owner role may have, which users connect with, too.
const MOST: usize = 12;
/// How long a request waits for one of them.
const WAIT: Duration = Duration::from_secs(10);
/// Notices kept of one request; a loop of `raise notice` must not fill the memory.
const MAX_NOTICES: usize = 200;

type Notices = Arc<Mutex<Vec<DbError>>>;

/// The owner's connections of all applications.
#[derive(Default)]
pub(crate) struct Owners {
    per_app: PerApp<Owner>,
}

impl Owners {
    /// A connection as the owner of `app`, in the state of a new one.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) async fn session(
        &self,
        registry: &Registry,
        app: &Arc<App>,
    ) -> Result<Session, AdminError> {
        let owner = self
            .per_app
            .get_or_make(app, async |app| Owner::new(registry, &app))
            .await?;
        owner.session().await
    }

    /// Forgets a deleted application.
    pub(crate) fn remove(&self, reference: &str) {
        self.per_app.remove(reference);
    }
}

struct Owner {
    config: Config,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<(Instant, Connected)>>,
}

struct Connected {
    client: Client,
    notices: Notices,
}

impl Owner {
    fn new(registry: &Registry, app: &App) -> Result<Self, AdminError> {
        let password = registry.owner_password(&app.reference)?;
        let mut config = app.database.admin_config();
        config
            .user(app.reference.owner_role())
            .password(password.expose())
            .application_name("hearth console")
            // What an SQL editor of Supabase finds without a schema's name.
            .options("-c search_path=\"$user\",public,extensions");
        Ok(Self {
            config,
            places: Arc::new(Semaphore::new(MOST)),
            idle: Mutex::default(),
        })
    }

    async fn session(self: Arc<Self>) -> Result<Session, AdminError> {
        let place = tokio::time::timeout(WAIT, self.places.clone().acquire_owned());
        let place = place.await.map_err(|_| AdminError::TooManyRuns)?;
        let place = place.map_err(|e| AdminError::internal(&e))?;
        let mut connected = self.take();
        if connected.is_none() {
            let notices = Notices::default();
            let heard = notices.clone();
            let (client, _) = connect_heard(&self.config, move |notice| {
                let mut notices = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if notices.len() < MAX_NOTICES {
                    notices.push(notice);
                }
            })
            .await?;
            connected = Some(Connected { client, notices });
        }
        Ok(Session {
            connected,
            owner: self,
            place: Some(place),
        })
    }

    fn take(&self) -> Option<Connected> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, connected)| since.elapsed() < IDLE && !connected.client.is_closed());
        idle.pop().map(|(_, connected)| connected)
    }

    fn keep(&self, connected: Connected) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push((Instant::now(), connected));
        }
    }

    fn sweep(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < IDLE);
    }
}

/// A connection for one request. Dropped in the middle (the client went away), it cancels what
/// still runs and is closed.
pub(crate) struct Session {
    connected: Option<Connected>,
    owner: Arc<Owner>,
    /// Given back when the connection is closed or kept.
    place: Option<OwnedSemaphorePermit>,
}

impl Session {
    /// The client.
    ///
    /// # Errors
    /// Never: the connection is there until the session is dropped.
    pub(crate) fn client(&self) -> Result<&Client, AdminError> {
        self.connected
            .as_ref()
            .map(|connected| &connected.client)
            .ok_or(AdminError::Internal)
    }

    /// What the server said beside its answers so far.
    pub(crate) fn notices(&self) -> Vec<DbError> {
        self.connected.as_ref().map_or_else(Vec::new, |connected| {
            std::mem::take(
                &mut *connected
                    .notices
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            )
        })
    }

    /// Something that cancels what runs on this connection.
    ///
    /// # Errors
    /// As [`Session::client`].
    pub(crate) fn canceller(&self) -> Result<Canceller, AdminError> {
        Ok(Canceller {
            config: self.owner.config.clone(),
            token: self.client()?.cancel_token(),
        })
    }

    /// Everything has been answered: the connection may be used again, as if it were new.
    pub(crate) fn release(mut self) {
        let Some(connected) = self.connected.take() else {
            return;
        };
        let owner: Weak<Owner> = Arc::downgrade(&self.owner);
        let place = self.place.take();
        tokio::spawn(async move {
            // The user's SQL may have left a transaction, settings, a role, temporary tables,
            // locks; both go out at once.
            let reset = tokio::join!(
                connected.client.batch_execute("rollback"),
                connected.client.batch_execute("discard all")
            );
            if reset.0.is_err() || reset.1.is_err() {
                return;
            }
            connected
                .notices
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
            if let Some(owner) = owner.upgrade() {
                owner.keep(connected);
            }
            drop(place);
            tokio::time::sleep(IDLE).await;
            if let Some(owner) = owner.upgrade() {
                owner.sweep();
            }
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connected) = self.connected.take() else {
            return;
        };
        let canceller = Canceller {
            config: self.owner.config.clone(),
            token: connected.client.cancel_token(),
        };
        let place = self.place.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                canceller.cancel().await;
                drop((connected, place));
            });
        }
    }
}

/// Cancels what runs on a connection.
#[derive(Clone)]
pub(crate) struct Canceller {
    config: Config,
    token: CancelToken,
}

impl Canceller {
    /// Asks the server to give up; nothing happens where nothing runs.
    pub(crate) async fn cancel(&self) {
        if let Err(error) = cancel(&self.config, &self.token).await {
            tracing::warn!(%error, "a statement could not be cancelled");
        }
    }
}

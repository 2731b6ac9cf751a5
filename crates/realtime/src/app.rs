//! The realtime of one application.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hearth_apps::App;

use crate::Options;
use crate::changes::Changes;
use crate::changes::broadcast::encode;
use crate::limits::{Rate, Sockets};
use crate::outbox::{Close, Outbox};
use crate::registry::{Outgoing, Registry, TopicKey};

/// Rates that are counted over all sockets of the application.
#[derive(Debug, Default)]
pub struct Limits {
    /// Joins.
    pub joins: Rate,
    /// Messages that clients send.
    pub events: Rate,
    /// Presence messages among them.
    pub presence: Rate,
}

/// The open sockets of one application, so that all can be closed.
#[derive(Debug, Default)]
pub struct OpenSockets {
    open: Mutex<HashMap<u64, Arc<Outbox>>>,
    next: AtomicU64,
    closed: AtomicBool,
}

impl OpenSockets {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Outbox>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an open socket.
    pub fn enter(&self, outbox: &Arc<Outbox>) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(id, outbox.clone());
        if self.are_closed() {
            outbox.close(Close::SHUTDOWN);
        }
        id
    }

    /// Forgets it.
    pub fn leave(&self, id: u64) {
        self.lock().remove(&id);
    }

    /// Closes all, and those that open later.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for outbox in self.lock().values() {
            outbox.close(Close::SHUTDOWN);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Whether they have been closed.
    pub fn are_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// Topics, sockets and change reader of one application.
pub struct AppRealtime {
    /// The application.
    pub app: Arc<App>,
    /// Its topics.
    pub registry: Arc<Registry>,
    /// Its rates.
    pub limits: Limits,
    /// How many sockets it has.
    pub sockets: Sockets,
    /// The sockets themselves.
    pub open: Arc<OpenSockets>,
    /// Its change reader.
    pub changes: Changes,
}

impl AppRealtime {
    pub(crate) fn new(app: Arc<App>, options: &Options) -> Self {
        let registry = Arc::<Registry>::default();
        let open = Arc::<OpenSockets>::default();
        let changes = options.changes.clone();
        Self {
            changes: Changes::new(app.clone(), registry.clone(), open.clone(), changes),
            app,
            registry,
            limits: Limits::default(),
            sockets: Sockets::default(),
            open,
        }
    }

    /// Sends a broadcast that came by HTTP; where somebody resumes on the topic it goes through the
    /// log. False: it could not be put there.
    pub async fn broadcast(&self, key: &TopicKey, message: &Outgoing<'_>) -> bool {
        if !self.registry.is_kept(key) {
            self.registry.send(key, message);
            return true;
        }
        let Some(content) = encode(key, message, None) else {
            return false;
        };
        let (done, written) = tokio::sync::oneshot::channel();
        let done = Box::new(move |written| {
            let _ = done.send(written);
        });
        self.changes.emit(content, done);
        written.await.unwrap_or(false)
    }

    /// A fresh `phx_ref`.
    pub fn presence_reference(&self) -> String {
        use base64::Engine;
        let (high, low) = uuid::Uuid::now_v7().as_u64_pair();
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes()[4..]);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether the application's realtime is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.open.are_closed() || self.app.database.is_closed()
    }

    /// Closes every socket with a close frame and stops the reader; its slot stays, so that what
    /// is committed meanwhile can still be read.
    pub async fn stop(&self) {
        self.open.close();
        self.changes.stop().await;
    }
}

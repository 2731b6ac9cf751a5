//! Webhooks: a change of a row, told to a URL.
//!
//! A trigger with `supabase_functions.http_request()` writes a delivery in the transaction of the
//! change (`functions/http_request.sql`); nothing is sent for what is rolled back, and nothing is
//! lost that is committed. [`watch`] sees which applications have any, [`courier`] takes what is
//! due out of an application's queue, [`send`] sends one over HTTP. A target gets each delivery at
//! least once: after a crash perhaps twice, and not in order where one had to be tried again.
//!
//! Hearth only makes the requests that the application's owner asked for, and keeps of the answer
//! no more than its status: a webhook is no way to read from other servers in Hearth's network.

mod courier;
mod queue;
mod send;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use hearth_apps::{App, Registry};
use hearth_pg::{Migration, MigrationSet, Repeatable};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::send::Sender;

/// What webhooks need in each application's database.
pub fn migrations() -> MigrationSet {
    MigrationSet {
        service: "webhooks",
        numbered: &[Migration {
            number: 1,
            name: "deliveries",
            sql: include_str!("migrations/0001_deliveries.sql"),
        }],
        repeatable: &[
            Repeatable {
                name: "http_request",
                sql: include_str!("functions/http_request.sql"),
            },
            Repeatable {
                name: "redeliver",
                sql: include_str!("functions/redeliver.sql"),
            },
        ],
    }
}

/// How patient deliveries are.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Pauses after the attempts that fail; after the last of them one more, and then no more.
    pub pauses: Vec<Duration>,
    /// How long what is over is kept.
    pub keep: Duration,
}

impl Default for Patience {
    /// Eight attempts within about four and a half hours; three days.
    fn default() -> Self {
        let pauses = [2, 10, 60, 300, 900, 3600, 3 * 3600];
        Self {
            pauses: pauses.map(Duration::from_secs).to_vec(),
            keep: Duration::from_secs(3 * 24 * 3600),
        }
    }
}

/// The webhooks of all applications.
pub struct Webhooks {
    sender: Sender,
    patience: Patience,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Why webhooks cannot work here.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for webhooks: {0}")]
pub struct StartError(#[from] reqwest::Error);

impl Webhooks {
    /// With `patience`. Nothing is sent yet.
    ///
    /// # Errors
    /// If there can be no HTTP client.
    pub fn new(patience: Patience) -> Result<Arc<Self>, StartError> {
        Ok(Arc::new(Self {
            sender: Sender::new()?,
            patience,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Delivers for the applications of `registry` until [`Webhooks::shutdown`].
    pub fn start(self: &Arc<Self>, registry: &Arc<Registry>) {
        self.tasks
            .spawn(watch::watch(self.clone(), Arc::downgrade(registry)));
    }

    /// Delivers for one application until it has no webhook and nothing waits, it is closed, or
    /// [`Webhooks::shutdown`].
    pub async fn deliver(self: Arc<Self>, app: Arc<App>) {
        courier::deliver(&self, &app).await;
    }

    /// Lets the requests under way end, starts no other. What waits is sent after the next start.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(5), self.tasks.wait()).await;
    }
}

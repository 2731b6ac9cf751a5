//! Puts clients' broadcasts into the log, in the order they came: those that wait while a commit is
//! on its way share the next one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hearth_apps::{App, ServiceRole};
use hearth_pg::PgError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::broadcast;

/// Broadcasts that may wait; one more is refused.
const WAITING: usize = 1024;
/// Most broadcasts of one commit, and most bytes.
const BATCH: (usize, usize) = (256, 8 * 1024 * 1024);
/// Attempts while PostgreSQL is away, and the time between them.
const ATTEMPTS: (usize, Duration) = (20, Duration::from_millis(250));

/// Told whether the broadcast is in the log.
pub type Done = Box<dyn FnOnce(bool) + Send + Sync>;

struct Emission {
    content: Vec<u8>,
    done: Done,
}

/// The way of one application's broadcasts into its log.
pub struct Emitter {
    app: Arc<App>,
    queue: Mutex<Option<mpsc::Sender<Emission>>>,
}

impl Emitter {
    /// Nothing runs until the first broadcast.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            queue: Mutex::default(),
        }
    }

    /// Queues a broadcast; `done` is called once it is in the log, or cannot be.
    pub fn emit(
        &self,
        content: Vec<u8>,
        done: Done,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tasks.spawn(run(self.app.clone(), receiver, stop.clone()));
            sender
        });
        let sent = sender.try_send(Emission { content, done });
        drop(queue);
        if let Err(
            mpsc::error::TrySendError::Full(emission) | mpsc::error::TrySendError::Closed(emission),
        ) = sent
        {
            (emission.done)(false);
        }
    }
}

async fn run(app: Arc<App>, mut queue: mpsc::Receiver<Emission>, stop: CancellationToken) {
    let mut batch = Vec::new();
    loop {
        let first = tokio::select! {
            // What waits is still written: the connections outlive the sockets.
            biased;
            first = queue.recv() => first,
            () = stop.cancelled() => return,
        };
        let Some(first) = first else { return };
        let mut bytes = first.content.len();
        batch.push(first);
        while batch.len() < BATCH.0 && bytes < BATCH.1 {
            let Ok(next) = queue.try_recv() else { break };
            bytes += next.content.len();
            batch.push(next);
        }
        let contents: Vec<&[u8]> = batch.iter().map(|e| e.content.as_slice()).collect();
        let written = write(&app, &contents).await;
        if let Err(error) = &written {
            tracing::warn!(app = %app.reference, %error, code = "UnableToBroadcast");
        }
        for emission in batch.drain(..) {
            (emission.done)(written.is_ok());
        }
    }
}

async fn write(app: &App, contents: &[&[u8]]) -> Result<(), PgError> {
    let mut attempt = 1;
    loop {
        match write_once(app, contents).await {
            Err(error) if error.is_unavailable() && attempt < ATTEMPTS.0 => {
                attempt += 1;
                tokio::time::sleep(ATTEMPTS.1).await;
            }
            result => return result,
        }
    }
}

async fn write_once(app: &App, contents: &[&[u8]]) -> Result<(), PgError> {
    let client = app.database.service(ServiceRole::Realtime).await?;
    let statement = client
        .prepare(
            "select pg_catalog.pg_logical_emit_message(true, $1, content)
             from unnest($2::bytea[]) with ordinality as waiting (content, number)
             order by number",
        )
        .await?;
    client
        .query(&statement, &[&broadcast::PREFIX, &contents])
        .await?;
    Ok(())
}

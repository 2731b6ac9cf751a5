//! The runs under way: how many an application may have at once, which can be cancelled, and the
//! clock that ends them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hearth_core::AppRef;
use tokio::sync::Notify;

use crate::error::AdminError;
use crate::owner::Canceller;

/// Runs of one application at the same time, those that wait for a connection included.
const MAX_RUNS: usize = 64;

type Key = (AppRef, String);

/// The runs under way, each with the bell that ends it.
#[derive(Default)]
pub(crate) struct Runs {
    under_way: Mutex<HashMap<Key, Arc<Notify>>>,
}

impl Runs {
    /// Takes a place for the run `id` of `app`.
    ///
    /// # Errors
    /// If the application has too many, or one of that id.
    pub(crate) fn enter(self: &Arc<Self>, app: &AppRef, id: &str) -> Result<Place, AdminError> {
        let key = (app.clone(), id.to_owned());
        let mut under_way = self.lock();
        if under_way.contains_key(&key) {
            return Err(AdminError::RunExists(id.to_owned()));
        }
        if under_way.keys().filter(|(of, _)| of == app).count() >= MAX_RUNS {
            return Err(AdminError::TooManyRuns);
        }
        let cancelled = Arc::new(Notify::new());
        under_way.insert(key.clone(), cancelled.clone());
        Ok(Place {
            runs: self.clone(),
            key,
            cancelled,
        })
    }

    /// Cancels the run `id` of `app`, also one that still waits for its connection.
    ///
    /// # Errors
    /// If none is under way.
    pub(crate) fn cancel(&self, app: &AppRef, id: &str) -> Result<(), AdminError> {
        let under_way = self.lock();
        let run = under_way.get(&(app.clone(), id.to_owned()));
        // The bell keeps one ring for a run that does not listen yet.
        run.ok_or_else(|| AdminError::NoRun(id.to_owned()))?
            .notify_one();
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run's place; free again when dropped.
pub(crate) struct Place {
    runs: Arc<Runs>,
    key: Key,
    cancelled: Arc<Notify>,
}

impl Place {
    /// From now on the run ends when it is cancelled, or when `timeout` has passed: a script may
    /// lift PostgreSQL's own statement timeout, or hold many statements.
    pub(crate) fn started(&self, canceller: Canceller, timeout: Duration) -> Deadline {
        let cancelled = self.cancelled.clone();
        Deadline(tokio::spawn(async move {
            tokio::select! {
                () = cancelled.notified() => {}
                // PostgreSQL's own timeout comes first: its words are better.
                () = tokio::time::sleep(timeout + Duration::from_millis(500)) => {}
            }
            // A request that comes between two statements ends neither.
            loop {
                canceller.cancel().await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.runs.lock().remove(&self.key);
    }
}

/// Ends a run that takes too long, until it is dropped.
pub(crate) struct Deadline(tokio::task::JoinHandle<()>);

impl Drop for Deadline {
    fn drop(&mut self) {
        self.0.abort();
    }
}

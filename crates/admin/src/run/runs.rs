//! The runs under way: how many an application may have at once, which can be cancelled, and the
//! clock that ends them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hearth_core::AppRef;

use crate::error::AdminError;
use crate::owner::Canceller;

/// Runs of one application at the same time, those that wait for a connection included.
const MAX_RUNS: usize = 64;

type Key = (AppRef, String);

/// The runs under way.
#[derive(Default)]
pub(crate) struct Runs {
    under_way: Mutex<HashMap<Key, Option<Canceller>>>,
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
        under_way.insert(key.clone(), None);
        Ok(Place {
            runs: self.clone(),
            key,
        })
    }

    /// Cancels the run `id` of `app`.
    ///
    /// # Errors
    /// If none is under way.
    pub(crate) async fn cancel(&self, app: &AppRef, id: &str) -> Result<(), AdminError> {
        let canceller = self.lock().get(&(app.clone(), id.to_owned())).cloned();
        match canceller {
            Some(Some(canceller)) => {
                canceller.cancel().await;
                Ok(())
            }
            _ => Err(AdminError::NoRun(id.to_owned())),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Option<Canceller>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run's place; free again when dropped.
pub(crate) struct Place {
    runs: Arc<Runs>,
    key: Key,
}

impl Place {
    /// From now on the run can be cancelled, and is when `timeout` has passed: a script may lift
    /// PostgreSQL's own statement timeout, or hold many statements.
    pub(crate) fn started(&self, canceller: Canceller, timeout: Duration) -> Deadline {
        self.runs
            .lock()
            .insert(self.key.clone(), Some(canceller.clone()));
        Deadline(tokio::spawn(async move {
            // PostgreSQL's own timeout comes first: its words are better.
            tokio::time::sleep(timeout + Duration::from_millis(500)).await;
            loop {
                canceller.cancel().await;
                tokio::time::sleep(Duration::from_secs(1)).await;
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

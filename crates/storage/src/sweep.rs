//! What a crash leaves behind: bytes that never got a row, half-written files, and resumable
//! uploads that nobody finished. None of it is visible to anybody; now and then it is deleted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hearth_apps::{App, ServiceRole};
use hearth_core::AppRef;
use hearth_pg::Access;

use crate::database::begin_as_service;
use crate::error::StorageError;
use crate::state::Storage;
use crate::tus;

/// Seconds between two sweeps of an application.
const EVERY: i64 = 6 * 60 * 60;
/// Younger bytes may belong to an upload that is under way.
pub(crate) const MIN_AGE: Duration = Duration::from_secs(60 * 60);

/// When each application was last swept.
#[derive(Default)]
pub(crate) struct Sweeps(Mutex<HashMap<AppRef, i64>>);

impl Sweeps {
    fn is_due(&self, app: &App) -> bool {
        let now = app.clock.unix();
        let mut swept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = swept
            .get(&app.reference)
            .is_none_or(|last| last.saturating_add(EVERY) <= now);
        if due {
            swept.insert(app.reference.clone(), now);
        }
        due
    }
}

/// Sweeps an application in the background if it has not been swept for a while. Called with
/// uploads, so that an application that stands still costs nothing.
pub(crate) fn if_due(storage: &Arc<Storage>, app: &Arc<App>) {
    if !storage.sweeps.is_due(app) {
        return;
    }
    let (storage, app) = (storage.clone(), app.clone());
    tokio::spawn(async move {
        match storage.sweep(&app, MIN_AGE).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, app = %app.reference, "deleted orphaned uploads"),
            Err(error) => tracing::warn!(%error, app = %app.reference, "could not sweep uploads"),
        }
    });
}

impl Storage {
    /// Deletes an application's bytes that no row refers to and that are older than `min_age`, and
    /// its expired resumable uploads. Gives their number.
    ///
    /// # Errors
    /// What the database or the store refuse; calling again continues.
    pub async fn sweep(&self, app: &App, min_age: Duration) -> Result<usize, StorageError> {
        let mut gone = tus::store::sweep(&self.backend, app).await?;
        gone += self
            .backend
            .delete_unfinished(&app.reference, min_age)
            .await;
        // In sixteen parts, so that neither side has to hold all versions at once.
        for digit in "0123456789abcdef".chars() {
            // The files first: a row that comes in between is seen, one that is missing stays so.
            let versions = self
                .backend
                .versions(&app.reference, digit, min_age)
                .await?;
            if versions.is_empty() {
                continue;
            }
            let known = known_versions(app, digit).await?;
            for (version, key) in versions {
                if !known.contains(&version) {
                    self.backend.discard(&key).await;
                    gone += 1;
                }
            }
        }
        Ok(gone)
    }
}

async fn known_versions(app: &App, digit: char) -> Result<HashSet<String>, StorageError> {
    let connection = app.database.service(ServiceRole::Storage).await?;
    let mut tx = begin_as_service(&connection, "storage.sweep", Access::ReadOnly).await?;
    let sql = "select lower(version) from storage.objects where lower(left(version, 1)) = $1";
    let rows = tx.query(sql, &[&digit.to_string()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

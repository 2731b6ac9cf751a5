//! Sees which applications have webhooks without keeping a connection to each: PostgreSQL counts
//! the rows that were inserted into each database, its own catalog among them, and one question to
//! the control database tells all of these counts. Where one has moved, a look into the
//! application says whether it has a webhook; only then there is a courier, who listens.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hearth_apps::{App, AppState, Registry};
use hearth_pg::PgError;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Webhooks;
use crate::queue;

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);
/// An application that is written to all the time is looked into no more often than this.
const AGAIN: Duration = Duration::from_secs(3);
/// Applications looked into per question: a start with thousands of them stays quiet.
const LOOKS: usize = 10;

#[derive(Default)]
struct Seen {
    /// Another value takes its place when its keys or state change, and its courier ends.
    app: Weak<App>,
    /// The count at the last look.
    inserted: Option<i64>,
    looked: Option<Instant>,
    courier: Option<JoinHandle<()>>,
}

impl Seen {
    fn is_busy(&self) -> bool {
        self.courier
            .as_ref()
            .is_some_and(|task| !task.is_finished())
    }

    fn is_due(&self, inserted: i64) -> bool {
        !self.is_busy()
            && self.inserted != Some(inserted)
            && self.looked.is_none_or(|at| at.elapsed() > AGAIN)
    }
}

/// Runs until the registry is gone or the server stops.
pub(crate) async fn watch(webhooks: Arc<Webhooks>, registry: Weak<Registry>) {
    let mut seen: HashMap<String, Seen> = HashMap::new();
    loop {
        let Some(registry) = registry.upgrade() else {
            return;
        };
        if let Err(error) = look(&webhooks, &registry, &mut seen).await {
            tracing::debug!(%error, "webhooks could not be looked for");
        }
        drop(registry);
        tokio::select! {
            () = webhooks.stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn look(
    webhooks: &Arc<Webhooks>,
    registry: &Registry,
    seen: &mut HashMap<String, Seen>,
) -> Result<(), PgError> {
    let counts = inserted(registry).await?;
    let mut apps = registry.list();
    apps.retain(|app| app.state == AppState::Active);
    seen.retain(|name, _| apps.iter().any(|app| app.reference.as_str() == name));
    let mut looks = 0;
    for app in apps {
        let Some(count) = counts.get(app.database.name()) else {
            continue;
        };
        let seen = seen.entry(app.reference.as_str().to_owned()).or_default();
        if !std::ptr::eq(seen.app.as_ptr(), Arc::as_ptr(&app)) {
            *seen = Seen {
                app: Arc::downgrade(&app),
                ..Seen::default()
            };
        }
        if looks >= LOOKS || !seen.is_due(*count) {
            continue;
        }
        looks += 1;
        seen.looked = Some(Instant::now());
        match queue::is_needed(&app).await {
            Ok(needed) => {
                seen.inserted = Some(*count);
                let deliver = || webhooks.tasks.spawn(webhooks.clone().deliver(app));
                seen.courier = needed.then(deliver);
            }
            Err(error) => {
                tracing::debug!(app.reference = %app.reference, %error, "no look for webhooks");
            }
        }
    }
    Ok(())
}

/// Rows inserted so far, by database.
async fn inserted(registry: &Registry) -> Result<HashMap<String, i64>, PgError> {
    let control = registry.control().await?;
    let statement = control
        .prepare(
            "select datname::text, tup_inserted from pg_stat_database where datname is not null",
        )
        .await?;
    let rows = control.query(&statement, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

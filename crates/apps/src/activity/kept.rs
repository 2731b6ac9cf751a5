//! The counts in the control database, in steps of five minutes, for a week: what the reports show
//! of the time before the last start. Each run of the server writes rows of its own, which are
//! whole each time they are written, so that no row is ever counted twice.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use hearth_pg::PgError;
use uuid::Uuid;

use super::{Activity, Counts, Gauges, LATENCIES, MINUTES, Stretch, in_steps};
use crate::app::App;
use crate::registry::Registry;

/// Length of a step in seconds.
pub const KEPT_SECONDS: i64 = 300;
/// Days that are kept.
pub const KEPT_DAYS: i64 = 8;

impl Registry {
    /// Writes the counts of the last minutes down, so that they outlive the server. To be called
    /// once a minute, and before the end.
    ///
    /// # Errors
    /// If the control database refuses.
    pub async fn keep_activity(&self) -> Result<(), PgError> {
        let control = self.control().await?;
        keep(
            self.activity(),
            &control,
            self.run,
            self.options.clock.now(),
        )
        .await
    }

    /// What happened in `app` since `from`, oldest first: minutes as far as memory reaches, longer
    /// stretches before. Quiet ones are left out.
    ///
    /// # Errors
    /// If the control database cannot be read.
    pub async fn activity_since(
        &self,
        app: &App,
        from: DateTime<Utc>,
    ) -> Result<Vec<Stretch>, PgError> {
        let now = self.options.clock.now();
        let control = self.control().await?;
        let reference = app.reference.as_str();
        let mut stretches = read(&control, reference, self.run, from, now).await?;
        stretches.extend(app.activity.minutes(from.max(remembered_from(now))));
        Ok(stretches)
    }
}

/// The steps of the applications that have changed lately, out of memory.
fn changed(activity: &Activity, now: DateTime<Utc>) -> Vec<(String, Stretch)> {
    // The step before this one may have changed since it was written last.
    let from = now.timestamp().div_euclid(KEPT_SECONDS) * KEPT_SECONDS - KEPT_SECONDS;
    let from = DateTime::from_timestamp(from, 0).unwrap_or(now);
    let steps = activity.all().into_iter().flat_map(|(app, activity)| {
        in_steps(activity.minutes(from), KEPT_SECONDS)
            .into_iter()
            .map(move |step| (app.clone(), step))
    });
    steps.collect()
}

/// Writes down what has changed since it was called last, which must be less than
/// [`KEPT_SECONDS`] ago, and forgets what is too old.
async fn keep(
    activity: &Activity,
    control: &hearth_pg::Conn,
    run: Uuid,
    now: DateTime<Utc>,
) -> Result<(), PgError> {
    let statement = control
        .prepare(
            "insert into hearth.activity as kept (app, at, run, requests, refused, failed,
                 latencies, connections, database_size, storage_size)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
             where exists (select from hearth.apps where ref = $1)
             on conflict (app, at, run) do update set requests = excluded.requests,
                 refused = excluded.refused, failed = excluded.failed,
                 latencies = excluded.latencies,
                 connections = coalesce(excluded.connections, kept.connections),
                 database_size = coalesce(excluded.database_size, kept.database_size),
                 storage_size = coalesce(excluded.storage_size, kept.storage_size)",
        )
        .await?;
    for (app, Stretch { at, counts, .. }) in changed(activity, now) {
        let requests = serde_json::to_value(&counts.requests).unwrap_or_default();
        let latencies: Vec<i64> = counts.latencies.iter().map(|n| signed(*n)).collect();
        let gauges = counts.gauges;
        control
            .execute(
                &statement,
                &[
                    &app,
                    &at,
                    &run,
                    &requests,
                    &signed(counts.refused),
                    &signed(counts.failed),
                    &latencies,
                    &gauges.map(|g| g.connections),
                    &gauges.map(|g| g.database_size),
                    &gauges.and_then(|g| g.storage_size),
                ],
            )
            .await?;
    }
    let oldest = now - Duration::days(KEPT_DAYS);
    control
        .execute("delete from hearth.activity where at < $1", &[&oldest])
        .await?;
    Ok(())
}

/// What is written down about `app` since `from` and no longer, or not yet, in the memory of `run`;
/// oldest first.
async fn read(
    control: &hearth_pg::Conn,
    app: &str,
    run: Uuid,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Stretch>, PgError> {
    let statement = control
        .prepare(
            "select at, requests, refused, failed, latencies, connections, database_size,
                 storage_size
             from hearth.activity
             where app = $1 and at >= $2 and (run <> $3 or at < $4) order by at",
        )
        .await?;
    let remembered = remembered_from(now);
    let rows = control
        .query(&statement, &[&app, &from, &run, &remembered])
        .await?;
    let stretches = rows.iter().map(|row| {
        let requests = serde_json::from_value::<BTreeMap<String, u64>>(row.get(1));
        let mut latencies = [0; LATENCIES.len() + 1];
        for (class, count) in latencies.iter_mut().zip(row.get::<_, Vec<i64>>(4)) {
            *class = unsigned(count);
        }
        let measured: Option<(i64, i64)> = row
            .get::<_, Option<i64>>(5)
            .zip(row.get::<_, Option<i64>>(6));
        Stretch {
            at: row.get(0),
            seconds: KEPT_SECONDS,
            counts: Counts {
                requests: requests.unwrap_or_default(),
                refused: unsigned(row.get(2)),
                failed: unsigned(row.get(3)),
                latencies,
                gauges: measured.map(|(connections, database_size)| Gauges {
                    connections,
                    database_size,
                    storage_size: row.get(7),
                }),
            },
        }
    });
    Ok(stretches.collect())
}

/// The first step that is in memory as a whole, if the run is that old.
fn remembered_from(now: DateTime<Utc>) -> DateTime<Utc> {
    let oldest = now.timestamp() - MINUTES * 60;
    let step = (oldest.div_euclid(KEPT_SECONDS) + 1) * KEPT_SECONDS;
    DateTime::from_timestamp(step, 0).unwrap_or(now)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

//! The queue in the application's database: the only file with SQL.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hearth_apps::{App, ServiceRole};
use hearth_pg::PgError;
use serde_json::Value;

use crate::send::Answer;

/// Deliveries that are over and kept at most, however young.
const MOST_KEPT: i64 = 10_000;
/// What a claimed delivery may take beside its own time: a crash in between delays it by this.
const LEASE: f64 = 30.0;
/// Longest time for an answer, whatever the webhook says.
const LONGEST: Duration = Duration::from_secs(30);

/// One thing to be sent.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) id: i64,
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Value,
    pub(crate) params: Value,
    pub(crate) timeout: Duration,
    pub(crate) body: Option<Value>,
    /// Which attempt this is, from 1.
    pub(crate) attempt: i32,
}

/// Whether the application has webhooks, or anything that waits. False, too, where the schema is
/// missing.
pub(crate) async fn is_needed(app: &App) -> Result<bool, PgError> {
    let conn = app.database.service(ServiceRole::Functions).await?;
    let row = conn
        .query_one(
            "select exists (select from pg_trigger where not tgisinternal
                 and tgfoid = to_regprocedure('supabase_functions.http_request()'))
               or exists (select from supabase_functions.deliveries where state = 'waiting')",
            &[],
        )
        .await;
    match row {
        Ok(row) => Ok(row.get(0)),
        Err(error) if matches!(error.code().map(|c| c.code()), Some("42P01" | "3F000")) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes up to `limit` deliveries that are due: nobody else gets them for as long as they may take.
pub(crate) async fn claim(app: &App, limit: i64) -> Result<Vec<Delivery>, PgError> {
    let conn = app.database.service(ServiceRole::Functions).await?;
    let statement = conn
        .prepare(
            "update supabase_functions.deliveries d
             set attempts = attempts + 1,
                 next_at = now() + make_interval(
                     secs => $2::float8 + least(d.timeout_ms, $3) / 1000.0::float8)
             where id in (
                 select id from supabase_functions.deliveries
                 where state = 'waiting' and next_at <= now()
                 order by next_at, id limit $1 for update skip locked)
             returning id, url, method, headers, params, timeout_ms, body, attempts",
        )
        .await?;
    let longest = i32::try_from(LONGEST.as_millis()).unwrap_or(i32::MAX);
    let rows = conn.query(&statement, &[&limit, &LEASE, &longest]).await?;
    let deliveries = rows.iter().map(|row| {
        let millis: i32 = row.get(5);
        let millis = u64::try_from(millis).unwrap_or_default();
        Delivery {
            id: row.get(0),
            url: row.get(1),
            method: row.get(2),
            headers: row.get(3),
            params: row.get(4),
            timeout: Duration::from_millis(millis).clamp(Duration::from_millis(100), LONGEST),
            body: row.get(6),
            attempt: row.get(7),
        }
    });
    let mut deliveries: Vec<Delivery> = deliveries.collect();
    deliveries.sort_by_key(|delivery| delivery.id);
    Ok(deliveries)
}

/// Writes down how an attempt ended: over, or tried again after `pause`.
pub(crate) async fn record(
    app: &App,
    id: i64,
    answer: &Answer,
    pause: Option<Duration>,
) -> Result<(), PgError> {
    let conn = app.database.service(ServiceRole::Functions).await?;
    let statement = conn
        .prepare(
            "update supabase_functions.deliveries
             set state = $2, status = $3, error = $4, duration_ms = $5,
                 next_at = now() + make_interval(secs => $6),
                 finished_at = case when $2 = 'waiting' then null else now() end
             where id = $1",
        )
        .await?;
    let state = match (answer.is_success(), pause) {
        (true, _) => "delivered",
        (false, Some(_)) => "waiting",
        (false, None) => "failed",
    };
    let pause = pause.filter(|_| state == "waiting");
    let pause = pause.map(|pause| pause.as_secs_f64());
    let millis = i32::try_from(answer.elapsed.as_millis()).unwrap_or(i32::MAX);
    let status = answer.status.map(i32::from);
    conn.execute(
        &statement,
        &[&id, &state, &status, &answer.error, &millis, &pause],
    )
    .await?;
    Ok(())
}

/// When the next delivery is due, if one waits.
pub(crate) async fn next_due(app: &App) -> Result<Option<DateTime<Utc>>, PgError> {
    let conn = app.database.service(ServiceRole::Functions).await?;
    let statement = conn
        .prepare("select min(next_at) from supabase_functions.deliveries where state = 'waiting'")
        .await?;
    Ok(conn.query_one(&statement, &[]).await?.get(0))
}

/// Forgets what has been over for longer than `keep`, and the oldest of too many.
pub(crate) async fn forget(app: &App, keep: Duration) -> Result<(), PgError> {
    let conn = app.database.service(ServiceRole::Functions).await?;
    conn.execute(
        "delete from supabase_functions.deliveries
         where state <> 'waiting' and (
             finished_at < now() - make_interval(secs => $1)
             or id <= (select id from supabase_functions.deliveries where state <> 'waiting'
                 order by id desc offset $2 limit 1))",
        &[&keep.as_secs_f64(), &MOST_KEPT],
    )
    .await?;
    Ok(())
}

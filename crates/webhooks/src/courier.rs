//! Delivers for one application: takes what is due, sends it, writes down how it went.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hearth_apps::{App, ServiceRole};
use hearth_pg::{Login, PgError};
use tokio::time::Instant;

use crate::Webhooks;
use crate::queue::{self, Delivery};

/// Requests of one application at the same time.
const AT_ONCE: usize = 10;
/// How often it is asked whether there is anything to do at all, and old deliveries are forgotten.
const ROUND: Duration = Duration::from_secs(60);
/// After PostgreSQL refused or was away.
const RECOVER: Duration = Duration::from_secs(2);

pub(crate) async fn deliver(webhooks: &Webhooks, app: &Arc<App>) {
    let login = Login::Service {
        role: ServiceRole::Functions.name(),
    };
    let config = app.database.server().config(&login, app.database.name());
    let mut notices = hearth_pg::listen::listen(config, vec!["hearth_webhooks".to_owned()]);
    let mut under_way = FuturesUnordered::new();
    let mut due = Instant::now();
    let mut round = Instant::now() + ROUND;
    loop {
        let stopping = webhooks.stop.is_cancelled() || app.database.is_closed();
        if stopping && under_way.is_empty() {
            return;
        }
        let free = AT_ONCE - under_way.len();
        tokio::select! {
            () = webhooks.stop.cancelled(), if !stopping => {}
            Some(()) = under_way.next(), if !under_way.is_empty() => due = Instant::now(),
            heard = notices.recv(), if !stopping => match heard {
                Some(_) => due = Instant::now(),
                None => return,
            },
            () = tokio::time::sleep_until(due), if !stopping && free > 0 => {
                match take(app, free).await {
                    Ok((taken, next)) => {
                        for delivery in taken {
                            under_way.push(attempt(webhooks, app, delivery));
                        }
                        due = next.min(round);
                    }
                    Err(error) => due = refused(app, &error),
                }
            }
            () = tokio::time::sleep_until(round), if !stopping && under_way.is_empty() => {
                round = Instant::now() + ROUND;
                if let Err(error) = queue::forget(app, webhooks.patience.keep).await {
                    refused(app, &error);
                }
                if matches!(queue::is_needed(app).await, Ok(false)) {
                    return;
                }
            }
        }
    }
}

fn refused(app: &App, error: &PgError) -> Instant {
    tracing::debug!(app.reference = %app.reference, %error, "webhooks wait for the database");
    Instant::now() + RECOVER
}

/// What is due now, and when to look again.
async fn take(app: &App, most: usize) -> Result<(Vec<Delivery>, Instant), PgError> {
    let limit = i64::try_from(most).unwrap_or(1);
    let taken = queue::claim(app, limit).await?;
    let now = Instant::now();
    if taken.len() == most {
        // There may be more; there will be room when one of these ends.
        return Ok((taken, now + RECOVER));
    }
    let next = match queue::next_due(app).await? {
        Some(at) => now + (at - Utc::now()).to_std().unwrap_or_default(),
        None => now + ROUND,
    };
    Ok((taken, next.max(now + Duration::from_millis(20))))
}

async fn attempt(webhooks: &Webhooks, app: &App, delivery: Delivery) {
    let answer = webhooks.sender.send(&delivery).await;
    let failures = usize::try_from(delivery.attempt).unwrap_or(1).max(1);
    let pause = webhooks.patience.pauses.get(failures - 1).copied();
    if let Err(error) = queue::record(app, delivery.id, &answer, pause).await {
        // The lease runs out, and it is sent once more.
        refused(app, &error);
    }
}

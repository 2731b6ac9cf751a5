//! `GET /apps/{ref}/reports?minutes=`: what happened in each of the last minutes.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Duration};
use hearth_apps::activity::{LATENCIES, MINUTES, Minute};
use serde_json::{Value, json};

use super::apps;
use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Params};

/// Quiet minutes are left out.
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    target: Target,
    params: Params,
) -> Result<Response, AdminError> {
    let minutes = params.number("minutes")?.unwrap_or(60).clamp(1, MINUTES);
    // The page shows this very moment, too.
    let app = &target.app;
    admin.sizes.of(app).await;
    apps::measure(&admin).await?;
    let now = app.clock.now();
    let from = now - Duration::minutes(minutes - 1);
    let series = admin
        .registry
        .activity()
        .minutes(app.reference.as_str(), from);
    let series: Vec<Value> = series
        .iter()
        .map(|(at, minute)| written(*at, minute))
        .collect();
    Ok(input::json(&json!({
        "from": from,
        "to": now,
        "minutes": minutes,
        "series": series,
    })))
}

fn written(at: i64, minute: &Minute) -> Value {
    let requests: u64 = minute.requests.values().sum();
    let gauges = minute.gauges;
    json!({
        "at": DateTime::from_timestamp(at * 60, 0),
        "requests": requests,
        "services": minute.requests,
        "refused": minute.refused,
        "errors": minute.failed,
        "latency_p50_ms": quantile(minute, requests, 50),
        "latency_p95_ms": quantile(minute, requests, 95),
        "latency_p99_ms": quantile(minute, requests, 99),
        "connections": gauges.map(|g| g.connections),
        "database_size": gauges.map(|g| g.database_size),
        "storage_size": gauges.and_then(|g| g.storage_size),
    })
}

/// The upper bound of the class that holds the quantile.
fn quantile(minute: &Minute, requests: u64, percent: u64) -> Option<u64> {
    let rank = (requests * percent).div_ceil(100);
    let mut seen = 0;
    let last = LATENCIES.last().copied();
    (requests > 0).then_some(())?;
    for (class, count) in minute.latencies.iter().enumerate() {
        seen += count;
        if seen >= rank {
            return LATENCIES.get(class).copied().or(last);
        }
    }
    last
}

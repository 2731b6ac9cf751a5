//! `GET /apps/{ref}/reports?range=`: what happened in an application, in steps of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use hearth_apps::activity::{Gauges, Stretch, in_steps};
use serde::Serialize;
use serde_json::json;

use super::apps;
use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Params};

/// How far back, and in which steps.
const RANGES: [(&str, i64, i64); 3] = [
    ("1h", 3600, 60),
    ("24h", 24 * 3600, 15 * 60),
    ("7d", 7 * 24 * 3600, 2 * 3600),
];

/// A report.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Report {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Length of a step.
    step_seconds: i64,
    /// Oldest first; steps in which nothing happened are left out.
    series: Vec<Step>,
}

/// What happened in one step.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ReportStep)]
pub(crate) struct Step {
    at: DateTime<Utc>,
    /// Its length: what is remembered of the time before the last start is coarser.
    seconds: i64,
    requests: u64,
    /// Requests by service.
    services: BTreeMap<String, u64>,
    /// Answers with 400 to 499.
    refused: u64,
    /// Answers with 500 and beyond.
    errors: u64,
    #[schema(required)]
    latency_p50_ms: Option<u64>,
    #[schema(required)]
    latency_p95_ms: Option<u64>,
    #[schema(required)]
    latency_p99_ms: Option<u64>,
    /// Measured last within the step or before it.
    #[schema(required)]
    connections: Option<i64>,
    /// In bytes.
    #[schema(required)]
    database_size: Option<i64>,
    /// In bytes.
    #[schema(required)]
    storage_size: Option<i64>,
}

/// What happened in the last hour (`range=1h`, without it, too), day (`24h`) or week (`7d`).
#[utoipa::path(
    get,
    path = "/apps/{ref}/reports",
    tag = "operation",
    params(
        ("ref" = String, Path, description = "The application"),
        ("range" = Option<String>, Query, description = "1h, 24h or 7d"),
    ),
    responses((status = 200, body = Report)),
)]
pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    target: Target,
    params: Params,
) -> Result<Response, AdminError> {
    let name = params.text("range").unwrap_or("1h");
    let known = RANGES.iter().find(|(known, _, _)| *known == name);
    let &(_, length, step_seconds) = known.ok_or_else(|| {
        AdminError::invalid("range must be 1h, 24h or 7d", "range 必须是 1h、24h 或 7d")
    })?;
    // The page shows this very moment, too.
    let app = &target.app;
    admin.sizes.of(app).await;
    apps::measure(&admin).await?;
    let to = app.clock.now();
    let from = to - Duration::seconds(length);
    let stretches = admin.registry.activity_since(app, from).await?;
    let mut gauges = None;
    let series = in_steps(stretches, step_seconds)
        .into_iter()
        .map(|stretch| {
            gauges = stretch.counts.gauges.or(gauges);
            written(stretch, gauges)
        });
    let report = Report {
        from,
        to,
        step_seconds,
        series: series.collect(),
    };
    Ok(input::json(&json!(report)))
}

fn written(stretch: Stretch, gauges: Option<Gauges>) -> Step {
    let counts = stretch.counts;
    Step {
        at: stretch.at,
        seconds: stretch.seconds,
        requests: counts.total(),
        refused: counts.refused,
        errors: counts.failed,
        latency_p50_ms: counts.quantile(50),
        latency_p95_ms: counts.quantile(95),
        latency_p99_ms: counts.quantile(99),
        services: counts.requests,
        connections: gauges.map(|g| g.connections),
        database_size: gauges.map(|g| g.database_size),
        storage_size: gauges.and_then(|g| g.storage_size),
    }
}

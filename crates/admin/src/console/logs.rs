//! `GET /apps/{ref}/logs`: the last requests of an application, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hearth_apps::activity::Answered;
use serde_json::{Value, json};

use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Params};

/// Filtered by `service`, `level` and a text `q` of path, method, status or id; `before` is the id
/// of an entry.
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    target: Target,
    params: Params,
) -> Result<Response, AdminError> {
    let limit = params.number("limit")?.unwrap_or(100).clamp(1, 1000);
    let before = params.number("before")?;
    let before = before.map_or(u64::MAX, |n| u64::try_from(n).unwrap_or(0));
    let given = |name| params.text(name).filter(|text| !text.is_empty());
    let (service, wanted) = (given("service"), given("level"));
    let text = given("q").map(str::to_lowercase);
    let wants = |entry: &Answered| {
        entry.number < before
            && service.is_none_or(|service| service == entry.service)
            && wanted.is_none_or(|wanted| wanted == level(entry))
            && text.as_deref().is_none_or(|text| {
                message(entry).to_lowercase().contains(text) || entry.id.to_string() == text
            })
    };
    let limit = usize::try_from(limit).unwrap_or(100);
    let reference = target.app.reference.as_str();
    let entries = admin.registry.activity().requests(reference, limit, wants);
    let entries: Vec<Value> = entries.iter().map(written).collect();
    Ok(input::json(&json!(entries)))
}

fn level(entry: &Answered) -> &'static str {
    match entry.status {
        500.. => "error",
        400.. => "warning",
        _ => "info",
    }
}

fn message(entry: &Answered) -> String {
    format!("{} {} {}", entry.method, entry.path, entry.status)
}

fn written(entry: &Answered) -> Value {
    json!({
        "id": entry.number,
        "at": entry.at,
        "service": entry.service,
        "level": level(entry),
        "message": message(entry),
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "duration_ms": entry.elapsed.as_secs_f64() * 1000.0,
        "request_id": entry.id.to_string(),
    })
}

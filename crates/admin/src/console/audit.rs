//! `GET /audit`: what administrators did, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::account::Role;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Params};

/// What an administrator did.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AuditEntry {
    id: i64,
    at: DateTime<Utc>,
    username: String,
    /// From where.
    address: String,
    /// `app.create`, `secrets.read` …
    action: String,
    /// In which application.
    #[schema(required)]
    app: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
}

/// What administrators did, newest first. Owners see everything, others what was done in the applications that they see and by
/// themselves.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "administrators",
    params(
        ("limit" = Option<i64>, Query, description = "Most entries, 1 to 1000"),
        ("before" = Option<i64>, Query, description = "Entries older than the one of this id"),
    ),
    responses((status = 200, body = Vec<AuditEntry>)),
)]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    params: Params,
) -> Result<Response, AdminError> {
    let limit = params.number("limit")?.unwrap_or(100).clamp(1, 1000);
    let before = params.number("before")?.unwrap_or(i64::MAX);
    let me = &caller.administrator;
    let everything = me.role == Role::Owner && me.apps.is_none();
    let control = admin.control().await?;
    let rows = control
        .query(
            "select id, at, username, address, action, app, details from hearth.audit_log
             where id < $1 and ($2 or username = $3
                 or (app is not null and ($4::text[] is null or app = any ($4))))
             order by id desc limit $5",
            &[&before, &everything, &me.username, &me.apps, &limit],
        )
        .await?;
    let entries = rows.iter().map(|row| AuditEntry {
        id: row.get(0),
        at: row.get(1),
        username: row.get(2),
        address: row.get(3),
        action: row.get(4),
        app: row.get(5),
        details: row.get(6),
    });
    let entries: Vec<AuditEntry> = entries.collect();
    Ok(input::json(&json!(entries)))
}

//! `GET /audit`: what administrators did, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::access::Caller;
use crate::account::Role;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Params};

/// Owners see everything, others what was done in the applications that they see and by
/// themselves.
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
    let entries: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.get::<_, i64>(0),
                "at": row.get::<_, DateTime<Utc>>(1),
                "username": row.get::<_, &str>(2),
                "address": row.get::<_, &str>(3),
                "action": row.get::<_, &str>(4),
                "app": row.get::<_, Option<&str>>(5),
                "details": row.get::<_, Value>(6),
            })
        })
        .collect();
    Ok(input::json(&json!(entries)))
}

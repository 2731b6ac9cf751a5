//! Saved queries of an application, shared by its administrators.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::{Caller, Target};
use crate::account::Role;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Input};

/// Saved queries of one application.
const MOST: i64 = 2000;

/// A query to be saved.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = QueryText)]
pub(super) struct Query {
    name: String,
    sql: String,
}

/// A saved query.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SavedQuery {
    id: String,
    name: String,
    sql: String,
    /// Who saved it last.
    username: String,
    updated_at: DateTime<Utc>,
}

/// The saved queries of an application, by name.
#[utoipa::path(
    get,
    path = "/apps/{ref}/queries",
    tag = "sql",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 200, body = Vec<SavedQuery>)),
)]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    target: Target,
) -> Result<Response, AdminError> {
    let control = admin.control().await?;
    let rows = control
        .query(
            "select id, name, sql, username, updated_at from hearth.saved_queries
             where app = $1 order by lower(name), id",
            &[&target.app.reference.as_str()],
        )
        .await?;
    let queries = rows.iter().map(|row| SavedQuery {
        id: row.get(0),
        name: row.get(1),
        sql: row.get(2),
        username: row.get(3),
        updated_at: row.get(4),
    });
    let queries: Vec<SavedQuery> = queries.collect();
    Ok(input::json(&json!(queries)))
}

/// Saves a query under an id of the caller's.
#[utoipa::path(
    put,
    path = "/apps/{ref}/queries/{id}",
    tag = "sql",
    params(
        ("ref" = String, Path, description = "The application"),
        ("id" = String, Path, description = "The query"),
    ),
    request_body = Query,
    responses((status = 200, body = Object)),
)]
pub(super) async fn save(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
    Path((_, id)): Path<(String, String)>,
    Input(query): Input<Query>,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Developer)?;
    let reference = target.app.reference.as_str();
    if id.chars().count() > 64 || query.name.chars().count() > 200 {
        return Err(AdminError::invalid(
            "The name of a query has at most 200 characters, its id 64",
            "查询名称最多 200 个字符，标识最多 64 个字符",
        ));
    }
    // PostgreSQL's texts hold no NUL.
    if [&id, &query.name, &query.sql]
        .iter()
        .any(|text| text.contains('\0'))
    {
        return Err(AdminError::invalid(
            "A text may not hold a NUL character",
            "文本不能包含 NUL 字符",
        ));
    }
    let control = admin.control().await?;
    let saved = control
        .execute(
            "insert into hearth.saved_queries (app, id, name, sql, username)
             select $1, $2, $3, $4, $5
             where (select count(*) from hearth.saved_queries where app = $1) < $6
                 or exists (select from hearth.saved_queries where app = $1 and id = $2)
             on conflict (app, id) do update
             set name = excluded.name, sql = excluded.sql, username = excluded.username,
                 updated_at = now()",
            &[
                &reference,
                &id,
                &query.name,
                &query.sql,
                &caller.administrator.username,
                &MOST,
            ],
        )
        .await?;
    drop(control);
    if saved == 0 {
        return Err(AdminError::invalid(
            format!("An application has at most {MOST} saved queries"),
            format!("每个应用最多保存 {MOST} 个查询"),
        ));
    }
    let details = json!({"id": id, "name": query.name});
    caller
        .record(&admin, "query.save", Some(reference), details)
        .await?;
    let body = json!({"id": id, "name": query.name, "sql": query.sql});
    Ok(input::json(&body))
}

/// Forgets a saved query.
#[utoipa::path(
    delete,
    path = "/apps/{ref}/queries/{id}",
    tag = "sql",
    params(
        ("ref" = String, Path, description = "The application"),
        ("id" = String, Path, description = "The query"),
    ),
    responses((status = 204)),
)]
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Developer)?;
    let reference = target.app.reference.as_str();
    let control = admin.control().await?;
    let deleted = control
        .execute(
            "delete from hearth.saved_queries where app = $1 and id = $2",
            &[&reference, &id],
        )
        .await?;
    drop(control);
    if deleted == 0 {
        return Err(AdminError::NoQuery(id));
    }
    caller
        .record(&admin, "query.delete", Some(reference), json!({"id": id}))
        .await?;
    Ok(input::nothing())
}

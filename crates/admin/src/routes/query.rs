//! `/query`: SQL as postgres-meta takes it. The rows of the last statement that has some.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::run::record_statements;
use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Input, Params};
use crate::run::engine::{self, As, Job};

/// Time for a script without a wish of its own.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Rows of one answer: this is no way to read a whole table.
const MAX_ROWS: usize = 100_000;

/// A script, as postgres-meta takes it.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = MetaQuery)]
pub(crate) struct Query {
    #[serde(default)]
    query: String,
    #[serde(default)]
    parameters: Option<Vec<Value>>,
}

/// The spellings beside `/query`.
pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/query/", post(query))
        .route("/query/format", post(format))
}

/// Runs a script as the application's owner: the rows of the last statement that has some.
#[utoipa::path(
    post,
    path = "/apps/{ref}/pg/query",
    tag = "sql",
    params(("ref" = String, Path, description = "The application")),
    request_body = Query,
    responses((status = 200, body = Vec<Object>)),
)]
pub(crate) async fn query(
    State(admin): State<Arc<Admin>>,
    target: Target,
    params: Params,
    Input(given): Input<Query>,
) -> Result<Response, AdminError> {
    if given.query.trim().is_empty() {
        return Err(AdminError::Meta("query not found".to_owned()));
    }
    let wished = params.number("statementTimeoutSecs")?;
    let timeout = wished
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map_or(TIMEOUT, |seconds| Duration::from_secs(seconds.min(600)));
    let parameters = given.parameters.unwrap_or_default();
    let job = Job {
        script: &given.query,
        parameters: &parameters,
        role: As::Owner,
        timeout,
        max_rows: MAX_ROWS,
        read_only: target.read_only,
    };
    let place = admin
        .runs
        .enter(&target.app.reference, &format!("query-{}", Uuid::new_v4()))?;
    let session = admin.session(&target.app).await?;
    let deadline = place.started(session.canceller()?, timeout);
    let answered = engine::run(&session, &job).await;
    drop(deadline);
    session.release();
    let answers = answered.map_err(|mut error| {
        if let AdminError::Sql(failure) = &mut error {
            failure.as_query = true;
        }
        error
    })?;
    record_statements(&admin, &target, &given.query, "postgres", &answers).await?;
    let last = answers.into_iter().rev().find(|a| !a.rows.is_empty());
    let Some(last) = last else {
        return Ok(input::raw("[]".to_owned()));
    };
    let rows = last.rows.into_iter().map(|row| {
        let fields = last.fields.iter().map(|field| field.name.clone());
        Value::Object(fields.zip(row).collect::<Map<_, _>>())
    });
    Ok(input::json(&Value::Array(rows.collect())))
}

/// Statements one below the other; what is inside them stays as it is typed.
async fn format(Input(given): Input<Query>) -> Result<Response, AdminError> {
    if given.query.trim().is_empty() {
        return Err(AdminError::Meta("query not found".to_owned()));
    }
    let statements: Vec<String> = crate::run::split::split(&given.query)
        .iter()
        .map(|statement| format!("{};\n", statement.text))
        .collect();
    Ok(input::json(&Value::String(statements.join("\n"))))
}

//! `/run`: SQL as the console's editor runs it, with a chosen role, all results, and a way to
//! cancel it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, post};
use hearth_apps::App;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_postgres::error::DbError;
use uuid::Uuid;

use super::{Id, record};
use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Input};
use crate::run::engine::{self, Answer, As, Job};
use crate::run::split::split;
use crate::user_claims;

const TIMEOUT: u64 = 60_000;
const LONGEST: u64 = 600_000;
const ROWS: usize = 1000;
const MOST_ROWS: usize = 100_000;
/// Characters of a script in the record.
const RECORDED: usize = 2000;

/// A script.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RunRequest)]
pub(crate) struct Run {
    #[serde(default)]
    sql: String,
    /// `postgres`: the owner; or `anon`, `authenticated`, `service_role`.
    role: Option<String>,
    /// Whose token an `authenticated` one has.
    user_id: Option<String>,
    timeout_ms: Option<u64>,
    /// Of each result.
    max_rows: Option<usize>,
    /// To cancel it by.
    run_id: Option<String>,
}

/// What a script came to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunAnswer {
    results: Vec<RunResult>,
    notices: Vec<RunNotice>,
    duration_ms: u64,
}

/// What one of its statements came to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunResult {
    /// `SELECT`, `CREATE TABLE` …
    command: String,
    fields: Vec<RunField>,
    /// In the order of the fields.
    rows: Vec<Vec<Value>>,
    #[schema(required)]
    row_count: Option<u64>,
    /// There were more rows than wanted.
    truncated: bool,
}

/// A column.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// What the server said beside.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RunNotice {
    severity: String,
    message: String,
    code: String,
    #[schema(required)]
    detail: Option<String>,
    #[schema(required)]
    hint: Option<String>,
}

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/run", post(run))
        .route("/run/{id}", delete(cancel))
}

/// Runs a script, each statement with its result.
#[utoipa::path(
    post,
    path = "/apps/{ref}/pg/run",
    tag = "sql",
    params(("ref" = String, Path, description = "The application")),
    request_body = Run,
    responses((status = 200, body = RunAnswer)),
)]
pub(crate) async fn run(
    State(admin): State<Arc<Admin>>,
    target: Target,
    Input(given): Input<Run>,
) -> Result<Response, AdminError> {
    let role_name = given.role.as_deref().unwrap_or("postgres");
    let role = role(&target.app, role_name, given.user_id.as_deref()).await?;
    let timeout = given.timeout_ms.unwrap_or(TIMEOUT).clamp(1, LONGEST);
    let timeout = Duration::from_millis(timeout);
    let id = given.run_id.unwrap_or_else(|| Uuid::new_v4().to_string());
    if id.chars().count() > 100 {
        return Err(AdminError::invalid(
            "run_id has at most 100 characters",
            "run_id 最多 100 个字符",
        ));
    }
    let job = Job {
        script: &given.sql,
        parameters: &[],
        role,
        timeout,
        max_rows: given.max_rows.unwrap_or(ROWS).clamp(1, MOST_ROWS),
        read_only: target.read_only,
    };
    let place = admin.runs.enter(&target.app.reference, &id)?;
    let started = Instant::now();
    let session = admin.session(&target.app).await?;
    let deadline = place.started(session.canceller()?, timeout);
    let answered = engine::run(&session, &job).await;
    drop(deadline);
    let duration = started.elapsed();
    let notices: Vec<RunNotice> = session.notices().iter().map(notice).collect();
    session.release();
    let answers = answered?;
    record_statements(&admin, &target, &given.sql, role_name, &answers).await?;
    let answer = RunAnswer {
        results: answers.into_iter().map(result).collect(),
        notices,
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    };
    Ok(input::json(&json!(answer)))
}

/// Cancels a script that runs.
#[utoipa::path(
    delete,
    path = "/apps/{ref}/pg/run/{id}",
    tag = "sql",
    params(
        ("ref" = String, Path, description = "The application"),
        ("id" = String, Path, description = "The run"),
    ),
    responses((status = 204)),
)]
pub(crate) async fn cancel(
    State(admin): State<Arc<Admin>>,
    target: Target,
    Id(id): Id,
) -> Result<Response, AdminError> {
    admin.runs.cancel(&target.app.reference, &id)?;
    Ok(input::nothing())
}

/// As whom to run: the owner, or a role of the instant API with a token's claims.
async fn role(app: &App, name: &str, user: Option<&str>) -> Result<As, AdminError> {
    let role = match name {
        "postgres" => return Ok(As::Owner),
        "anon" => "anon",
        "authenticated" => "authenticated",
        "service_role" => "service_role",
        _ => {
            return Err(AdminError::invalid(
                "role is postgres, anon, authenticated or service_role",
                "role 只能是 postgres、anon、authenticated 或 service_role",
            ));
        }
    };
    let mut claims = Map::new();
    claims.insert("role".to_owned(), json!(role));
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        let id: Uuid = user
            .parse()
            .map_err(|_| AdminError::invalid("user_id must be a UUID", "user_id 必须是 UUID"))?;
        claims.extend(user_claims::claims_of(app, id).await?);
        claims.insert("role".to_owned(), json!(role));
    }
    Ok(As::Caller {
        role,
        claims: Value::Object(claims).to_string(),
    })
}

fn result(answer: Answer) -> RunResult {
    let fields = answer.fields.iter().map(|field| RunField {
        name: field.name.clone(),
        kind: field.kind.name().to_owned(),
    });
    RunResult {
        fields: fields.collect(),
        command: answer.command,
        rows: answer.rows,
        row_count: answer.row_count,
        truncated: answer.truncated,
    }
}

fn notice(notice: &DbError) -> RunNotice {
    RunNotice {
        severity: notice.severity().to_owned(),
        message: notice.message().to_owned(),
        code: notice.code().code().to_owned(),
        detail: notice.detail().map(str::to_owned),
        hint: notice.hint().map(str::to_owned),
    }
}

/// Records a script that did more than look.
pub(super) async fn record_statements(
    admin: &Admin,
    target: &Target,
    sql: &str,
    role: &str,
    answers: &[Answer],
) -> Result<(), AdminError> {
    let looks = |command: &str| matches!(command, "SELECT" | "SHOW" | "EXPLAIN");
    let modifies = split(sql)
        .iter()
        .any(|statement| statement.word(0) == "WITH" && modifying(&statement.text.to_uppercase()));
    if answers.iter().all(|answer| looks(&answer.command)) && !modifies {
        return Ok(());
    }
    let recorded: String = sql.chars().take(RECORDED).collect();
    record(
        admin,
        target,
        "sql.run",
        json!({"sql": recorded, "role": role}),
    )
    .await
}

/// A `with` that may hold more than queries; recorded once too often rather than too seldom.
fn modifying(text: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE", "MERGE"]
        .iter()
        .any(|word| text.contains(word))
}

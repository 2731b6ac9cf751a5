//! `GET /apps/{ref}/logs`: what happened in an application lately, newest first. Each source has a
//! store of its own, bounded by itself: requests and realtime in memory, auth in the application's
//! database, PostgreSQL in its server's log.

mod auth;
mod postgres;
mod realtime;
mod requests;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use hearth_apps::activity::Level;
use serde::Serialize;
use serde_json::{Value, json};

use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Params};

/// One entry of a log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LogEntry)]
pub(crate) struct Entry {
    /// Tells it apart from the others of its source.
    id: String,
    at: DateTime<Utc>,
    /// `rest`, `auth`, `storage`, `realtime`, `pg`, `gateway` or `postgres`.
    service: String,
    level: LogLevel,
    /// In one line, or several.
    message: String,
    /// More about it, by source.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    details: Value,
}

/// How bad an entry is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// As it should be.
    Info,
    /// Somebody was refused, or something mended itself.
    Warning,
    /// Something is broken.
    Error,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

/// Which entries are wanted.
struct Wanted {
    limit: usize,
    service: Option<String>,
    level: Option<String>,
    text: Option<String>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, AdminError> {
        let limit = params.number("limit")?.unwrap_or(100).clamp(1, 1000);
        let given = |name| params.text(name).filter(|text| !text.is_empty());
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or(100),
            service: given("service").map(str::to_owned),
            level: given("level").map(str::to_owned),
            text: given("q").map(str::to_lowercase),
            from: time(given("from"), "from")?.unwrap_or(DateTime::UNIX_EPOCH),
            to: time(given("to"), "to")?.unwrap_or(DateTime::<Utc>::MAX_UTC),
        })
    }

    fn level(&self, level: Level) -> bool {
        match self.level.as_deref() {
            None => true,
            // Whoever looks for what went wrong wants the worst of it, too.
            Some("warning") => level != Level::Info,
            Some(wanted) => wanted == level.as_str(),
        }
    }

    fn time(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    fn text(&self, within: &str) -> bool {
        let text = self.text.as_deref();
        text.is_none_or(|text| within.to_lowercase().contains(text))
    }
}

fn time(text: Option<&str>, name: &str) -> Result<Option<DateTime<Utc>>, AdminError> {
    let parsed = text.map(|text| text.parse()).transpose();
    parsed.map_err(|_| {
        AdminError::invalid(
            format!("{name} must be a time as 2026-01-31T12:00:00Z"),
            format!("{name} 必须是形如 2026-01-31T12:00:00Z 的时间"),
        )
    })
}

/// `source` is `requests` (without it, too), `auth`, `realtime` or `postgres`; `service`, `level`
/// (`warning` takes errors along), `q`, `from` and `to` filter.
#[utoipa::path(
    get,
    path = "/apps/{ref}/logs",
    tag = "operation",
    params(
        ("ref" = String, Path, description = "The application"),
        ("source" = Option<String>, Query, description = "requests, auth, realtime or postgres"),
        ("service" = Option<String>, Query, description = "Of the requests, those to one service"),
        ("level" = Option<String>, Query, description = "info, warning (and worse) or error"),
        ("q" = Option<String>, Query, description = "A text that the entry holds"),
        ("from" = Option<DateTime<Utc>>, Query, description = "The earliest time"),
        ("to" = Option<DateTime<Utc>>, Query, description = "The first time that is too late"),
        ("limit" = Option<i64>, Query, description = "Most entries, 1 to 1000"),
    ),
    responses((status = 200, body = Vec<Entry>)),
)]
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    target: Target,
    params: Params,
) -> Result<Response, AdminError> {
    let wanted = Wanted::read(&params)?;
    let app = &target.app;
    let entries = match params.text("source") {
        None | Some("" | "requests") => requests::entries(app, &wanted),
        Some("auth") => auth::entries(app, &wanted).await?,
        Some("realtime") => realtime::entries(app, &wanted),
        Some("postgres") => postgres::entries(&admin, app, wanted).await?,
        Some(_) => {
            return Err(AdminError::invalid(
                "source must be requests, auth, realtime or postgres",
                "source 必须是 requests、auth、realtime 或 postgres",
            ));
        }
    };
    Ok(input::json(&json!(entries)))
}

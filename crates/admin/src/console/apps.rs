//! Applications: list, create, rename, pause, resume, delete, and their keys.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use hearth_apps::activity::Gauges;
use hearth_apps::{App, AppSettings, AppState, NewApp, ServiceRole};
use hearth_core::AppRef;
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::{Caller, Target};
use crate::account::Role;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Input};

/// Sizes of the applications' objects, which each take a connection to ask for.
pub(crate) struct Sizes {
    storage: Cache<AppRef, Option<i64>>,
}

impl Sizes {
    /// Nothing known yet.
    pub(crate) fn new() -> Self {
        Self {
            storage: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(60))
                .build(),
        }
    }

    /// Bytes of the application's objects, a minute old at most.
    pub(crate) async fn of(&self, app: &App) -> Option<i64> {
        let asked = async {
            let asked = tokio::time::timeout(Duration::from_secs(3), storage_size(app)).await;
            match asked {
                Ok(Ok(size)) => Some(size),
                Ok(Err(error)) => {
                    tracing::debug!(%error, app.reference = %app.reference, "no storage size");
                    None
                }
                Err(_) => None,
            }
        };
        self.storage.get_with(app.reference.clone(), asked).await
    }
}

async fn storage_size(app: &App) -> Result<i64, hearth_pg::PgError> {
    let conn = app.database.service(ServiceRole::Storage).await?;
    let row = conn
        .query_one(
            "select coalesce(sum((metadata ->> 'size')::bigint), 0)::bigint from storage.objects",
            &[],
        )
        .await?;
    Ok(row.get(0))
}

struct Usage {
    database_size: i64,
    connections: i64,
}

/// Measures all applications, for the reports.
pub(crate) async fn measure(admin: &Admin) -> Result<(), AdminError> {
    let apps = admin.registry.list();
    let databases: Vec<String> = apps.iter().map(|app| app.reference.database()).collect();
    let usage = usage(admin, &databases).await?;
    for app in apps.iter().filter(|app| app.state == AppState::Active) {
        let Some(usage) = usage.get(&app.reference.database()) else {
            continue;
        };
        let gauges = Gauges {
            connections: usage.connections,
            database_size: usage.database_size,
            // Known where somebody looked a moment ago: asking would wake a sleeping application.
            storage_size: admin.sizes.storage.get(&app.reference).await.flatten(),
        };
        app.activity.measured(app.clock.now(), gauges);
    }
    Ok(())
}

/// Size and connections of the databases named, by name.
async fn usage(admin: &Admin, databases: &[String]) -> Result<HashMap<String, Usage>, AdminError> {
    let control = admin.control().await?;
    let statement = control
        .prepare(
            "select d.datname::text, pg_database_size(d.oid),
                    (select count(*) from pg_stat_activity a where a.datid = d.oid)
             from pg_database d where d.datname = any ($1)",
        )
        .await?;
    let rows = control.query(&statement, &[&databases]).await?;
    let usage = rows.iter().map(|row| {
        (
            row.get(0),
            Usage {
                database_size: row.get(1),
                connections: row.get(2),
            },
        )
    });
    Ok(usage.collect())
}

fn is_default(admin: &Admin, app: &App) -> bool {
    admin
        .registry
        .default_app()
        .is_some_and(|default| default.reference == app.reference)
}

/// An application in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AppSummary {
    /// Part of its address.
    #[serde(rename = "ref")]
    reference: String,
    name: String,
    state: AppSummaryState,
    /// Requests that name no application are for it.
    is_default: bool,
    created_at: DateTime<Utc>,
    /// In bytes.
    #[schema(required)]
    database_size: Option<i64>,
    /// In bytes.
    #[schema(required)]
    storage_size: Option<i64>,
    #[schema(required)]
    connections: Option<i64>,
}

/// Whether an application answers.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppSummaryState {
    /// It does.
    Active,
    /// Its operator paused it.
    Paused,
}

/// An application with what its clients need.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AppDetail {
    #[serde(flatten)]
    app: AppSummary,
    /// For clients.
    url: String,
    anon_key: String,
    publishable_key: String,
}

/// What bypasses policies, and how to connect to the database.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AppSecrets {
    service_role_key: String,
    secret_key: String,
    jwt_secret: String,
    /// As the application's owner role.
    db_url: String,
}

async fn described(admin: &Admin, apps: &[Arc<App>]) -> Result<Vec<AppSummary>, AdminError> {
    let databases: Vec<String> = apps.iter().map(|app| app.reference.database()).collect();
    let usage = usage(admin, &databases).await?;
    let storage: Vec<Option<i64>> = futures_util::stream::iter(apps.to_vec())
        .map(|app| async move { admin.sizes.of(&app).await })
        .buffered(8)
        .collect()
        .await;
    let described = apps.iter().zip(storage).map(|(app, storage_size)| {
        let usage = usage.get(&app.reference.database());
        AppSummary {
            reference: app.reference.to_string(),
            name: app.name.clone(),
            state: match app.state {
                AppState::Active => AppSummaryState::Active,
                AppState::Paused => AppSummaryState::Paused,
            },
            is_default: is_default(admin, app),
            created_at: app.created_at,
            database_size: usage.map(|usage| usage.database_size),
            storage_size,
            connections: usage.map(|usage| usage.connections),
        }
    });
    Ok(described.collect())
}

async fn one(admin: &Admin, app: &Arc<App>) -> Result<AppSummary, AdminError> {
    let mut described = described(admin, std::slice::from_ref(app)).await?;
    let gone = || AdminError::NoApp(app.reference.to_string());
    described.pop().ok_or_else(gone)
}

/// The applications that the administrator sees.
#[utoipa::path(
    get,
    path = "/apps",
    tag = "applications",
    responses((status = 200, body = Vec<AppSummary>)),
)]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
) -> Result<Response, AdminError> {
    let mut apps = admin.registry.list();
    apps.retain(|app| caller.administrator.sees(app.reference.as_str()));
    let described = described(&admin, &apps).await?;
    Ok(input::json(&json!(described)))
}

/// One application.
#[utoipa::path(
    get,
    path = "/apps/{ref}",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 200, body = AppDetail)),
)]
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
) -> Result<Response, AdminError> {
    let app = &target.app;
    let origin = &caller.client.origin;
    let url = if is_default(&admin, app) {
        origin.to_string()
    } else {
        format!("{origin}/apps/{}", app.reference)
    };
    let detail = AppDetail {
        app: one(&admin, app).await?,
        url,
        anon_key: app.keys.anon.clone(),
        publishable_key: app.keys.publishable.clone(),
    };
    Ok(input::json(&json!(detail)))
}

/// A new application.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewApp)]
pub(super) struct New {
    name: String,
    /// Random if absent.
    #[serde(default, rename = "ref")]
    reference: Option<String>,
    /// `empty`, `chatroom` …
    #[serde(default)]
    template: Option<String>,
}

/// Makes an application, for owners of all applications.
#[utoipa::path(
    post,
    path = "/apps",
    tag = "applications",
    request_body = New,
    responses((status = 201, body = AppSummary)),
)]
pub(super) async fn create(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Input(new): Input<New>,
) -> Result<Response, AdminError> {
    caller.owns_all()?;
    let name = checked_name(&new.name)?;
    let reference = new
        .reference
        .filter(|reference| !reference.is_empty())
        .map(|reference| reference.parse::<AppRef>())
        .transpose()
        .map_err(|_| {
            AdminError::invalid(
                "A reference has 1 to 40 characters of a-z, 0-9 and -, and starts with a letter",
                "应用标识须为 1 到 40 个字符，只含 a-z、0-9 和 -，并以字母开头",
            )
        })?;
    let template = new.template.as_deref().unwrap_or("empty");
    let sql = match template {
        "" | "empty" => None,
        name => Some(
            admin
                .config
                .templates
                .iter()
                .find(|template| template.name == name)
                .map(|template| template.sql.clone())
                .ok_or_else(|| AdminError::invalid("There is no such template", "没有这个模板"))?,
        ),
    };
    // A client that goes away must not leave half an application behind.
    let work = admin.clone();
    let made = tokio::spawn(async move { make(&work, name, reference, sql).await });
    let app = made.await.map_err(|e| AdminError::internal(&e))??;
    let details = json!({"name": app.name, "template": template});
    caller
        .record(&admin, "app.create", Some(app.reference.as_str()), details)
        .await?;
    Ok(input::created(&json!(one(&admin, &app).await?)))
}

async fn make(
    admin: &Admin,
    name: String,
    reference: Option<AppRef>,
    sql: Option<String>,
) -> Result<Arc<App>, AdminError> {
    let app = admin
        .registry
        .create(NewApp {
            name,
            reference,
            is_default: false,
            settings: AppSettings::default(),
        })
        .await?;
    let Some(sql) = sql else {
        return Ok(app);
    };
    let filled = async {
        let session = admin.session(&app).await?;
        session.client()?.batch_execute(&sql).await?;
        session.release();
        Ok::<_, AdminError>(())
    };
    if let Err(error) = filled.await {
        tracing::error!(%error, "an application's template failed");
        if let Err(error) = admin.registry.delete(&app.reference).await {
            tracing::warn!(%error, "an application without its template is left over");
        }
        return Err(error);
    }
    Ok(app)
}

/// Another name.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = AppChange)]
pub(super) struct Rename {
    name: String,
}

fn checked_name(name: &str) -> Result<String, AdminError> {
    let name = name.trim();
    if (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(AdminError::invalid(
        "A name has 1 to 100 characters",
        "名称长度须为 1 到 100 个字符",
    ))
}

/// Gives an application another name.
#[utoipa::path(
    patch,
    path = "/apps/{ref}",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    request_body = Rename,
    responses((status = 200, body = AppSummary)),
)]
pub(super) async fn rename(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
    Input(rename): Input<Rename>,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Developer)?;
    let name = checked_name(&rename.name)?;
    let reference = &target.app.reference;
    admin.registry.rename(reference, &name).await?;
    let details = json!({"name": name, "before": target.app.name});
    caller
        .record(&admin, "app.rename", Some(reference.as_str()), details)
        .await?;
    let app = admin.registry.get(reference);
    let app = app.ok_or_else(|| AdminError::NoApp(reference.to_string()))?;
    Ok(input::json(&json!(one(&admin, &app).await?)))
}

/// Pauses an application: it refuses requests and keeps its data.
#[utoipa::path(
    post,
    path = "/apps/{ref}/pause",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 204)),
)]
pub(super) async fn pause(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
) -> Result<Response, AdminError> {
    set_state(&admin, &caller, &target, AppState::Paused, "app.pause").await
}

/// Resumes a paused application.
#[utoipa::path(
    post,
    path = "/apps/{ref}/resume",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 204)),
)]
pub(super) async fn resume(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
) -> Result<Response, AdminError> {
    set_state(&admin, &caller, &target, AppState::Active, "app.resume").await
}

async fn set_state(
    admin: &Admin,
    caller: &Caller,
    target: &Target,
    state: AppState,
    action: &str,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Owner)?;
    let reference = &target.app.reference;
    admin.registry.set_state(reference, state).await?;
    caller
        .record(admin, action, Some(reference.as_str()), json!({}))
        .await?;
    Ok(input::nothing())
}

/// The application's reference, typed once more.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct Confirmation {
    #[serde(default)]
    confirm: String,
}

/// Deletes an application with all its data.
#[utoipa::path(
    delete,
    path = "/apps/{ref}",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    request_body = Confirmation,
    responses((status = 204)),
)]
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
    Input(given): Input<Confirmation>,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Owner)?;
    let reference = target.app.reference.clone();
    if given.confirm != reference.as_str() {
        return Err(AdminError::Confirm(reference));
    }
    // Recorded first: the record must not be lost with what it is about.
    let details = json!({"name": target.app.name});
    caller
        .record(&admin, "app.delete", Some(reference.as_str()), details)
        .await?;
    let work = admin.clone();
    let deleted = tokio::spawn(async move {
        work.registry.delete(&reference).await?;
        work.owners.remove(reference.as_str());
        work.sizes.storage.invalidate(&reference).await;
        if let Err(error) = (work.config.forget_objects)(reference.clone()).await {
            tracing::warn!(error, app.reference = %reference, "objects are left over");
        }
        Ok::<_, AdminError>(())
    });
    deleted.await.map_err(|e| AdminError::internal(&e))??;
    Ok(input::nothing())
}

/// The keys that bypass policies; recorded in the audit log.
#[utoipa::path(
    get,
    path = "/apps/{ref}/secrets",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 200, body = AppSecrets)),
)]
pub(super) async fn secrets(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Developer)?;
    let app = &target.app;
    caller
        .record(
            &admin,
            "secrets.read",
            Some(app.reference.as_str()),
            json!({}),
        )
        .await?;
    let password = admin.registry.owner_password(&app.reference)?;
    let (host, port) = &admin.config.database_address;
    let secrets = AppSecrets {
        service_role_key: app.keys.service_role.expose().to_owned(),
        secret_key: app.keys.secret.expose().to_owned(),
        jwt_secret: app.jwt_secret.expose().to_owned(),
        db_url: format!(
            "postgresql://{}:{}@{host}:{port}/{}",
            app.reference.owner_role(),
            password.expose(),
            app.reference.database()
        ),
    };
    Ok(input::json(&json!(secrets)))
}

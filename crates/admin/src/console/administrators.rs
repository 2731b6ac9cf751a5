//! Who may use the console: for owners; one's own password for everybody.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::access::Caller;
use crate::account::{Administrator, Role, session, store};
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Input};

/// A new administrator.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewAdministrator)]
pub(super) struct New {
    username: String,
    password: String,
    role: Role,
    #[serde(default)]
    apps: Option<Vec<String>>,
}

/// What is to change of an administrator; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = AdministratorChange)]
pub(super) struct Change {
    role: Option<Role>,
    /// Absent: as before; null: all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    apps: Option<Option<Vec<String>>>,
    password: Option<String>,
    current_password: Option<String>,
}

fn given<'de, D>(deserializer: D) -> Result<Option<Option<Vec<String>>>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// All administrators, for owners of all applications.
#[utoipa::path(
    get,
    path = "/administrators",
    tag = "administrators",
    responses((status = 200, body = Vec<Administrator>)),
)]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
) -> Result<Response, AdminError> {
    caller.owns_all()?;
    let administrators = store::list(&admin.control().await?).await?;
    Ok(input::json(&json!(administrators)))
}

/// One administrator: oneself, or, for owners of all applications, anybody.
#[utoipa::path(
    get,
    path = "/administrators/{username}",
    tag = "administrators",
    params(("username" = String, Path, description = "Their name")),
    responses((status = 200, body = Administrator)),
)]
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<Response, AdminError> {
    if username != caller.administrator.username {
        caller.owns_all()?;
    }
    let administrator = find(&admin, &username).await?;
    Ok(input::json(&json!(administrator)))
}

/// Adds an administrator.
#[utoipa::path(
    post,
    path = "/administrators",
    tag = "administrators",
    request_body = New,
    responses((status = 201, body = Administrator)),
)]
pub(super) async fn create(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Input(new): Input<New>,
) -> Result<Response, AdminError> {
    caller.owns_all()?;
    let username = new.username.trim();
    let length = username.chars().count();
    if !(1..=64).contains(&length) || username.chars().any(char::is_control) {
        return Err(AdminError::invalid(
            "A user name has 1 to 64 characters",
            "用户名长度须为 1 到 64 个字符",
        ));
    }
    let hash = admin.passwords.hash(&new.password).await?;
    let control = admin.control().await?;
    if !store::add(&control, username, &hash, new.role, new.apps.as_deref()).await? {
        return Err(AdminError::AdministratorExists(username.to_owned()));
    }
    drop(control);
    let details = json!({"username": username, "role": new.role, "apps": new.apps});
    caller
        .record(&admin, "administrator.create", None, details)
        .await?;
    Ok(input::created(&json!(find(&admin, username).await?)))
}

/// Changes an administrator, or one's own password.
#[utoipa::path(
    patch,
    path = "/administrators/{username}",
    tag = "administrators",
    params(("username" = String, Path, description = "Their name")),
    request_body = Change,
    responses((status = 200, body = Administrator)),
)]
pub(super) async fn change(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Path(username): Path<String>,
    Input(change): Input<Change>,
) -> Result<Response, AdminError> {
    let own = username == caller.administrator.username;
    let rights = change.role.is_some() || change.apps.is_some();
    if !own || rights {
        caller.owns_all()?;
    }
    let before = find(&admin, &username).await?;
    if let Some(password) = &change.password {
        set_password(&admin, &caller, &username, own, password, &change).await?;
    }
    if rights {
        let role = change.role.unwrap_or(before.role);
        let apps = change.apps.clone().unwrap_or(before.apps);
        let control = admin.control().await?;
        if !store::set_rights(&control, &username, role, apps.as_deref()).await? {
            return Err(AdminError::NoAdministrator(username));
        }
        drop(control);
        let details = json!({"username": username, "role": role, "apps": apps});
        caller
            .record(&admin, "administrator.change", None, details)
            .await?;
    }
    Ok(input::json(&json!(find(&admin, &username).await?)))
}

async fn set_password(
    admin: &Admin,
    caller: &Caller,
    username: &str,
    own: bool,
    password: &str,
    change: &Change,
) -> Result<(), AdminError> {
    if own {
        // A borrowed session must not become a stolen account.
        admin.lockout.attempt(username, caller.client.peer)?;
        let control = admin.control().await?;
        let found = store::find(&control, username).await?;
        drop(control);
        let hash = found.as_ref().map(|(_, hash)| hash.as_str());
        let current = change.current_password.as_deref().unwrap_or_default();
        if !admin.passwords.verify(hash, current).await {
            return Err(AdminError::InvalidCredentials);
        }
        admin.lockout.succeeded(username, caller.client.peer);
    }
    let hash = admin.passwords.hash(password).await?;
    let keep = own.then(|| session::digest(&caller.token));
    let control = admin.control().await?;
    store::set_password(&control, username, &hash, keep.as_deref()).await?;
    drop(control);
    caller
        .record(
            admin,
            "administrator.password",
            None,
            json!({"username": username}),
        )
        .await
}

/// Removes an administrator; their sessions end.
#[utoipa::path(
    delete,
    path = "/administrators/{username}",
    tag = "administrators",
    params(("username" = String, Path, description = "Their name")),
    responses((status = 204)),
)]
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<Response, AdminError> {
    caller.owns_all()?;
    let control = admin.control().await?;
    if !store::remove(&control, &username).await? {
        return Err(AdminError::NoAdministrator(username));
    }
    drop(control);
    let details = json!({"username": username});
    caller
        .record(&admin, "administrator.delete", None, details)
        .await?;
    Ok(input::nothing())
}

async fn find(admin: &Admin, username: &str) -> Result<Administrator, AdminError> {
    store::find(&admin.control().await?, username)
        .await?
        .map(|(administrator, _)| administrator)
        .ok_or_else(|| AdminError::NoAdministrator(username.chars().take(64).collect()))
}

//! Signing in and out.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hearth_apps::Client;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access;
use crate::account::{Administrator, Role, session, store};
use crate::admin::Admin;
use crate::audit::{self, Entry};
use crate::error::AdminError;
use crate::input::{self, Input};

/// What is typed into the sign-in form.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct Credentials {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

/// A session.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Session {
    user: SessionUser,
}

/// Who has signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SessionUser {
    username: String,
    role: Role,
    /// References of the applications they may see; null: all.
    #[schema(required)]
    apps: Option<Vec<String>>,
}

fn user(administrator: Administrator) -> Value {
    json!(Session {
        user: SessionUser {
            username: administrator.username,
            role: administrator.role,
            apps: administrator.apps,
        }
    })
}

/// Signs in: the answer sets the cookie that every other route wants.
#[utoipa::path(
    post,
    path = "/session",
    tag = "session",
    request_body = Credentials,
    responses((status = 200, body = Session)),
)]
pub(super) async fn sign_in(
    State(admin): State<Arc<Admin>>,
    Extension(client): Extension<Client>,
    Input(given): Input<Credentials>,
) -> Result<Response, AdminError> {
    admin.lockout.attempt(&given.username, client.peer)?;
    let control = admin.control().await?;
    let found = store::find(&control, &given.username).await?;
    // Checking takes a while: the connection is others' meanwhile.
    drop(control);
    let hash = found.as_ref().map(|(_, hash)| hash.as_str());
    let right = admin.passwords.verify(hash, &given.password).await;
    let control = admin.control().await?;
    let entry = |action| Entry {
        username: &given.username,
        address: client.peer,
        action,
        app: None,
        details: json!({}),
    };
    let Some((administrator, _)) = found else {
        return Err(AdminError::InvalidCredentials);
    };
    if !right {
        // Unknown names are not recorded: passwords get typed there.
        audit::record(&control, entry("session.refuse")).await?;
        return Err(AdminError::InvalidCredentials);
    }
    admin.lockout.succeeded(&given.username, client.peer);
    let token = session::start(&control, &administrator.username).await?;
    audit::record(&control, entry("session.start")).await?;
    let mut response = input::json(&user(administrator));
    set_cookie(&mut response, token.expose(), client.https, 12 * 3600);
    Ok(response)
}

/// Who has signed in.
#[utoipa::path(
    get,
    path = "/session",
    tag = "session",
    responses((status = 200, body = Session)),
)]
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    headers: HeaderMap,
) -> Result<Response, AdminError> {
    let token = access::token(&headers).ok_or(AdminError::NotSignedIn)?;
    let found = session::find(&admin.control().await?, token).await?;
    let administrator = found.ok_or(AdminError::NotSignedIn)?;
    Ok(input::json(&user(administrator)))
}

/// Signs out.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "session",
    responses((status = 204)),
)]
pub(super) async fn sign_out(
    State(admin): State<Arc<Admin>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, AdminError> {
    if let Some(token) = access::token(&headers) {
        session::end(&admin.control().await?, token).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, "", client.https, 0);
    Ok(response)
}

fn set_cookie(response: &mut Response, token: &str, https: bool, seconds: u32) {
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!(
        "{}={token}; Path=/console; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}",
        session::COOKIE
    );
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

//! Tokens with which a page of the console stands in for one of an application's users: the
//! Realtime inspector and the try-outs of the API documentation.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::access::{Caller, Target};
use crate::account::Role;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input;
use crate::user_claims;

/// Seconds that such a token is good for.
const LIFETIME: i64 = 3600;

/// A token that stands in for a user.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct UserToken {
    access_token: String,
    /// In seconds.
    expires_in: i64,
}

/// An access token as the user's own, but of no session. Whoever may read the application's
/// secrets could sign the same.
#[utoipa::path(
    post,
    path = "/apps/{ref}/users/{id}/token",
    tag = "applications",
    params(
        ("ref" = String, Path, description = "The application"),
        ("id" = String, Path, description = "The user"),
    ),
    responses((status = 201, body = UserToken)),
)]
pub(super) async fn create(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Developer)?;
    let id: Uuid = id
        .parse()
        .map_err(|_| AdminError::invalid("A user's ID is a UUID", "用户 ID 必须是 UUID"))?;
    let app = &target.app;
    let mut claims = user_claims::claims_of(app, id).await?;
    let now = app.clock.unix();
    claims.insert("iss".to_owned(), json!("hearth-console"));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("exp".to_owned(), json!(now + LIFETIME));
    let token = hearth_jwt::mint(&app.signing_key(), &claims)
        .map_err(|error| AdminError::internal(&error))?;
    let reference = Some(app.reference.as_str());
    caller
        .record(&admin, "user.impersonate", reference, json!({"user": id}))
        .await?;
    let token = UserToken {
        access_token: token,
        expires_in: LIFETIME,
    };
    Ok(input::created(&json!(token)))
}

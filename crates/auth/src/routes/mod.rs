//! The endpoints, one file each, below `/auth/v1`.

mod health;
mod jwks;
mod logout;
mod settings;
mod signup;
mod token;
mod user;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};

use crate::{Auth, wire};

/// The routes, relative to the service's prefix. Each request carries the extension
/// `hearth_apps::RequestContext`.
pub fn router(auth: Arc<Auth>) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/settings", get(settings::settings))
        .route("/signup", post(signup::signup))
        .route("/token", post(token::token))
        .route("/logout", post(logout::logout))
        .route("/user", get(user::get).put(user::put))
        .fallback(not_found)
        .layer(axum::middleware::from_fn(wire::render_errors))
        .with_state(auth)
}

async fn not_found() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::NOT_FOUND, headers, "404 page not found\n").into_response()
}

//! `/console/api`: one file per noun.

mod administrators;
pub(crate) mod apps;
mod audit;
mod logs;
mod queries;
mod reports;
mod session;
mod settings;
mod user_tokens;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};

use crate::access;
use crate::admin::Admin;
use crate::error::{AdminError, write_console};
use crate::routes;

/// The routes, with their guards from the outside in: the writer of refusals, the header against
/// foreign pages, the session, the application.
pub(crate) fn router(admin: Arc<Admin>) -> Router {
    let application = Router::new()
        .route(
            "/apps/{ref}",
            get(apps::show).patch(apps::rename).delete(apps::delete),
        )
        .route("/apps/{ref}/pause", post(apps::pause))
        .route("/apps/{ref}/resume", post(apps::resume))
        .route("/apps/{ref}/secrets", get(apps::secrets))
        .route(
            "/apps/{ref}/settings",
            get(settings::show).put(settings::replace),
        )
        .route("/apps/{ref}/users/{id}/token", post(user_tokens::create))
        .route("/apps/{ref}/reports", get(reports::show))
        .route("/apps/{ref}/logs", get(logs::list))
        .route("/apps/{ref}/queries", get(queries::list))
        .route(
            "/apps/{ref}/queries/{id}",
            put(queries::save).delete(queries::delete),
        )
        .nest("/apps/{ref}/pg", routes::router())
        .route_layer(from_fn_with_state(admin.clone(), access::of_application));
    let signed_in = Router::new()
        .route("/apps", get(apps::list).post(apps::create))
        .route(
            "/administrators",
            get(administrators::list).post(administrators::create),
        )
        .route(
            "/administrators/{username}",
            get(administrators::show)
                .patch(administrators::change)
                .delete(administrators::delete),
        )
        .route("/audit", get(audit::list))
        .merge(application)
        .route_layer(from_fn_with_state(admin.clone(), access::signed_in));
    let api = Router::new()
        .route(
            "/session",
            get(session::show)
                .post(session::sign_in)
                .delete(session::sign_out),
        )
        .merge(signed_in)
        .fallback(async || AdminError::NoRoute)
        .method_not_allowed_fallback(async || AdminError::NoRoute)
        .layer(from_fn(access::refuse_foreign))
        .layer(from_fn(write_console))
        .with_state(admin);
    Router::new().nest("/console/api", api)
}

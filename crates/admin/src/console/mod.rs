//! `/console/api`: one file per noun. A route is added together with its description, which the
//! handler carries, so that none is left out of `openapi.json`.

mod administrators;
pub(crate) mod apps;
mod audit;
mod logs;
mod migrations;
mod queries;
mod realtime;
mod reports;
mod session;
mod settings;
mod user_tokens;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access;
use crate::admin::Admin;
use crate::error::{AdminError, write_console};
use crate::openapi::{self, General};
use crate::routes::{self as pg, query, run};

type Described = OpenApiRouter<Arc<Admin>>;

/// Of anybody, signed in or not.
fn open() -> Described {
    OpenApiRouter::with_openapi(General::openapi())
        .routes(routes!(session::show, session::sign_in, session::sign_out))
        .routes(routes!(openapi::show))
}

/// Of whoever has signed in.
fn of_administrators() -> Described {
    OpenApiRouter::default()
        .routes(routes!(apps::list, apps::create))
        .routes(routes!(administrators::list, administrators::create))
        .routes(routes!(
            administrators::show,
            administrators::change,
            administrators::delete
        ))
        .routes(routes!(audit::list))
}

/// Below an application.
fn of_applications() -> Described {
    OpenApiRouter::default()
        .routes(routes!(apps::show, apps::rename, apps::delete))
        .routes(routes!(apps::pause))
        .routes(routes!(apps::resume))
        .routes(routes!(apps::secrets))
        .routes(routes!(settings::show, settings::replace))
        .routes(routes!(user_tokens::create))
        .routes(routes!(reports::show))
        .routes(routes!(logs::list))
        .routes(routes!(migrations::list))
        .routes(routes!(realtime::show))
        .routes(routes!(queries::list))
        .routes(routes!(queries::save, queries::delete))
        .routes(routes!(run::run))
        .routes(routes!(run::cancel))
        .routes(routes!(query::query))
}

/// All of them with their descriptions, without guards.
pub(crate) fn described() -> Described {
    open().merge(of_administrators()).merge(of_applications())
}

/// The routes, with their guards from the outside in: the writer of refusals, the header against
/// foreign pages, the session, the application.
pub(crate) fn router(admin: Arc<Admin>) -> Router {
    let application = Router::from(of_applications())
        .nest("/apps/{ref}/pg", pg::object_router())
        .route_layer(from_fn_with_state(admin.clone(), access::of_application));
    let signed_in = Router::from(of_administrators())
        .merge(application)
        .route_layer(from_fn_with_state(admin.clone(), access::signed_in));
    let api = Router::from(open())
        .merge(signed_in)
        .fallback(async || AdminError::NoRoute)
        .method_not_allowed_fallback(async || AdminError::NoRoute)
        .layer(from_fn(access::refuse_foreign))
        .layer(from_fn(write_console))
        .with_state(admin);
    Router::new().nest("/console/api", api)
}

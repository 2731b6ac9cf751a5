//! What belongs to no application: health, and the demo's page.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use hearth_apps::Registry;
use http::{HeaderValue, StatusCode, header};

use crate::demo;

/// What these routes need.
#[derive(Clone)]
pub(crate) struct RootState {
    /// The applications.
    pub(crate) registry: Arc<Registry>,
    /// The demo is installed.
    pub(crate) demo: bool,
}

/// The routes.
pub(crate) fn router(state: RootState) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .fallback(no_route);
    let start = if state.demo {
        router = router.merge(demo::router(state.registry.clone()));
        "/demo/chatroom/"
    } else {
        "/console/"
    };
    router = router.route("/", get(async move || Redirect::temporary(start)));
    router.with_state(state)
}

/// 200 while PostgreSQL answers, else 503.
async fn ready(State(state): State<RootState>) -> Response {
    match state.registry.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => {
            let mut response = (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database is not available\n",
            )
                .into_response();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
    }
}

async fn no_route() -> Response {
    hearth_gateway::error::GatewayError::NoRoute.into_response()
}

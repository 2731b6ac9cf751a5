//! The admin server: health, metrics and the schema cache, beside the API.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use hearth_pg::callers::Usage;
use http::header::{CONTENT_TYPE, SERVER};
use http::{HeaderValue, StatusCode};

use crate::api::PRODUCT;
use crate::server::{Phase, Server};

pub(crate) fn router(server: Arc<Server>) -> axum::Router {
    axum::Router::new().fallback(handle).with_state(server)
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response {
    let mut response = match request.uri().path() {
        "/live" => empty(if is_live(&server) {
            StatusCode::OK
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }),
        "/ready" => empty(readiness(&server).await),
        "/schema_cache" => {
            let snapshot = server.snapshot.load_full();
            let text = snapshot.map(|snapshot| snapshot.cache.to_json().to_string());
            Response::new(Body::from(text.unwrap_or_default()))
        }
        "/metrics" => metrics(&server),
        _ => empty(StatusCode::NOT_FOUND),
    };
    response.headers_mut().insert(SERVER, PRODUCT);
    response
}

/// The socket is open; a file that somebody removed is none.
fn is_live(server: &Server) -> bool {
    let file = server.config.load().server.unix_socket.clone();
    server.live.load(Ordering::SeqCst) && file.is_none_or(|file| file.exists())
}

async fn readiness(server: &Server) -> StatusCode {
    let loaded = *server.phase.borrow() == Phase::Loaded;
    if !loaded || !server.is_connected().await {
        StatusCode::SERVICE_UNAVAILABLE
    } else if is_live(server) {
        StatusCode::OK
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

fn metrics(server: &Server) -> Response {
    let usage = server.callers().and_then(|callers| callers.limited_usage());
    let usage = usage.unwrap_or_else(|| Usage {
        most: server.config.load().pool,
        available: 0,
        waiting: 0,
        timeouts: 0,
    });
    match server.metrics.text(usage) {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            response.headers_mut().insert(
                CONTENT_TYPE,
                HeaderValue::from_static("text/plain; charset=utf-8"),
            );
            response
        }
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

//! The API's side of a request: who asks, the pipeline of `hearth-rest`, and what is added to every
//! answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use hearth_core::ApiError;
use hearth_rest::error::{RestError, error_response};
use hearth_rest::execute::Caller;
use hearth_rest::handler;
use hearth_rest::site::Site;
use hearth_rest::timing::Timing;
use http::header::{RETRY_AFTER, SERVER, VARY};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::config::{Config, LogLevel};
use crate::cors::Allowed;
use crate::log;
use crate::server::Server;
use crate::sockets::reachable_host;

/// What the answers say they come from.
pub(crate) const PRODUCT: HeaderValue = HeaderValue::from_static("postgrest/16.1");

pub(crate) fn router(server: Arc<Server>) -> axum::Router {
    axum::Router::new().fallback(handle).with_state(server)
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response {
    let config = server.config.load_full();
    let (parts, body) = request.into_parts();
    let allowed = Allowed::of(&parts.headers, &config.cors_origins);
    let preflight = allowed
        .as_ref()
        .and_then(|allowed| allowed.preflight(&parts.method, &parts.headers));
    let mut response = match preflight {
        Some(response) => response,
        None => {
            let mut response = logged(&server, &config, &parts, body).await;
            if let Some(allowed) = allowed {
                allowed.tell(&mut response);
            }
            response
        }
    };
    let headers = response.headers_mut();
    if let Some(name) = &config.trace_header {
        let value = parts.headers.get(name).cloned();
        headers.insert(name, value.unwrap_or(HeaderValue::from_static("")));
    }
    headers.insert(SERVER, PRODUCT);
    response
}

async fn logged(
    server: &Server,
    config: &Config,
    parts: &Parts,
    body: axum::body::Body,
) -> Response {
    let mut timing = Timing::start(config.server_timing);
    if config.log_query {
        timing.keep_statements();
    }
    let (role, answer) = match caller(server, config, parts) {
        Ok(caller) => {
            timing.done("jwt");
            let answer = answer(server, config, parts, body, &caller, &mut timing).await;
            (Some(caller.role), answer)
        }
        Err(error) => (None, Err(error)),
    };
    let mut response = match answer {
        Ok(response) => timing.told(response),
        Err(error) => {
            let logs = config.log_level >= LogLevel::Error;
            if logs && error.status().is_server_error() {
                log::say(&error.body(false));
            }
            error_response(&error, config.terse_errors)
        }
    };
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = server.retry_after.load(Ordering::Relaxed);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if config.log_level.logs(response.status()) {
        for statement in timing.statements() {
            log::say(statement);
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        log::request(parts, peer, role.as_deref(), &response);
    }
    response
}

fn caller(server: &Server, config: &Config, parts: &Parts) -> Result<Caller, RestError> {
    let now = chrono::Utc::now().timestamp();
    server.tokens.load().caller(&parts.headers, config, now)
}

async fn answer(
    server: &Server,
    config: &Config,
    parts: &Parts,
    body: axum::body::Body,
    caller: &Caller,
    timing: &mut Timing,
) -> Result<Response, RestError> {
    let known = server.snapshot.load_full().zip(server.callers());
    let (snapshot, callers) = known.ok_or(RestError::NoSchemaCache)?;
    let site = Site {
        name: "rest",
        callers: &callers,
        address: address(config),
        // Nobody told this database to say what is changed in it.
        hears_ddl: false,
    };
    let body = handler::read(body).await?;
    let mut response = handler::answer(&site, parts, body, caller, &snapshot, timing).await?;
    if !response.headers().contains_key(VARY) {
        let headers = HeaderValue::from_static("Accept, Prefer, Range");
        response.headers_mut().insert(VARY, headers);
    }
    Ok(response)
}

/// The API's address, as far as the configuration knows it.
fn address(config: &Config) -> String {
    let host = reachable_host(&config.server.host);
    let port = config.server.port.unwrap_or(3000);
    format!("http://{host}:{port}/")
}

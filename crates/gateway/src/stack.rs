//! What happens to a request, in order. [`Gateway::answer`] is the whole story.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use chrono::Utc;
use futures_util::FutureExt;
use hearth_apps::activity::Answered;
use hearth_apps::app::AppState;
use hearth_apps::{App, Client, Registry, RequestContext};
use hearth_core::RequestId;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use tower::Layer;
use tower::{Service, ServiceExt};
use tower_http::compression::predicate::{And, NotForContentType, Predicate, SizeAbove};
use tower_http::compression::{Compression, CompressionLayer};

use crate::app_lookup::{self, ServiceName};
use crate::error::GatewayError;
use crate::{authenticate, cors, fence, limits, request_log};

const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
const AUTH_ERROR: HeaderName = HeaderName::from_static("x-sb-error-code");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The routers of the services, with paths relative to their prefix.
#[derive(Clone)]
pub struct Services {
    /// `/rest/v1`
    pub rest: Router,
    /// `/auth/v1`
    pub auth: Router,
    /// `/storage/v1`
    pub storage: Router,
    /// `/realtime/v1`
    pub realtime: Router,
    /// `/pg`
    pub pg: Router,
    /// Everything that belongs to no application: health, console, demo.
    pub root: Router,
}

/// How the gateway treats requests.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The address that clients use, where it is fixed.
    pub public_url: Option<String>,
    /// Domain of which applications are subdomains.
    pub base_domain: Option<String>,
    /// Largest body outside storage.
    pub max_body_bytes: usize,
    /// Time for an answer outside storage and sockets.
    pub request_timeout: Duration,
    /// Answers beyond this are compressed.
    pub compress_above: Option<u64>,
    /// One line per request.
    pub access_log: bool,
}

type Compressed = Compression<Router, And<SizeAbove, NotForContentType>>;

/// A `Content-Range` that is kept from the compression layer. tower-http leaves answers with this
/// header alone, since it takes them for ranges of bytes; the instant API's are ranges of rows.
#[derive(Clone)]
struct RowRange(HeaderValue);

fn hide_row_range(mut response: Response) -> Response {
    if let Some(range) = response.headers_mut().remove(header::CONTENT_RANGE) {
        response.extensions_mut().insert(RowRange(range));
    }
    response
}

fn show_row_range(mut response: Response) -> Response {
    if let Some(RowRange(range)) = response.extensions_mut().remove() {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// The gateway of one server.
pub struct Gateway {
    registry: Arc<Registry>,
    config: GatewayConfig,
    rest: Compressed,
    auth: Compressed,
    storage: Router,
    realtime: Router,
    pg: Compressed,
    root: Compressed,
}

/// What is known of a request when its line is written.
struct Seen {
    app: Option<Arc<App>>,
    service: &'static str,
    peer: IpAddr,
    agent: String,
}

impl Gateway {
    /// A gateway in front of `services`.
    pub fn new(registry: Arc<Registry>, config: GatewayConfig, services: Services) -> Arc<Self> {
        let above = config
            .compress_above
            .map_or(u16::MAX, |n| u16::try_from(n).unwrap_or(u16::MAX));
        let predicate = SizeAbove::new(above).and(NotForContentType::IMAGES);
        let layer = CompressionLayer::new().compress_when(predicate);
        Arc::new(Self {
            rest: layer.layer(
                services
                    .rest
                    .layer(axum::middleware::map_response(async |r| hide_row_range(r))),
            ),
            auth: layer.layer(services.auth),
            pg: layer.layer(services.pg),
            root: layer.layer(services.root),
            storage: services.storage,
            realtime: services.realtime,
            registry,
            config,
        })
    }

    /// Answers one request: never an error, never a panic.
    pub async fn handle(
        self: Arc<Self>,
        mut request: Request<Body>,
        peer: SocketAddr,
    ) -> Result<Response, Infallible> {
        let started = Instant::now();
        let id = RequestId::new();
        let has_origin = request.headers().contains_key(header::ORIGIN);
        let path = request.uri().path().to_owned();
        let mut seen = Seen {
            app: None,
            service: "gateway",
            peer: peer.ip(),
            agent: text(request.headers(), &header::USER_AGENT).unwrap_or_default(),
        };
        let overridden = override_method(&mut request);
        let method = request.method().clone();
        let answer = async {
            overridden?;
            self.answer(request, peer, id, &mut seen).await
        };
        let mut response = match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => error.into_response(),
            Err(_) => {
                tracing::error!(request.id = %id, http.path = path, "a handler panicked");
                GatewayError::Panic.into_response()
            }
        };
        let headers = response.headers_mut();
        if has_origin && !headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS) {
            cors::expose(headers);
        }
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            headers.insert(REQUEST_ID, value);
        }
        if let Some(app) = &seen.app {
            app.activity.answered(Answered {
                number: 0,
                at: Utc::now(),
                id,
                service: seen.service,
                method: method.to_string(),
                path: path.clone(),
                status: response.status().as_u16(),
                code: refusal_code(&response),
                elapsed: started.elapsed(),
                peer: seen.peer,
                agent: std::mem::take(&mut seen.agent),
            });
        }
        if self.config.access_log {
            request_log::write(&request_log::Line {
                id,
                app: seen.app.as_ref().map_or("", |app| app.reference.as_str()),
                service: seen.service,
                method: &method,
                path: &path,
                status: response.status(),
                elapsed: started.elapsed(),
            });
        }
        Ok(response)
    }

    /// Application, service, preflight, caller, limits, then the service.
    async fn answer(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        id: RequestId,
        seen: &mut Seen,
    ) -> Result<Response, GatewayError> {
        let path = request.uri().path().to_owned();
        let target = app_lookup::target(&path);
        let Some(service) = target.service else {
            if let Some(name) = target.app {
                // Boxed: rare, and every other request would carry its state.
                return Box::pin(self.directory(request, peer.ip(), name, target.rest, seen)).await;
            }
            if cors::is_preflight(request.method(), request.headers()) {
                return Ok(cors::preflight(request.headers()));
            }
            let client = self.client(&request, peer.ip());
            request.extensions_mut().insert(client);
            return self
                .root
                .clone()
                .oneshot(request)
                .await
                .map(into_body)
                .map_err(never);
        };
        seen.service = service.as_str();
        if cors::is_preflight(request.method(), request.headers()) {
            return Ok(cors::preflight(request.headers()));
        }
        let host = request_host(&request);
        let base_domain = self.config.base_domain.as_deref();
        let app =
            app_lookup::find(&self.registry, target.app, host.as_deref(), base_domain).await?;
        seen.app = Some(app.clone());
        if app.state == AppState::Paused {
            return Err(GatewayError::Paused);
        }
        let caller =
            authenticate::caller(&app, service, target.rest, request.uri(), request.headers())?;
        let proxy = Proxy::of(&request, peer.ip());
        seen.peer = proxy.client;
        let context = RequestContext {
            base_url: self.base_url(target.app, host.as_deref(), &proxy).into(),
            request_id: id,
            api_key: caller.api_key,
            bearer: caller.bearer,
            peer: proxy.client,
            app,
        };
        *request.uri_mut() = app_lookup::rewrite(request.uri(), target.rest);
        request.extensions_mut().insert(context);
        if self.config.compress_above.is_none() {
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        let answer = match service {
            ServiceName::Storage => self.storage.clone().oneshot(request).await.map_err(never),
            ServiceName::Realtime => self.bounded(self.realtime.clone(), request).await,
            ServiceName::Rest => self
                .bounded(self.rest.clone(), request)
                .await
                .map(into_body)
                .map(show_row_range),
            ServiceName::Auth => self
                .bounded(self.auth.clone(), request)
                .await
                .map(into_body),
            ServiceName::Pg => self.bounded(self.pg.clone(), request).await.map(into_body),
        };
        let mut response = answer?;
        fence::fence(response.headers_mut());
        Ok(response)
    }

    /// `GET /apps/<ref>`: the address that clients are configured with, opened in a browser, says
    /// where the services are.
    async fn directory(
        &self,
        request: Request<Body>,
        peer: IpAddr,
        name: &str,
        below: &str,
        seen: &mut Seen,
    ) -> Result<Response, GatewayError> {
        let read = matches!(*request.method(), Method::GET | Method::HEAD);
        if !read || !matches!(below, "" | "/") {
            return Err(GatewayError::NoRoute);
        }
        let app = app_lookup::find(&self.registry, Some(name), None, None).await?;
        seen.app = Some(app.clone());
        if app.state == AppState::Paused {
            return Err(GatewayError::Paused);
        }
        let proxy = Proxy::of(&request, peer);
        let base = self.base_url(Some(name), request_host(&request).as_deref(), &proxy);
        let body = serde_json::json!({
            "application": app.reference.as_str(),
            "endpoints": {
                "rest": format!("{base}/rest/v1"),
                "auth": format!("{base}/auth/v1"),
                "storage": format!("{base}/storage/v1"),
                "realtime": format!("{base}/realtime/v1"),
            },
        });
        let mut response = Response::new(Body::from(body.to_string()));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        Ok(response)
    }

    /// Calls a service with the server's bounds on body and time. An upgrade to a socket answers
    /// at once and goes on outside these bounds.
    async fn bounded<S, B>(
        &self,
        service: S,
        request: Request<Body>,
    ) -> Result<http::Response<B>, GatewayError>
    where
        S: Service<Request<Body>, Response = http::Response<B>, Error = Infallible>,
    {
        let limit = self.config.max_body_bytes;
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            let discard = limits::discard(request.into_body(), limit);
            let _ = tokio::time::timeout(self.config.request_timeout, discard).await;
            return Err(GatewayError::BodyTooLarge { limit });
        }
        let (parts, body) = request.into_parts();
        let (body, exceeded) = limits::limit(body, limit);
        let call = service.oneshot(Request::from_parts(parts, body));
        let timeout = self.config.request_timeout;
        let response = tokio::time::timeout(timeout, call)
            .await
            .map_err(|_| GatewayError::Timeout {
                seconds: timeout.as_secs(),
            })?
            .map_err(never)?;
        if exceeded.get() {
            return Err(GatewayError::BodyTooLarge { limit });
        }
        Ok(response)
    }

    /// What a route that belongs to no application may know of the client.
    fn client(&self, request: &Request<Body>, peer: IpAddr) -> Client {
        let proxy = Proxy::of(request, peer);
        let origin = self.base_url(None, request_host(request).as_deref(), &proxy);
        Client {
            https: origin.starts_with("https://"),
            origin: origin.into(),
            peer: proxy.client,
        }
    }

    /// The application's address as the client wrote it.
    fn base_url(&self, app_in_path: Option<&str>, host: Option<&str>, proxy: &Proxy) -> String {
        let origin = match &self.config.public_url {
            Some(url) => url.clone(),
            None => {
                let host = proxy.host.as_deref().or(host).unwrap_or("localhost");
                format!("{}://{host}", proxy.scheme)
            }
        };
        match app_in_path {
            Some(reference) => format!("{origin}/apps/{reference}"),
            None => origin,
        }
    }
}

/// What a proxy on this machine says of the client. Nobody else is believed.
struct Proxy {
    scheme: &'static str,
    host: Option<String>,
    client: IpAddr,
}

impl Proxy {
    fn of(request: &Request<Body>, peer: IpAddr) -> Self {
        let mut proxy = Self {
            scheme: "http",
            host: None,
            client: peer,
        };
        if !peer.is_loopback() {
            return proxy;
        }
        let headers = request.headers();
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        if text("x-forwarded-proto").is_some_and(|p| p.eq_ignore_ascii_case("https")) {
            proxy.scheme = "https";
        }
        proxy.host = text("x-forwarded-host")
            .filter(|host| host.parse::<http::uri::Authority>().is_ok())
            .map(str::to_owned);
        // The last address is the one that the trusted proxy itself saw; it may stand in a line of
        // its own behind those that the client sent.
        if let Some(client) = headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|list| list.to_str().ok()?.rsplit(',').next())
            .and_then(|ip| ip.trim().parse().ok())
        {
            proxy.client = client;
        }
        proxy
    }
}

/// A header's value, where it is text.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// The service's own code of a refusal, for the log: the instant API and auth tell it in a header.
fn refusal_code(response: &Response) -> Option<String> {
    if response.status().as_u16() < 400 {
        return None;
    }
    let headers = response.headers();
    if let Some(status) = text(headers, &PROXY_STATUS) {
        return status.split_once("error=").map(|(_, code)| code.to_owned());
    }
    text(headers, &AUTH_ERROR)
}

fn request_host(request: &Request<Body>) -> Option<String> {
    let in_header = |headers: &HeaderMap| {
        headers
            .get(header::HOST)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    request
        .uri()
        .authority()
        .map(|a| a.as_str().to_owned())
        .or_else(|| in_header(request.headers()))
        .filter(|host| host.parse::<http::uri::Authority>().is_ok())
}

/// `X-HTTP-Method-Override` on POST: mini programs cannot send PATCH everywhere.
fn override_method(request: &mut Request<Body>) -> Result<(), GatewayError> {
    if request.method() != Method::POST {
        return Ok(());
    }
    let Some(value) = request.headers().get(&METHOD_OVERRIDE) else {
        return Ok(());
    };
    let method = match value.as_bytes().to_ascii_uppercase().as_slice() {
        b"PATCH" => Method::PATCH,
        b"PUT" => Method::PUT,
        b"DELETE" => Method::DELETE,
        b"POST" => Method::POST,
        _ => return Err(GatewayError::MethodOverride),
    };
    *request.method_mut() = method;
    request.headers_mut().remove(&METHOD_OVERRIDE);
    Ok(())
}

fn into_body<B>(response: http::Response<B>) -> Response
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    response.map(Body::new)
}

fn never(error: Infallible) -> GatewayError {
    match error {}
}

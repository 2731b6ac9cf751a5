//! Cross-origin requests: any origin may call, as keys and tokens and not cookies say who asks.
//! Mini programs send no `Origin` and get none of these headers.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

const METHODS: HeaderValue =
    HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Content-Disposition, Date, \
     ETag, Link, Location, Preference-Applied, Range-Unit, Retry-After, Server, Server-Timing, \
     Transfer-Encoding, Upload-Offset, Upload-Length, Upload-Metadata, Upload-Defer-Length, \
     Upload-Expires, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Complete, \
     X-Request-Id, X-Total-Count, \
     X-Supabase-Api-Version",
);
/// What a preflight allows that does not say what it wants: what the clients send, tracing headers
/// included.
const DEFAULT_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, apikey, content-type, accept, accept-profile, content-profile, prefer, range, \
     x-client-info, x-upsert, x-metadata, cache-control, x-supabase-api-version, \
     x-http-method-override, traceparent, tracestate, baggage",
);

/// True for a browser's preflight. Other OPTIONS requests are the service's own.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight: any method and header for a day.
pub fn preflight(headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let out = response.headers_mut();
    out.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    out.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        wanted.unwrap_or(DEFAULT_HEADERS),
    );
    out.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("86400"),
    );
    out.insert(
        header::VARY,
        HeaderValue::from_static("Access-Control-Request-Headers"),
    );
    if headers.contains_key("access-control-request-private-network") {
        out.insert(
            "access-control-allow-private-network",
            HeaderValue::from_static("true"),
        );
    }
    response
}

/// Adds what a browser needs to read the answer.
pub fn expose(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

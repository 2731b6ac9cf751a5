//! One line per request. Never a query value, a key or a token: paths and statuses only.

use std::time::Duration;

use hearth_core::RequestId;
use http::{Method, StatusCode};

/// What the line says.
pub struct Line<'a> {
    /// The request's id.
    pub id: RequestId,
    /// The application, where one was found.
    pub app: &'a str,
    /// The service, or `gateway`.
    pub service: &'a str,
    /// HTTP method, after an override.
    pub method: &'a Method,
    /// The path as it came.
    pub path: &'a str,
    /// The answer's status.
    pub status: StatusCode,
    /// Until the answer's head was ready.
    pub elapsed: Duration,
}

/// Writes the line; 5xx as a warning.
pub fn write(line: &Line<'_>) {
    let elapsed_us = u64::try_from(line.elapsed.as_micros()).unwrap_or(u64::MAX);
    let status = line.status.as_u16();
    if line.status.is_server_error() {
        tracing::warn!(
            request.id = %line.id, app.reference = line.app, service = line.service,
            http.method = %line.method, http.path = line.path, http.status = status, elapsed_us,
            "request failed"
        );
    } else {
        tracing::info!(
            request.id = %line.id, app.reference = line.app, service = line.service,
            http.method = %line.method, http.path = line.path, http.status = status, elapsed_us,
            "request"
        );
    }
}

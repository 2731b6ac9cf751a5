//! `GET /health`

use axum::response::Response;
use serde_json::json;

use crate::wire::ok;

/// Says which service this is.
pub(super) async fn health() -> Response {
    ok(&json!({
        "version": concat!("v", env!("CARGO_PKG_VERSION")),
        "name": "GoTrue",
        "description": "GoTrue is a user registration and authentication API",
    }))
}

//! `GET /apps/{ref}/realtime`: how the stream of an application's changes is: reader, replication
//! slot, lag, and what is kept for clients that resume.

use axum::response::Response;
use serde_json::json;

use crate::access::Target;
use crate::error::AdminError;
use crate::input;

/// The report as the realtime service wrote it last, at most a second ago while it runs.
pub(super) async fn show(target: Target) -> Result<Response, AdminError> {
    let report = target.app.stream.load();
    Ok(input::json(&json!(**report)))
}

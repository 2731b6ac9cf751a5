//! `GET /apps/{ref}/realtime`: how the stream of an application's changes is: reader, replication
//! slot, lag, and what is kept for clients that resume.

use axum::response::Response;
use serde_json::json;

use crate::access::Target;
use crate::error::AdminError;
use crate::input;

/// How the stream of an application's changes is, as the realtime service wrote it last: at most a
/// second ago while it runs.
#[utoipa::path(
    get,
    path = "/apps/{ref}/realtime",
    tag = "operation",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 200, body = hearth_apps::StreamReport)),
)]
pub(super) async fn show(target: Target) -> Result<Response, AdminError> {
    let report = target.app.stream.load();
    Ok(input::json(&json!(**report)))
}

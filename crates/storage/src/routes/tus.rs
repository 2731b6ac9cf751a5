//! Resumable uploads.

use axum::body::Body;
use axum::response::Response;

use crate::call::Call;
use crate::error::StorageError;

/// `/upload/resumable/…`
pub(super) async fn route(
    call: Call,
    _rest: &[&str],
    _body: Body,
) -> Result<Response, StorageError> {
    Err(super::no_route(&call))
}

//! The description of a schema in OpenAPI 2.0, as the root path answers it.

use axum::response::Response;
use hearth_pg::Conn;

use crate::error::RestError;
use crate::execute::Job;

/// Describes the schema.
pub async fn describe(_: &Job<'_>, _: &Conn, _: bool) -> Result<Response, RestError> {
    Err(RestError::OpenApiDisabled)
}

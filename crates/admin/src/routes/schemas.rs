//! `/schemas`

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Work, creates, list, removes, shown, updates};
use crate::admin::Admin;
use crate::catalog::schemas as catalog;
use crate::error::AdminError;
use crate::input::Params;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/schemas",
            get(all).post(creates!("schema.create", catalog::create)),
        )
        .route(
            "/schemas/{id}",
            shown(&catalog::SCHEMAS)
                .patch(updates!("schema.change", catalog::update))
                .delete(removes!("schema.drop", catalog::remove)),
        )
}

async fn all(work: Work, params: Params) -> Result<Response, AdminError> {
    let system = params.flag("include_system_schemas").unwrap_or(false);
    let condition = if system { "true" } else { catalog::NOT_SYSTEM };
    list(work, params, &catalog::SCHEMAS, condition).await
}

//! `/roles`

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Work, list, shown};
use crate::admin::Admin;
use crate::catalog::roles::{NOT_PREDEFINED, ROLES};
use crate::error::AdminError;
use crate::input::Params;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/roles", get(all))
        .route("/roles/{id}", shown(&ROLES))
}

async fn all(work: Work, params: Params) -> Result<Response, AdminError> {
    let predefined = params.flag("include_default_roles").unwrap_or(false);
    let condition = if predefined { "true" } else { NOT_PREDEFINED };
    list(work, params, &ROLES, condition).await
}

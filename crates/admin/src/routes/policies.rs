//! `/policies`

use std::sync::Arc;

use axum::Router;

use super::{creates, listed, removes, shown, updates};
use crate::admin::Admin;
use crate::catalog::policies as catalog;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/policies",
            listed(&catalog::POLICIES, "true").post(creates!("policy.create", catalog::create)),
        )
        .route(
            "/policies/{id}",
            shown(&catalog::POLICIES)
                .patch(updates!("policy.change", catalog::update))
                .delete(removes!("policy.drop", catalog::remove)),
        )
}

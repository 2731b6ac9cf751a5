//! `/functions`

use std::sync::Arc;

use axum::Router;

use super::{creates, listed, removes, shown, updates};
use crate::admin::Admin;
use crate::catalog::functions as catalog;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/functions",
            listed(&catalog::FUNCTIONS, "true").post(creates!("function.create", catalog::create)),
        )
        .route(
            "/functions/{id}",
            shown(&catalog::FUNCTIONS)
                .patch(updates!("function.change", catalog::update))
                .delete(removes!("function.drop", catalog::remove)),
        )
}

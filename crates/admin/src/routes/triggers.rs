//! `/triggers`

use std::sync::Arc;

use axum::Router;

use super::{creates, listed, removes, shown, updates};
use crate::admin::Admin;
use crate::catalog::triggers as catalog;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/triggers",
            listed(&catalog::TRIGGERS, "true").post(creates!("trigger.create", catalog::create)),
        )
        .route(
            "/triggers/{id}",
            shown(&catalog::TRIGGERS)
                .patch(updates!("trigger.change", catalog::update))
                .delete(removes!("trigger.drop", catalog::remove)),
        )
}

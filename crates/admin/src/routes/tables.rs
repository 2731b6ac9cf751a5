//! `/tables`

use std::sync::Arc;

use axum::Router;

use super::{creates, listed, removes, shown, updates};
use crate::admin::Admin;
use crate::catalog::tables as catalog;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/tables",
            listed(&catalog::TABLES, "true").post(creates!("table.create", catalog::create)),
        )
        .route(
            "/tables/{id}",
            shown(&catalog::TABLES)
                .patch(updates!("table.change", catalog::update))
                .delete(removes!("table.drop", catalog::remove)),
        )
}

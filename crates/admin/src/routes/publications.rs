//! `/publications`

use std::sync::Arc;

use axum::Router;

use super::{creates, listed, removes, shown, updates};
use crate::admin::Admin;
use crate::catalog::publications as catalog;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/publications",
            listed(&catalog::PUBLICATIONS, "true")
                .post(creates!("publication.create", catalog::create)),
        )
        .route(
            "/publications/{id}",
            shown(&catalog::PUBLICATIONS)
                .patch(updates!("publication.change", catalog::update))
                .delete(removes!("publication.drop", catalog::remove)),
        )
}

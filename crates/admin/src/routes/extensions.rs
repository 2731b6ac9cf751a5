//! `/extensions`

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Id, Work, creates, listed, removes, updates};
use crate::admin::Admin;
use crate::catalog::extensions as catalog;
use crate::error::AdminError;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/extensions",
            listed(&catalog::EXTENSIONS, "true")
                .post(creates!("extension.create", catalog::create)),
        )
        .route(
            "/extensions/{id}",
            get(show)
                .patch(updates!("extension.change", catalog::update))
                .delete(removes!("extension.drop", catalog::remove)),
        )
}

async fn show(work: Work, Id(name): Id) -> Result<Response, AdminError> {
    let found = async { catalog::find(work.client()?, &name).await }.await;
    work.finish(found.map(|value| value.to_string()))
}

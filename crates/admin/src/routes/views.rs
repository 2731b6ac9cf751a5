//! `/views`

use std::sync::Arc;

use axum::Router;

use super::{listed, shown};
use crate::admin::Admin;
use crate::catalog::Listing;

const VIEWS: Listing = Listing {
    sql: include_str!("../sql/views.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, name",
    noun: "view",
    with_columns: true,
};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/views", listed(&VIEWS, "true"))
        .route("/views/{id}", shown(&VIEWS))
}

//! `/materialized-views`

use std::sync::Arc;

use axum::Router;

use super::{listed, shown};
use crate::admin::Admin;
use crate::catalog::Listing;

const MATERIALIZED_VIEWS: Listing = Listing {
    sql: include_str!("../sql/materialized_views.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, name",
    noun: "materialized view",
    with_columns: true,
};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/materialized-views", listed(&MATERIALIZED_VIEWS, "true"))
        .route("/materialized-views/{id}", shown(&MATERIALIZED_VIEWS))
}

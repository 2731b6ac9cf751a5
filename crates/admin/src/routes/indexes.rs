//! `/indexes`

use std::sync::Arc;

use axum::Router;

use super::{listed, shown};
use crate::admin::Admin;
use crate::catalog::Listing;

const INDEXES: Listing = Listing {
    sql: include_str!("../sql/indexes.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, id",
    noun: "index",
    with_columns: false,
};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/indexes", listed(&INDEXES, "true"))
        .route("/indexes/{id}", shown(&INDEXES))
}

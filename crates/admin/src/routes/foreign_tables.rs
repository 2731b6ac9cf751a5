//! `/foreign-tables`

use std::sync::Arc;

use axum::Router;

use super::{listed, shown};
use crate::admin::Admin;
use crate::catalog::Listing;

const FOREIGN_TABLES: Listing = Listing {
    sql: include_str!("../sql/foreign_tables.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, name",
    noun: "foreign table",
    with_columns: true,
};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/foreign-tables", listed(&FOREIGN_TABLES, "true"))
        .route("/foreign-tables/{id}", shown(&FOREIGN_TABLES))
}

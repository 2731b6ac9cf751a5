//! `/config`

use std::sync::Arc;

use axum::Router;

use super::listed;
use crate::admin::Admin;
use crate::catalog::Listing;

const CONFIG: Listing = Listing {
    sql: include_str!("../sql/config.sql"),
    columns: "*",
    schema: None,
    order: "category, name",
    noun: "setting",
    with_columns: false,
};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new().route("/config", listed(&CONFIG, "true"))
}

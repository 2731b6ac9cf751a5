//! `/types`

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Work, list};
use crate::admin::Admin;
use crate::catalog::Listing;
use crate::error::AdminError;
use crate::input::Params;

const TYPES: Listing = Listing {
    sql: include_str!("../sql/types.sql"),
    columns: "id, name, schema, format, enums, attributes, comment, type_relation_id",
    schema: Some("schema"),
    order: "schema, name",
    noun: "type",
    with_columns: false,
};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new().route("/types", get(all))
}

async fn all(work: Work, params: Params) -> Result<Response, AdminError> {
    let flag = |name| params.flag(name).unwrap_or(false);
    let condition = match (flag("include_table_types"), flag("include_array_types")) {
        (false, false) => "not coalesce(of_other or of_table, false) and not of_array",
        (false, true) => "not coalesce(of_other or of_table, false)",
        (true, false) => "not coalesce(of_other, false) and not of_array",
        (true, true) => "not coalesce(of_other, false)",
    };
    list(work, params, &TYPES, condition).await
}

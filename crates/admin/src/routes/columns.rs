//! `/columns`, and the columns of one table at `/tables/{id}/columns`.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Id, Work, creates, list, listed, removes, updates};
use crate::admin::Admin;
use crate::catalog::columns as catalog;
use crate::error::AdminError;
use crate::input::Params;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/columns",
            listed(&catalog::COLUMNS, "true").post(creates!("column.create", catalog::create)),
        )
        .route(
            "/columns/{id}",
            get(show)
                .patch(updates!("column.change", catalog::update))
                .delete(removes!("column.drop", catalog::remove)),
        )
        .route("/tables/{id}/columns", get(of_table))
}

/// By `<table>.<number>`, or all columns of a table.
async fn show(work: Work, Id(id): Id, params: Params) -> Result<Response, AdminError> {
    if id.parse::<i64>().is_ok() {
        return of_table(work, Id(id), params).await;
    }
    let found = async { catalog::find(work.client()?, &id).await }.await;
    work.finish(found.map(|value| value.to_string()))
}

async fn of_table(work: Work, Id(id): Id, params: Params) -> Result<Response, AdminError> {
    let table: i64 = id.parse().map_err(|_| AdminError::NoRoute)?;
    list(
        work,
        params,
        &catalog::COLUMNS,
        &format!("table_id = {table}"),
    )
    .await
}

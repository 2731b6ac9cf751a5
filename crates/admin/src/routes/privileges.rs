//! `/table-privileges` and `/column-privileges`

use std::sync::Arc;

use axum::Router;
use axum::response::Response;

use super::{Body, Work, listed, record};
use crate::admin::Admin;
use crate::catalog::privileges::{self, COLUMNS, TABLES, Verb};
use crate::error::AdminError;
use crate::input::{self, Input};

pub(super) fn router() -> Router<Arc<Admin>> {
    let tables =
        |verb| async move |work: Work, Input(body): Body| on_tables(work, verb, body).await;
    let columns =
        |verb| async move |work: Work, Input(body): Body| on_columns(work, verb, body).await;
    Router::new()
        .route(
            "/table-privileges",
            listed(&TABLES, "true")
                .post(tables(Verb::Grant))
                .delete(tables(Verb::Revoke)),
        )
        .route(
            "/column-privileges",
            listed(&COLUMNS, "true")
                .post(columns(Verb::Grant))
                .delete(columns(Verb::Revoke)),
        )
}

fn action(verb: Verb) -> &'static str {
    match verb {
        Verb::Grant => "privilege.grant",
        Verb::Revoke => "privilege.revoke",
    }
}

async fn on_tables(
    work: Work,
    verb: Verb,
    body: serde_json::Value,
) -> Result<Response, AdminError> {
    let done = async { privileges::on_tables(work.client()?, verb, body.clone()).await }.await;
    answer(work, verb, body, done).await
}

async fn on_columns(
    work: Work,
    verb: Verb,
    body: serde_json::Value,
) -> Result<Response, AdminError> {
    let done = async { privileges::on_columns(work.client()?, verb, body.clone()).await }.await;
    answer(work, verb, body, done).await
}

async fn answer(
    work: Work,
    verb: Verb,
    body: serde_json::Value,
    done: Result<String, AdminError>,
) -> Result<Response, AdminError> {
    work.session.release();
    let text = done?;
    record(&work.admin, &work.target, action(verb), body).await?;
    Ok(input::raw(text))
}

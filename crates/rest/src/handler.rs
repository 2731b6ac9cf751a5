//! The story of a request: who asks, what they ask, what it means here, the SQL, the answer.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::Response;
use bytes::Bytes;
use hearth_apps::RequestContext;
use http_body_util::BodyExt;

use crate::Rest;
use crate::describe::describe;
use crate::error::{RestError, error_response};
use crate::execute::{Caller, Job, Seen};
use crate::plan::types::Plan;
use crate::request::{ApiRequest, headers};
use crate::schema_cache::Snapshot;
use crate::{plan, query, response};

/// Answers any request to the instant API.
pub(crate) async fn handle(
    State(rest): State<Arc<Rest>>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut terse = false;
    let answer = async {
        let claims = context.claims().map_err(RestError::Jwt)?;
        let watch = rest.watch(&context.app).await;
        let snapshot = watch
            .current()
            .await
            .map_err(|e| rest.not_loaded(&context, &e))?;
        terse = snapshot.config.terse_errors;
        let body = read_body(body).await?;
        let caller = Caller::new(claims, &snapshot.config);
        let seen = Seen {
            headers: headers::headers_json(&parts.headers),
            cookies: headers::cookies_json(&parts.headers),
        };
        let once = async |snapshot: &Snapshot, body: Bytes| {
            let request = ApiRequest::parse(
                &snapshot.config,
                parts.method.clone(),
                &parts.uri,
                &parts.headers,
                body,
            )?;
            let job = Job {
                snapshot,
                request: &request,
                caller: &caller,
                seen: &seen,
            };
            answer(&context, &job).await
        };
        match once(&snapshot, body.clone()).await {
            // Perhaps it was made a moment ago: look again, once.
            Err(error) if error.may_be_stale_cache() => {
                match watch.current_after_miss(&snapshot).await {
                    Ok(fresh) if fresh.version != snapshot.version => once(&fresh, body).await,
                    _ => Err(error),
                }
            }
            result => result,
        }
    }
    .await;
    answer.unwrap_or_else(|error| rest.refuse(&context, &error, terse))
}

async fn read_body(body: axum::body::Body) -> Result<Bytes, RestError> {
    let collected = body.collect().await;
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|_| RestError::InvalidBody("The request body could not be read".to_owned()))
}

async fn answer(context: &RequestContext, job: &Job<'_>) -> Result<Response, RestError> {
    let Job {
        snapshot,
        request,
        caller,
        ..
    } = job;
    let connect = async || {
        let conn = context.app.database.caller().await;
        conn.map_err(|error| RestError::postgres(&error, caller.authenticated))
    };
    match plan::plan(request, &snapshot.config, &snapshot.cache)? {
        Plan::Db(plan) => {
            let query = query::build(&plan, request, &snapshot.config);
            let result = job.run(&connect().await?, &plan, &query).await?;
            response::of_result(&plan, request, &snapshot.config, result)
        }
        Plan::Describe { headers_only } => {
            describe(context, job, &connect().await?, headers_only).await
        }
        Plan::TableInfo(table) => Ok(response::of_table(&table)),
        Plan::RoutineInfo(routine) => Ok(response::of_routine(&routine)),
        Plan::SchemaInfo => Ok(response::of_schema()),
    }
}

impl Rest {
    fn not_loaded(
        &self,
        context: &RequestContext,
        error: &crate::schema_cache::LoadError,
    ) -> RestError {
        tracing::warn!(app = %context.app.reference, %error, "schema cache not loaded");
        RestError::NoSchemaCache
    }

    fn refuse(&self, context: &RequestContext, error: &RestError, terse: bool) -> Response {
        let response = error_response(error, terse);
        if response.status().is_server_error() {
            tracing::warn!(
                app = %context.app.reference,
                request = %context.request_id,
                code = %hearth_core::ApiError::code(error),
                %error,
                "request failed"
            );
        }
        response
    }
}

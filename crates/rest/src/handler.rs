//! The story of a request: who asks, what they ask, what it means here, the SQL, the answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use bytes::Bytes;
use hearth_apps::RequestContext;
use http::request::Parts;
use http_body_util::{BodyExt, Collected};

use crate::Rest;
use crate::describe::describe;
use crate::error::RestError;
use crate::execute::{Caller, Job};
use crate::plan::types::Plan;
use crate::request::ApiRequest;
use crate::schema_cache::Snapshot;
use crate::site::Site;
use crate::timing::Timing;
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
        let loaded = watch.current().await;
        let snapshot = loaded.map_err(|error| rest.not_loaded(&context, &error))?;
        terse = snapshot.config.terse_errors;
        let mut timing = Timing::start(snapshot.config.server_timing);
        let caller = Caller::new(claims, &snapshot.config);
        timing.done("jwt");
        let body = read(body).await?;
        let site = Site {
            name: context.app.reference.as_str(),
            callers: context.app.database.callers(),
            address: format!("{}/rest/v1/", context.base_url),
            hears_ddl: watch.hears_ddl(),
        };
        let mut result = answer(&site, &parts, body.clone(), &caller, &snapshot, &mut timing).await;
        if result.as_ref().is_err_and(RestError::may_be_stale_cache) {
            // Perhaps it was made a moment ago: look again, once.
            let fresh = Box::pin(watch.current_after_miss(&snapshot)).await;
            if let Some(fresh) = fresh.ok().filter(|fresh| fresh.version != snapshot.version) {
                let site = Site {
                    hears_ddl: watch.hears_ddl(),
                    ..site
                };
                let again = answer(&site, &parts, body, &caller, &fresh, &mut timing);
                result = Box::pin(again).await;
            }
        }
        result.map(|response| timing.told(response))
    }
    .await;
    answer.unwrap_or_else(|error| rest.refuse(&context, &error, terse))
}

/// The whole body.
pub async fn read(body: Body) -> Result<Bytes, RestError> {
    let unreadable = |_| RestError::InvalidBody("The request body could not be read".to_owned());
    body.collect()
        .await
        .map(Collected::to_bytes)
        .map_err(unreadable)
}

/// Answers a request of `caller` at `site`.
///
/// # Errors
/// Whatever is refused, by the request itself, the schema or PostgreSQL.
pub async fn answer(
    site: &Site<'_>,
    parts: &Parts,
    body: Bytes,
    caller: &Caller,
    snapshot: &Snapshot,
    timing: &mut Timing,
) -> Result<Response, RestError> {
    let config = &snapshot.config;
    let request = ApiRequest::parse(config, parts, body)?;
    timing.done("parse");
    let plan = plan::plan(&request, config, &snapshot.cache)?;
    timing.done("plan");
    let job = Job {
        site,
        snapshot,
        request: &request,
        caller,
        headers: &parts.headers,
    };
    let answer = match plan {
        Plan::Db(plan) => {
            if timing.keeps_statements() {
                timing.statement(query::build(&plan, &request, config).main.sql());
            }
            let result = job.run(&plan).await?;
            timing.done("transaction");
            response::of_result(&plan, &request, config, result)?
        }
        Plan::Describe { headers_only } => {
            let description = Box::pin(describe(&job, headers_only)).await?;
            timing.done("transaction");
            description
        }
        info => {
            // Nothing is asked of PostgreSQL; the stage is named all the same, as upstream does.
            timing.done("transaction");
            response::of_info(&info)
        }
    };
    timing.done("response");
    Ok(answer)
}

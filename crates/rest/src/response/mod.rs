//! Fifth stage: status, headers and body of an answer. Pure.

mod headers;
mod no_body;
pub mod openapi;
mod range;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hearth_pg::Collected;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, HeaderMap,
    HeaderValue, LOCATION, VARY,
};
use http::{HeaderName, StatusCode};

use no_body::NoBody;

use crate::config::RestConfig;
use crate::error::{RangeProblem, RestError};
use crate::execute::DbResult;
use crate::plan::types::{DbPlan, Plan, ReadNode, Statement};
use crate::request::ApiRequest;
use crate::request::media_type::MediaType;
use crate::request::preferences::{Representation, Resolution};
use crate::request::query_string::render_pairs;
use crate::request::types::Mutation;
use crate::schema_cache::model::Table;
use crate::schema_cache::routines::{Routine, Volatility};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Collected,
}

impl Answer {
    fn into_response(self) -> Response {
        let body = match self.body {
            _ if !self.headers.contains_key(CONTENT_LENGTH) => Body::new(NoBody),
            Collected::Memory(bytes) => Body::from(bytes),
            file => Body::from_stream(file.stream()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let varies = HeaderValue::from_static("Accept, Prefer, Range");
        response.headers_mut().entry(VARY).or_insert(varies);
        response
    }
}

/// The answer to a read, write or call.
///
/// # Errors
/// Where SQL functions set `response.headers` or `response.status` to something else than they
/// take.
pub fn of_result(
    plan: &DbPlan,
    request: &ApiRequest,
    config: &RestConfig,
    result: DbResult,
) -> Result<Response, RestError> {
    if matches!(plan.media_type, MediaType::Plan { .. }) {
        let mut headers = HeaderMap::new();
        headers::length(&mut headers, result.body.len());
        headers::content(&mut headers, &plan.media_type, request);
        let answer = Answer {
            status: StatusCode::OK,
            headers,
            body: result.body,
        };
        return Ok(answer.into_response());
    }
    let mut answer = match &plan.statement {
        Statement::Read { headers_only, .. } => read(plan, request, config, &result, *headers_only),
        Statement::Mutate { mutation, .. } => mutate(plan, request, &result, *mutation),
        Statement::Call {
            call, headers_only, ..
        } => self::call(plan, request, config, &result, &call.routine, *headers_only),
    };
    headers::overridden(&result, &mut answer.status, &mut answer.headers)?;
    if config.legacy_target_names {
        warn_of_legacy_names(&mut answer.headers, plan.statement.read());
    }
    Ok(answer.into_response())
}

fn out_of_bounds(request: &ApiRequest, config: &RestConfig, result: &DbResult) -> Collected {
    let problem = RangeProblem::OutOfBounds {
        lower: request.top_range.lower,
        total: result.total.unwrap_or_default(),
    };
    Bytes::from(RestError::Range(problem).body(config.terse_errors)).into()
}

fn read(
    plan: &DbPlan,
    request: &ApiRequest,
    config: &RestConfig,
    result: &DbResult,
    headers_only: bool,
) -> Answer {
    let (status, content_range) = range::of_page(request.top_range, result.page, result.total);
    let body = if status == StatusCode::RANGE_NOT_SATISFIABLE {
        out_of_bounds(request, config, result)
    } else if headers_only {
        Collected::default()
    } else {
        result.body.clone()
    };
    let mut headers = HeaderMap::with_capacity(12);
    headers::set(&mut headers, CONTENT_RANGE, &content_range);
    let mut location = String::with_capacity(64);
    location.push('/');
    location.push_str(&plan.target.name);
    if !request.query.canonical.is_empty() {
        location.push('?');
        location.push_str(&request.query.canonical);
    }
    headers::set(&mut headers, CONTENT_LOCATION, &location);
    if !headers_only {
        headers::length(&mut headers, body.len());
    }
    headers::content(&mut headers, &plan.media_type, request);
    headers::applied(&mut headers, plan, request);
    Answer {
        status,
        headers,
        body,
    }
}

fn mutate(plan: &DbPlan, request: &ApiRequest, result: &DbResult, mutation: Mutation) -> Answer {
    let mut headers = HeaderMap::with_capacity(12);
    let preferences = &request.preferences;
    let counted = preferences.counts_rows().then_some(result.page);
    let full = preferences.representation == Some(Representation::Full);
    let page_end = i128::from(result.page) - 1;
    let status = match mutation {
        Mutation::Create => {
            if !result.location.is_empty() {
                let pairs = result
                    .location
                    .iter()
                    .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
                let location = format!("/{}{}", plan.target.name, render_pairs(pairs));
                headers::set(&mut headers, LOCATION, &location);
            }
            headers::set(
                &mut headers,
                CONTENT_RANGE,
                &range::content_range(1, 0, counted),
            );
            let merges = preferences.resolution == Some(Resolution::Merge);
            match result.inserted {
                Some(rows) if rows <= 0 && merges => StatusCode::OK,
                None if merges => StatusCode::OK,
                _ => StatusCode::CREATED,
            }
        }
        Mutation::Update => {
            headers::set(
                &mut headers,
                CONTENT_RANGE,
                &range::content_range(0, page_end, counted),
            );
            if full {
                StatusCode::OK
            } else {
                StatusCode::NO_CONTENT
            }
        }
        Mutation::Delete => {
            headers::set(
                &mut headers,
                CONTENT_RANGE,
                &range::content_range(1, 0, counted),
            );
            if full {
                StatusCode::OK
            } else {
                StatusCode::NO_CONTENT
            }
        }
        Mutation::SingleUpsert => match result.inserted {
            _ if !full => StatusCode::NO_CONTENT,
            Some(rows) if rows > 0 => StatusCode::CREATED,
            _ => StatusCode::OK,
        },
    };
    headers::applied(&mut headers, plan, request);
    let body = if full {
        result.body.clone()
    } else {
        Collected::default()
    };
    if full || mutation == Mutation::Create {
        headers::length(&mut headers, body.len());
    }
    if full {
        headers::content(&mut headers, &plan.media_type, request);
    }
    Answer {
        status,
        headers,
        body,
    }
}

fn call(
    plan: &DbPlan,
    request: &ApiRequest,
    config: &RestConfig,
    result: &DbResult,
    routine: &Routine,
    headers_only: bool,
) -> Answer {
    let (mut status, content_range) = range::of_page(request.top_range, result.page, result.total);
    let mut headers = HeaderMap::with_capacity(12);
    headers::set(&mut headers, CONTENT_RANGE, &content_range);
    headers::applied(&mut headers, plan, request);
    let mut body = Collected::default();
    if routine.returns_void() {
        status = StatusCode::NO_CONTENT;
    } else {
        if !headers_only {
            body = if status == StatusCode::RANGE_NOT_SATISFIABLE {
                out_of_bounds(request, config, result)
            } else {
                result.body.clone()
            };
            headers::length(&mut headers, body.len());
        }
        headers::content(&mut headers, &plan.media_type, request);
    }
    Answer {
        status,
        headers,
        body,
    }
}

/// Filters that name a resource by its own name although it has an alias: still heeded, but said.
fn warn_of_legacy_names(headers: &mut HeaderMap, read: &ReadNode) {
    fn collect(node: &ReadNode, found: &mut Vec<String>) {
        if let Some(alias) = node.alias.as_ref().filter(|_| node.named_by_legacy) {
            found.push(format!("`{}` to `{alias}`", node.name));
        }
        node.children.iter().for_each(|child| collect(child, found));
    }
    let mut found = Vec::new();
    collect(read, &mut found);
    if !found.is_empty() {
        let text = format!(
            "299 PostgRESTv16.1 \"Embedded resource was referenced by relation name even though \
             it has an alias. This is deprecated and will stop working in a future release. \
             Update {} in query string filters, orders or limits.\"",
            found.join(", ")
        );
        headers::set(headers, HeaderName::from_static("warning"), &text);
    }
}

fn allows(methods: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers::length(&mut headers, 0);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers::set(&mut headers, ALLOW, methods);
    Answer {
        status: StatusCode::OK,
        headers,
        body: Collected::default(),
    }
    .into_response()
}

/// OPTIONS: what can be done, rights aside.
pub fn of_info(info: &Plan) -> Response {
    match info {
        Plan::TableInfo(table) => allows(&methods(table).join(",")),
        Plan::RoutineInfo(routine) if routine.volatility == Volatility::Volatile => {
            allows("OPTIONS,POST")
        }
        Plan::RoutineInfo(_) => allows("OPTIONS,GET,HEAD,POST"),
        _ => allows("OPTIONS,GET,HEAD"),
    }
}

fn methods(table: &Table) -> Vec<&'static str> {
    let mut methods = vec!["OPTIONS,GET,HEAD"];
    if table.insertable {
        methods.push("POST");
    }
    if table.insertable && table.updatable && !table.primary_key.is_empty() {
        methods.push("PUT");
    }
    if table.updatable {
        methods.push("PATCH");
    }
    if table.deletable {
        methods.push("DELETE");
    }
    methods
}

/// The OpenAPI description.
pub fn of_description(request: &ApiRequest, body: Option<String>) -> Response {
    let mut headers = HeaderMap::new();
    let bytes = Collected::from(Bytes::from(body.clone().unwrap_or_default()));
    if body.is_some() {
        headers::length(&mut headers, bytes.len());
    }
    headers::content(&mut headers, &MediaType::OpenApi, request);
    Answer {
        status: StatusCode::OK,
        headers,
        body: bytes,
    }
    .into_response()
}

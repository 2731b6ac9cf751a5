//! First stage: the HTTP request as a value. Pure; rejects what no database could make sense of.

mod csv;
mod grammar;
pub mod headers;
pub mod media_type;
mod parser;
pub mod payload;
pub mod preferences;
pub mod query_string;
pub mod range;
pub mod types;

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::config::RestConfig;
use crate::error::RestError;
use media_type::MediaType;
use payload::Payload;
use preferences::Preferences;
use query_string::QueryString;
use range::RowRange;
use types::{Action, Invocation, Mutation, Resource};

/// A request, understood but not yet compared with the database.
#[derive(Debug)]
pub struct ApiRequest {
    /// What is asked for.
    pub action: Action,
    /// HTTP method.
    pub method: Method,
    /// Path below the service.
    pub path: String,
    /// The schema it is about.
    pub schema: String,
    /// Whether the answer names the schema.
    pub names_schema: bool,
    /// The query string.
    pub query: QueryString,
    /// Rows of the top level.
    pub top_range: RowRange,
    /// Rows by the path of the resource, the top level's included.
    pub ranges: Vec<(String, RowRange)>,
    /// The body.
    pub payload: Option<Payload>,
    /// Columns or arguments that the body has.
    pub columns: BTreeSet<String>,
    /// `Prefer`.
    pub preferences: Preferences,
    /// `Accept`, best first.
    pub accept: Vec<MediaType>,
    /// `Content-Type`.
    pub content_type: MediaType,
}

impl ApiRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// The PGRST1xx errors that need no schema.
    pub fn parse(config: &RestConfig, parts: &Parts, body: Bytes) -> Result<Self, RestError> {
        let (method, uri, headers) = (parts.method.clone(), &parts.uri, &parts.headers);
        let path = uri.path();
        let segments: Vec<String> = path
            .strip_prefix('/')
            .unwrap_or(path)
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let resource = resource(config, &segments)?;
        let (schema, names_schema) = self::headers::schema(headers, &method, &config.schemas)?;
        let action = action(resource, &method)?;
        let function_read = matches!(
            action,
            Action::Call {
                invocation: Invocation::Read { .. },
                ..
            }
        );
        let query = QueryString::parse(uri.query().unwrap_or_default(), function_read)?;
        let mut ranges = query.ranges.clone();
        let range_header = headers
            .get(http::header::RANGE)
            .and_then(|v| v.to_str().ok());
        let top_range = range::settle(&method, range_header, &mut ranges)?;
        let text = |name| {
            headers
                .get(name)
                .map(|v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()))
        };
        let content_type =
            text(http::header::CONTENT_TYPE).map_or(MediaType::Json, |t| MediaType::parse(&t));
        let accept = text(http::header::ACCEPT)
            .map_or_else(|| vec![MediaType::Any], |t| media_type::accepted(&t));
        let (payload, columns) = payload::read(body, &content_type, &query, &action)?;
        Ok(Self {
            action,
            path: path.to_owned(),
            schema,
            names_schema,
            query,
            top_range,
            ranges,
            payload,
            columns,
            preferences: Preferences::from_headers(headers, config.tx_allow_override),
            accept,
            content_type,
            method,
        })
    }
}

fn resource<'a>(config: &'a RestConfig, segments: &'a [String]) -> Result<Resource<'a>, RestError> {
    match segments {
        [root] if root.is_empty() => match (&config.openapi_mode, &config.root_spec) {
            (crate::config::OpenApiMode::Disabled, _) => Err(RestError::OpenApiDisabled),
            (_, Some(function)) => Ok(Resource::Routine(function)),
            (_, None) => Ok(Resource::Schema),
        },
        [table] => Ok(Resource::Relation(table)),
        [rpc, function] if rpc == "rpc" => Ok(Resource::Routine(function)),
        _ => Err(RestError::InvalidPath),
    }
}

fn action(resource: Resource<'_>, method: &Method) -> Result<Action, RestError> {
    let mutate = |table: &str, mutation| Action::Mutate {
        table: table.to_owned(),
        mutation,
    };
    Ok(match (resource, method.as_str()) {
        (Resource::Routine(name), verb) => {
            let function = name.to_owned();
            let invocation = match verb {
                "HEAD" => Invocation::Read { headers_only: true },
                "GET" => Invocation::Read {
                    headers_only: false,
                },
                "POST" => Invocation::Call,
                "OPTIONS" => return Ok(Action::RoutineInfo { function }),
                other => return Err(RestError::RpcMethod(other.to_owned())),
            };
            Action::Call {
                function,
                invocation,
            }
        }
        (Resource::Relation(table), "HEAD" | "GET") => Action::Read {
            table: table.to_owned(),
            headers_only: method == Method::HEAD,
        },
        (Resource::Relation(table), "POST") => mutate(table, Mutation::Create),
        (Resource::Relation(table), "PUT") => mutate(table, Mutation::SingleUpsert),
        (Resource::Relation(table), "PATCH") => mutate(table, Mutation::Update),
        (Resource::Relation(table), "DELETE") => mutate(table, Mutation::Delete),
        (Resource::Relation(table), "OPTIONS") => Action::TableInfo {
            table: table.to_owned(),
        },
        (Resource::Schema, "HEAD" | "GET") => Action::Describe {
            headers_only: method == Method::HEAD,
        },
        (Resource::Schema, "OPTIONS") => Action::SchemaInfo,
        (_, other) => return Err(RestError::Method(other.to_owned())),
    })
}

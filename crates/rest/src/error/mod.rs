//! Everything that the instant API refuses, as one list: code, status, message, details and hint
//! are PostgREST's, because clients match on them.

pub mod fuzzy;
mod postgres;
mod render;
mod token;

use std::borrow::Cow;

use hearth_core::{ApiError, ErrorKind};
use hearth_jwt::JwtError;
use hearth_pg::PgError;
use http::StatusCode;
use serde_json::Value;

pub use postgres::PgFailure;
pub use render::error_response;
pub use token::TokenProblem;

/// Why a range of rows is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeProblem {
    /// `limit` below zero.
    NegativeLimit,
    /// `Range: 5-2`
    LowerAboveUpper,
    /// Starts behind the last row.
    OutOfBounds {
        /// Where it starts.
        lower: i128,
        /// How many rows there are.
        total: i64,
    },
}

/// A refused request. Retired codes: PGRST104, 109, 110, 113, 119.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// PGRST100: the query string does not parse.
    #[error("{message}")]
    QueryParameter {
        /// Which parameter, and where in it.
        message: String,
        /// What stands there and what could have.
        details: String,
    },
    /// PGRST101
    #[error("Cannot use the {0} method on RPC")]
    RpcMethod(String),
    /// PGRST102
    #[error("{0}")]
    InvalidBody(String),
    /// PGRST103
    #[error("Requested range not satisfiable")]
    Range(RangeProblem),
    /// PGRST105
    #[error("Filters must include all and only primary key columns with 'eq' operators")]
    PutFilters,
    /// PGRST106
    #[error("Invalid schema: {schema}")]
    UnacceptableSchema {
        /// The schema asked for.
        schema: String,
        /// Those that can be.
        exposed: Vec<String>,
    },
    /// PGRST107
    #[error("None of these media types are available: {0}")]
    MediaType(String),
    /// PGRST108
    #[error("'{target}' is not an embedded resource in this request")]
    NotEmbedded {
        /// The resource named by a filter, order or limit.
        target: String,
        /// Where it has an alias: the alias to use instead.
        alias: Option<String>,
    },
    /// PGRST111
    #[error(
        "response.headers guc must be a JSON array composed of objects with a single key and a \
         string value"
    )]
    ResponseHeaders,
    /// PGRST112
    #[error("response.status guc must be a valid status code")]
    ResponseStatus,
    /// PGRST114
    #[error("limit/offset querystring parameters are not allowed for PUT")]
    PutLimit,
    /// PGRST115
    #[error("Payload values do not match URL in primary key column(s)")]
    PutKey,
    /// PGRST116
    #[error("Cannot coerce the result to a single JSON object")]
    NotSingular(i64),
    /// PGRST117
    #[error("Unsupported HTTP method: {0}")]
    Method(String),
    /// PGRST118
    #[error("A related order on '{target}' is not possible")]
    RelatedOrder {
        /// The resource that is ordered.
        origin: String,
        /// The one it is ordered by.
        target: String,
    },
    /// PGRST122
    #[error("Invalid preferences given with handling=strict")]
    Preferences(Vec<String>),
    /// PGRST123
    #[error("Use of aggregate functions is not allowed")]
    AggregatesDisabled,
    /// PGRST124
    #[error("Query result exceeds max-affected preference constraint")]
    MaxAffected(i64),
    /// PGRST125
    #[error("Invalid path specified in request URL")]
    InvalidPath,
    /// PGRST126
    #[error("Root endpoint metadata is disabled")]
    OpenApiDisabled,
    /// PGRST127
    #[error("Feature not implemented")]
    NotImplemented(&'static str),
    /// PGRST128
    #[error(
        "Function must return SETOF or TABLE when max-affected preference is used with \
         handling=strict"
    )]
    MaxAffectedCall,
    /// PGRST200
    #[error("Could not find a relationship between '{parent}' and '{child}' in the schema cache")]
    NoRelationship {
        /// The resource.
        parent: String,
        /// What was to be embedded.
        child: String,
        /// What was searched.
        details: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// PGRST201
    #[error(
        "Could not embed because more than one relationship was found for '{parent}' and '{child}'"
    )]
    AmbiguousRelationship {
        /// The resource.
        parent: String,
        /// What was to be embedded.
        child: String,
        /// The relationships found.
        found: Box<Value>,
        /// How to choose one.
        suggestion: String,
    },
    /// PGRST202
    #[error("Could not find the function {wanted} in the schema cache")]
    NoFunction {
        /// The function with its arguments.
        wanted: String,
        /// What was searched.
        details: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// PGRST203
    #[error("Could not choose the best candidate function between: {0}")]
    AmbiguousFunction(String),
    /// PGRST204
    #[error("Could not find the '{column}' column of '{table}' in the schema cache")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// PGRST205
    #[error("Could not find the table '{schema}.{table}' in the schema cache")]
    NoTable {
        /// The schema.
        schema: String,
        /// The table.
        table: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// PGRST301 and PGRST303: the token is refused.
    #[error("{}", token::jwt_message(.0))]
    Jwt(JwtError),
    /// PGRST300 to 303: the token is refused, or there is none and there must be one.
    #[error(transparent)]
    Token(#[from] TokenProblem),
    /// PGRST002: the schema cache could not be loaded.
    #[error("Could not query the database for the schema cache. Retrying.")]
    NoSchemaCache,
    /// PostgreSQL's own errors, and PGRST000, 001, 003, 121.
    #[error("{}", .0.message())]
    Postgres(Box<PgFailure>),
}

impl RestError {
    /// An error of PostgreSQL; `authenticated` says that the caller is somebody else than anon.
    pub fn postgres(error: &PgError, authenticated: bool) -> Self {
        Self::Postgres(Box::new(PgFailure::new(error, authenticated)))
    }

    /// True where a stale schema cache may be the reason.
    pub fn may_be_stale_cache(&self) -> bool {
        matches!(
            self,
            Self::NoRelationship { .. }
                | Self::NoFunction { .. }
                | Self::NoColumn { .. }
                | Self::NoTable { .. }
        )
    }

    /// Details as the JSON they are sent as.
    fn details_json(&self) -> Option<Value> {
        match self {
            Self::AmbiguousRelationship { found, .. } => Some(found.as_ref().clone()),
            _ => self.details().map(|text| Value::String(text.into_owned())),
        }
    }
}

impl ApiError for RestError {
    fn code(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::QueryParameter { .. } => "PGRST100",
            Self::RpcMethod(_) => "PGRST101",
            Self::InvalidBody(_) => "PGRST102",
            Self::Range(_) => "PGRST103",
            Self::PutFilters => "PGRST105",
            Self::UnacceptableSchema { .. } => "PGRST106",
            Self::MediaType(_) => "PGRST107",
            Self::NotEmbedded { .. } => "PGRST108",
            Self::ResponseHeaders => "PGRST111",
            Self::ResponseStatus => "PGRST112",
            Self::PutLimit => "PGRST114",
            Self::PutKey => "PGRST115",
            Self::NotSingular(_) => "PGRST116",
            Self::Method(_) => "PGRST117",
            Self::RelatedOrder { .. } => "PGRST118",
            Self::Preferences(_) => "PGRST122",
            Self::AggregatesDisabled => "PGRST123",
            Self::MaxAffected(_) => "PGRST124",
            Self::InvalidPath => "PGRST125",
            Self::OpenApiDisabled => "PGRST126",
            Self::NotImplemented(_) => "PGRST127",
            Self::MaxAffectedCall => "PGRST128",
            Self::NoRelationship { .. } => "PGRST200",
            Self::AmbiguousRelationship { .. } => "PGRST201",
            Self::NoFunction { .. } => "PGRST202",
            Self::AmbiguousFunction(_) => "PGRST203",
            Self::NoColumn { .. } => "PGRST204",
            Self::NoTable { .. } => "PGRST205",
            Self::Jwt(error) => token::jwt_code(error),
            Self::Token(problem) => problem.code(),
            Self::NoSchemaCache => "PGRST002",
            Self::Postgres(failure) => return Cow::Borrowed(failure.code()),
        })
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::QueryParameter { .. }
            | Self::InvalidBody(_)
            | Self::NotEmbedded { .. }
            | Self::PutLimit
            | Self::PutKey
            | Self::RelatedOrder { .. }
            | Self::Preferences(_)
            | Self::AggregatesDisabled
            | Self::MaxAffected(_)
            | Self::NotImplemented(_)
            | Self::MaxAffectedCall
            | Self::NoRelationship { .. }
            | Self::NoColumn { .. } => StatusCode::BAD_REQUEST,
            Self::RpcMethod(_) | Self::PutFilters | Self::Method(_) => {
                StatusCode::METHOD_NOT_ALLOWED
            }
            Self::Range(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::UnacceptableSchema { .. } | Self::MediaType(_) | Self::NotSingular(_) => {
                StatusCode::NOT_ACCEPTABLE
            }
            Self::ResponseHeaders | Self::ResponseStatus => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidPath
            | Self::OpenApiDisabled
            | Self::NoFunction { .. }
            | Self::NoTable { .. } => StatusCode::NOT_FOUND,
            Self::AmbiguousRelationship { .. } | Self::AmbiguousFunction(_) => {
                StatusCode::MULTIPLE_CHOICES
            }
            Self::Jwt(_) => StatusCode::UNAUTHORIZED,
            Self::Token(problem) => problem.status(),
            Self::NoSchemaCache => StatusCode::SERVICE_UNAVAILABLE,
            Self::Postgres(failure) => failure.status(),
        }
    }

    fn message(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }

    fn details(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(match self {
            Self::QueryParameter { details, .. }
            | Self::NoRelationship { details, .. }
            | Self::NoFunction { details, .. } => return Some(Cow::Borrowed(details)),
            Self::Range(RangeProblem::NegativeLimit) => {
                "Limit should be greater than or equal to zero.".to_owned()
            }
            Self::Range(RangeProblem::LowerAboveUpper) => {
                "The lower boundary must be lower than or equal to the upper boundary in the \
                 Range header."
                    .to_owned()
            }
            Self::Range(RangeProblem::OutOfBounds { lower, total }) => {
                format!("An offset of {lower} was requested, but there are only {total} rows.")
            }
            Self::NotEmbedded { alias: Some(_), .. } => {
                "Target names are not allowed in filters if they have an alias".to_owned()
            }
            Self::NotSingular(rows) => format!("The result contains {rows} rows"),
            Self::RelatedOrder { origin, target } => format!(
                "'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"
            ),
            Self::Preferences(unknown) => format!("Invalid preferences: {}", unknown.join(", ")),
            Self::MaxAffected(rows) => format!("The query affects {rows} rows"),
            Self::NotImplemented(what) => (*what).to_owned(),
            Self::Jwt(error) => return token::jwt_details(error).map(Cow::Borrowed),
            Self::Token(problem) => return problem.details().map(Cow::Borrowed),
            Self::Postgres(failure) => return failure.details().map(Cow::Borrowed),
            _ => return None,
        }))
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(match self {
            Self::NotEmbedded {
                target,
                alias: None,
            } => {
                format!("Verify that '{target}' is included in the 'select' query parameter.")
            }
            Self::NotEmbedded {
                target,
                alias: Some(alias),
            } => {
                format!("Change '{target}' to '{alias}' in filters, orders or limits.")
            }
            Self::UnacceptableSchema { exposed, .. } => {
                format!(
                    "Only the following schemas are exposed: {}",
                    exposed.join(", ")
                )
            }
            Self::NoRelationship { suggestion, .. }
            | Self::NoFunction { suggestion, .. }
            | Self::NoTable { suggestion, .. } => {
                return suggestion.as_deref().map(Cow::Borrowed);
            }
            Self::AmbiguousRelationship { suggestion, .. } => {
                return Some(Cow::Borrowed(suggestion));
            }
            Self::AmbiguousFunction(_) => "Try renaming the parameters or the function itself in \
                 the database so function overloading can be resolved"
                .to_owned(),
            Self::Postgres(failure) => return failure.hint().map(Cow::Borrowed),
            _ => return None,
        }))
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Postgres(failure) if failure.is_pool_timeout() => ErrorKind::Limit,
            Self::Postgres(_) | Self::NoSchemaCache => ErrorKind::Postgres,
            _ => ErrorKind::Client,
        }
    }
}

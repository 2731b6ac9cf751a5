//! Every error that a client can see, and the one place that renders it.
//!
//! The wire has two statuses: the true one stands in the body, while HTTP says 400 for all of them
//! but internal errors and the few that [`Shape::http`] names.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use hearth_core::{ApiError, ErrorKind};
use hearth_pg::PgError;
use http::{HeaderValue, StatusCode, header};

/// What storage refuses or fails at.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The bucket does not exist, or the caller may not know of it.
    #[error("Bucket not found")]
    NoSuchBucket,
    /// The object does not exist, or the caller may not know of it.
    #[error("Object not found")]
    NoSuchKey,
    /// The row exists but its bytes do not.
    #[error("The resource was not found")]
    BytesMissing,
    /// No such resumable upload.
    #[error("Upload not found")]
    NoSuchUpload,
    /// An object of that name exists.
    #[error("The resource already exists")]
    KeyAlreadyExists,
    /// A bucket of that name exists.
    #[error("The resource already exists")]
    BucketAlreadyExists,
    /// Some other unique constraint.
    #[error("The resource already exists")]
    ResourceAlreadyExists,
    /// The bucket holds objects.
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty,
    /// The bucket holds too many objects to be emptied.
    #[error("Unable to empty the bucket because it contains too many objects")]
    BucketTooFull,
    /// A name that no bucket can have.
    #[error("Bucket name invalid")]
    InvalidBucketName,
    /// A name that no object can have.
    #[error("Invalid key: {0}")]
    InvalidKey(String),
    /// Not allowed, in words.
    #[error("{0}")]
    AccessDenied(String),
    /// Not allowed, with HTTP 403 (endpoints for one role only).
    #[error("{0}")]
    RoleDenied(&'static str),
    /// A signed URL's token is no token, was tampered with or has expired.
    #[error("{0}")]
    InvalidJwt(String),
    /// A signed URL's token is for something else.
    #[error("{0}")]
    InvalidSignature(String),
    /// The request is malformed, as the body's schema says.
    #[error("{0}")]
    Validation(String),
    /// The body is no JSON.
    #[error("{0}")]
    UnreadableBody(&'static str),
    /// The JSON body is larger than any legitimate one.
    #[error("Request body is too large")]
    BodyTooLarge,
    /// A `Content-Type` that is none.
    #[error("Invalid Content-Type header")]
    InvalidContentType,
    /// The request is wrong in some other way.
    #[error("{0}")]
    InvalidRequest(String),
    /// One parameter is wrong.
    #[error("{0}")]
    InvalidParameter(String),
    /// An `x-robots-tag` that is none.
    #[error("Invalid X-Robots-Tag header: {0}")]
    InvalidXRobotsTag(String),
    /// The bucket does not take this type.
    #[error("mime type {0} is not supported")]
    InvalidMimeType(String),
    /// Larger than the bucket or the application allows.
    #[error("The {0} exceeded the maximum allowed size")]
    EntityTooLarge(&'static str),
    /// Outside of the object.
    #[error("invalid range provided")]
    InvalidRange,
    /// A feature that this server does not have.
    #[error("The feature {0} is not enabled for this resource")]
    FeatureNotEnabled(&'static str),
    /// Somebody else works on the same object.
    #[error("The resource is locked")]
    ResourceLocked,
    /// Somebody else worked on the same object for too long.
    #[error("acquiring lock timeout")]
    LockTimeout,
    /// A foreign key points here.
    #[error("{0}")]
    ResourceReferenced(&'static str),
    /// A foreign key points nowhere.
    #[error("The related resource does not exist")]
    RelatedResourceNotFound,
    /// The resumable protocol's own refusals, with their own status.
    #[error("{message}")]
    Tus {
        /// HTTP status, also in the body.
        status: u16,
        /// In words.
        message: &'static str,
    },
    /// No such route.
    #[error("Route {0} not found")]
    NoRoute(String),
    /// The database is away for now.
    #[error("The database is unavailable. Please try again later.")]
    DatabaseUnavailable(#[source] PgError),
    /// The database did not answer in time.
    #[error("The connection to the database timed out")]
    DatabaseTimeout(#[source] PgError),
    /// A refusal of the database that has a name of its own.
    #[error("{message}")]
    Database {
        /// Stable code.
        code: &'static str,
        /// True status.
        status: u16,
        /// In words.
        message: String,
        /// What PostgreSQL said.
        #[source]
        source: PgError,
    },
    /// The bytes could not be read or written.
    #[error("Internal server error")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The body ended before it was complete; nobody reads the answer.
    #[error("Request stream closed before upload could complete")]
    Aborted,
}

/// An error as the wire knows it.
struct Shape {
    /// Machine-readable name of today's clients.
    code: &'static str,
    /// Name that older clients match on; the code where there is none.
    error: &'static str,
    /// The true status.
    status: u16,
    /// HTTP's status, where it is neither 400 nor that of an internal error.
    http: Option<u16>,
}

const fn shape(code: &'static str, status: u16) -> Shape {
    Shape {
        code,
        error: code,
        status,
        http: None,
    }
}

const fn named(error: &'static str, code: &'static str, status: u16) -> Shape {
    Shape {
        code,
        error,
        status,
        http: None,
    }
}

const fn outright(error: &'static str, code: &'static str, status: u16) -> Shape {
    Shape {
        code,
        error,
        status,
        http: Some(status),
    }
}

impl StorageError {
    fn shape(&self) -> Shape {
        match self {
            Self::NoSuchBucket => named("Bucket not found", "NoSuchBucket", 404),
            Self::NoSuchKey => named("not_found", "NoSuchKey", 404),
            Self::BytesMissing => named("Not found", "NoSuchKey", 404),
            Self::NoSuchUpload => shape("NoSuchUpload", 404),
            Self::KeyAlreadyExists => named("Duplicate", "KeyAlreadyExists", 409),
            Self::BucketAlreadyExists => named("Duplicate", "BucketAlreadyExists", 409),
            Self::ResourceAlreadyExists => named("Duplicate", "ResourceAlreadyExists", 409),
            Self::BucketNotEmpty => shape("ResourceNotEmpty", 409),
            Self::BucketTooFull => shape("InvalidRequest", 409),
            Self::InvalidBucketName => named("Invalid Input", "InvalidBucketName", 400),
            Self::InvalidKey(_) => shape("InvalidKey", 400),
            Self::AccessDenied(_) => named("Unauthorized", "AccessDenied", 403),
            Self::RoleDenied(_) => outright("Unauthorized", "AccessDenied", 403),
            Self::InvalidJwt(_) => shape("InvalidJWT", 400),
            Self::InvalidSignature(_) => shape("InvalidSignature", 400),
            Self::Validation(_) => named("Error", "InvalidRequest", 400),
            Self::UnreadableBody(_) => named("FastifyError", "InvalidRequest", 400),
            Self::BodyTooLarge => outright("FastifyError", "EntityTooLarge", 413),
            Self::InvalidRequest(_) => shape("InvalidRequest", 400),
            Self::InvalidParameter(_) => shape("InvalidParameter", 400),
            Self::InvalidXRobotsTag(_) => named("invalid_x_robots_tag", "InvalidRequest", 400),
            Self::InvalidMimeType(_) => named("invalid_mime_type", "InvalidMimeType", 415),
            Self::InvalidContentType => named("invalid_mime_type", "InvalidMimeType", 415),
            Self::EntityTooLarge(_) => named("Payload too large", "EntityTooLarge", 413),
            Self::InvalidRange => outright("invalid_range", "InvalidRange", 416),
            Self::FeatureNotEnabled(_) => shape("FeatureNotEnabled", 409),
            Self::ResourceLocked => shape("ResourceLocked", 423),
            Self::LockTimeout => named("acquiring_lock_timeout", "LockTimeout", 503),
            Self::ResourceReferenced(_) => shape("ResourceReferenced", 409),
            Self::RelatedResourceNotFound => shape("InvalidRequest", 404),
            Self::Tus { status, .. } => outright("TusError", "TusError", *status),
            Self::NoRoute(_) => outright("Not Found", "InvalidRequest", 404),
            Self::DatabaseUnavailable(_) => outright("DatabaseError", "DatabaseError", 503),
            Self::DatabaseTimeout(_) => outright("DatabaseTimeout", "DatabaseTimeout", 544),
            Self::Database { code, status, .. } => shape(code, *status),
            Self::Backend(_) => shape("InternalError", 500),
            Self::Aborted => shape("Aborted", 500),
        }
    }

    /// The status that the body tells, for protocols that put it where HTTP has it.
    pub(crate) fn true_status(&self) -> StatusCode {
        StatusCode::from_u16(self.shape().status).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// A refusal of the bytes' store.
    pub(crate) fn backend(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Backend(Box::new(error))
    }

    /// The same refusal where it is about an object's row.
    pub(crate) fn about_object(self) -> Self {
        match self {
            Self::ResourceAlreadyExists => Self::KeyAlreadyExists,
            other => other,
        }
    }

    /// The same refusal where it is about a bucket's row.
    pub(crate) fn about_bucket(self) -> Self {
        match self {
            Self::ResourceAlreadyExists => Self::BucketAlreadyExists,
            other => other,
        }
    }
}

impl ApiError for StorageError {
    fn code(&self) -> Cow<'_, str> {
        self.shape().code.into()
    }

    fn status(&self) -> StatusCode {
        let Shape { status, http, .. } = self.shape();
        let http = http.unwrap_or(if status == 500 { 500 } else { 400 });
        StatusCode::from_u16(http).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn message(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::EntityTooLarge(_) | Self::BodyTooLarge => ErrorKind::Limit,
            Self::DatabaseUnavailable(_) | Self::DatabaseTimeout(_) | Self::Database { .. } => {
                ErrorKind::Postgres
            }
            Self::Backend(_) => ErrorKind::Internal,
            _ => ErrorKind::Client,
        }
    }
}

impl From<PgError> for StorageError {
    fn from(error: PgError) -> Self {
        if error.is_unavailable() {
            return Self::DatabaseUnavailable(error);
        }
        let Some(db) = error.db_error() else {
            return match error {
                PgError::PoolTimeout => Self::DatabaseTimeout(error),
                other => database("DatabaseError", 500, "database error".to_owned(), other),
            };
        };
        let detail = db.detail().unwrap_or_default();
        let referenced = detail.contains("is still referenced from table");
        match db.code().code() {
            "42501" if db.message().contains("row-level security") => {
                Self::AccessDenied("new row violates row-level security policy".to_owned())
            }
            "42501" => Self::AccessDenied(db.message().to_owned()),
            "23505" => Self::ResourceAlreadyExists,
            "23503" if referenced && db.constraint().is_some_and(is_of_multipart) => {
                Self::ResourceReferenced(
                    "The bucket could not be updated because it is referenced by a pending \
                     multipart upload.",
                )
            }
            "23503" if referenced => Self::ResourceReferenced(
                "The resource could not be updated or removed due to a foreign key constraint",
            ),
            "23503" => Self::RelatedResourceNotFound,
            "55P03" => Self::ResourceLocked,
            "57014" => Self::DatabaseTimeout(error),
            "25006" => {
                let message =
                    "The database is currently in read-only mode. Please try again later.";
                database("DatabaseReadOnly", 503, message.to_owned(), error)
            }
            "42P17" => {
                let message = "The database schema is invalid or incompatible.";
                database(
                    "DatabaseInvalidObjectDefinition",
                    503,
                    message.to_owned(),
                    error,
                )
            }
            "22P02" => Self::InvalidParameter(db.message().to_owned()),
            "42703" | "42P01" => {
                let message = match (db.where_(), db.position()) {
                    (Some(place), Some(tokio_postgres::error::ErrorPosition::Internal { .. })) => {
                        format!(
                            "There is a database schema mismatch in a trigger or RLS policy: {place}"
                        )
                    }
                    _ => "The database schema is out of sync. Please run migrations or contact \
                          support."
                        .to_owned(),
                };
                database("DatabaseSchemaMismatch", 503, message, error)
            }
            code => {
                let message = format!("database error, code: {code}");
                database("DatabaseError", 500, message, error)
            }
        }
    }
}

fn is_of_multipart(constraint: &str) -> bool {
    constraint.starts_with("s3_multipart_uploads")
}

fn database(code: &'static str, status: u16, message: String, source: PgError) -> StorageError {
    StorageError::Database {
        code,
        status,
        message,
        source,
    }
}

impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        PgError::from(error).into()
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status_code: String,
    error: &'a str,
    message: &'a str,
    code: &'a str,
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        if matches!(self.kind(), ErrorKind::Internal | ErrorKind::Postgres) {
            let cause = hearth_pg::connect::describe(&self);
            tracing::warn!(error = %cause, "storage request failed");
        }
        let Shape {
            code,
            error,
            status,
            ..
        } = self.shape();
        let message = self.message();
        let body = Body {
            status_code: status.to_string(),
            error,
            message: &message,
            code,
        };
        let mut response = (self.status(), axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        match self {
            Self::DatabaseUnavailable(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::BytesMissing => {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            _ => {}
        }
        response
    }
}

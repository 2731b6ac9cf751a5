//! `/upload/resumable`: resumable uploads, and below `/sign` those with a signed upload token.

use axum::body::Body;
use axum::response::Response;
use chrono::DateTime;
use hearth_core::{ApiError, Claims, ErrorKind};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::backend::Key;
use crate::call::Call;
use crate::error::StorageError;
use crate::names;
use crate::permission::{self, Rights};
use crate::signed_url::{self, Scope};
use crate::sweep;
use crate::tus::protocol::{self, UploadId};
use crate::tus::store::Upload;
use crate::uploader::{self, Finishing, Target};

/// `/upload/resumable/…`
pub(super) async fn route(
    mut call: Call,
    rest: &[&str],
    body: Body,
) -> Result<Response, StorageError> {
    let (signed, id) = match rest {
        [] | [""] => (false, None),
        ["sign"] | ["sign", ""] => (true, None),
        ["sign", id] => (true, Some(*id)),
        [id] => (false, Some(*id)),
        _ => return Err(super::no_route(&call)),
    };
    call.operation = operation(&call.method, signed);
    if call.operation.is_empty() {
        return Err(super::no_route(&call));
    }
    // A refused token is told as everywhere; what the protocol refuses, in its own way.
    let claims = match (signed, &call.method) {
        (true, _) | (_, &Method::OPTIONS) => None,
        _ => Some(claims(&call)?),
    };
    let answered = answer(&call, claims.as_ref(), signed, id, body).await;
    Ok(answered.unwrap_or_else(|error| refuse(&error)))
}

fn operation(method: &Method, signed: bool) -> &'static str {
    match (method.as_str(), signed) {
        ("POST", false) => "storage.tus.upload.create",
        ("POST", true) => "storage.tus.upload.create_signed",
        ("PATCH" | "PUT", false) => "storage.tus.upload.part",
        ("PATCH" | "PUT", true) => "storage.tus.upload.part_signed",
        ("HEAD", false) => "storage.tus.upload.get",
        ("HEAD", true) => "storage.tus.upload.get_signed",
        ("DELETE", false) => "storage.tus.upload.delete",
        ("DELETE", true) => "storage.tus.upload.delete_signed",
        ("OPTIONS", _) => "storage.tus.options",
        _ => "",
    }
}

fn claims(call: &Call) -> Result<Claims, StorageError> {
    call.claims().map_err(|error| match error {
        StorageError::Validation(_) => StorageError::AccessDenied("Invalid Compact JWS".to_owned()),
        other => other,
    })
}

async fn answer(
    call: &Call,
    claims: Option<&Claims>,
    signed: bool,
    id: Option<&str>,
    body: Body,
) -> Result<Response, StorageError> {
    if call.method == Method::OPTIONS {
        return Ok(options(call));
    }
    protocol::check_headers(&call.headers, call.method == Method::PATCH)?;
    if call.method == Method::POST {
        return create(call, claims, signed, body).await;
    }
    let id = UploadId::decode(id.ok_or(protocol::NOT_FOUND)?)?;
    match call.method {
        Method::HEAD => head(call, claims, &id).await,
        Method::PATCH => patch(call, claims, id, body).await,
        Method::DELETE => delete(call, claims, &id).await,
        _ => Err(protocol::refusal(404, "Not found\n")),
    }
}

/// Errors of this protocol are plain text with their true status.
fn refuse(error: &StorageError) -> Response {
    if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Postgres) {
        let cause = hearth_pg::connect::describe(error);
        tracing::warn!(error = %cause, "resumable upload failed");
    }
    let mut response = Response::new(Body::from(error.message().into_owned()));
    *response.status_mut() = error.true_status();
    let headers = common(&mut response);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain;charset=UTF-8"),
    );
    response
}

fn common(response: &mut Response) -> &mut HeaderMap {
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(protocol::VERSION));
    headers
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    common(&mut response);
    response
}

fn options(call: &Call) -> Response {
    let mut response = status(StatusCode::NO_CONTENT);
    let limit = call.context.app.settings().storage.file_size_limit;
    let headers = response.headers_mut();
    put(headers, "tus-version", protocol::VERSION);
    put(headers, "tus-extension", protocol::EXTENSIONS);
    put(headers, "tus-max-size", &limit.to_string());
    response
}

/// Who uploads, with whose rights.
struct Uploader<'a> {
    rights: Rights<'a>,
    target: Target,
}

/// Checks a signed URL's token, or takes the caller as he is.
fn uploader<'a>(
    call: &Call,
    claims: Option<&'a Claims>,
    id: &UploadId,
) -> Result<Uploader<'a>, StorageError> {
    let (rights, owner, upsert) = match claims {
        Some(claims) => (
            Rights::Caller(claims),
            claims.subject().map(str::to_owned),
            call.wants_upsert(),
        ),
        None => {
            let token = call.header("x-signature").filter(|token| !token.is_empty());
            let token = token.ok_or_else(|| {
                StorageError::InvalidSignature("Missing x-signature header".to_owned())
            })?;
            let url = format!("{}/{}", id.bucket, id.name);
            let verified = signed_url::verify(&call.context.app, token, &url, Scope::Upload)?;
            (Rights::Service, verified.owner, verified.upsert)
        }
    };
    let target = Target {
        bucket: id.bucket.clone(),
        name: id.name.clone(),
        owner,
        upsert,
    };
    Ok(Uploader { rights, target })
}

impl Uploader<'_> {
    /// Rehearses the row that the upload will become. A signed token was checked when it was made.
    async fn check(
        &self,
        call: &Call,
        metadata: &Map<String, Value>,
        size: Option<u64>,
    ) -> Result<(), StorageError> {
        if let Rights::Service = self.rights {
            return Ok(());
        }
        let mut declared = json!({});
        if let Some(mime) = metadata.get("contentType").and_then(Value::as_str) {
            declared["mimetype"] = mime.into();
        }
        if let Some(size) = size {
            declared["contentLength"] = size.into();
        }
        let user = user_metadata(metadata);
        permission::rehearse(call, &self.rights, &self.target, &declared, user.as_ref()).await
    }
}

fn user_metadata(metadata: &Map<String, Value>) -> Option<Value> {
    serde_json::from_str(metadata.get("metadata")?.as_str()?).ok()
}

async fn create(
    call: &Call,
    claims: Option<&Claims>,
    signed: bool,
    body: Body,
) -> Result<Response, StorageError> {
    let headers = &call.headers;
    if headers.contains_key("upload-concat") {
        return Err(protocol::NO_CONCATENATION);
    }
    let size = protocol::bytes_header(headers, "upload-length");
    if size.is_some() == headers.contains_key("upload-defer-length") {
        return Err(protocol::NO_LENGTH);
    }
    let metadata = call
        .header("upload-metadata")
        .and_then(protocol::parse_metadata);
    let mut metadata = metadata
        .ok_or_else(|| StorageError::InvalidRequest("Metadata header is required".to_owned()))?;
    let text = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let id = UploadId::new(text("bucketName"), text("objectName"), Uuid::new_v4())?;
    let rules = uploader::bucket_rules(call, &id.bucket).await?;
    if size.is_some_and(|size| size > rules.max_bytes) {
        return Err(protocol::MAX_SIZE_EXCEEDED);
    }
    let uploader = uploader(call, claims, &id)?;
    uploader.check(call, &metadata, size).await?;
    if let Some(mime) = metadata.get("contentType").and_then(Value::as_str) {
        names::check_type(mime, &rules.allowed_types)?;
    }
    let seconds = metadata
        .get("cacheControl")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let cache = if seconds.trim_start_matches('-').parse::<u64>().is_ok() {
        format!("max-age={seconds}")
    } else {
        "no-cache".to_owned()
    };
    metadata.insert("cacheControl".to_owned(), cache.into());

    sweep::if_due(&call.storage, &call.context.app);
    let upload = Upload::new(&call.context.app, &id, size, metadata);
    upload
        .save(&call.storage.backend, &call.context.app)
        .await?;
    let expires = upload.expires();
    let mut response = status(StatusCode::CREATED);
    let with_data = call.header("content-type") == Some(protocol::OFFSET_STREAM);
    if with_data || size == Some(0) {
        let body = if with_data { body } else { Body::empty() };
        let most = most(&call.headers, &upload, 0, rules.max_bytes)?;
        let (offset, finished) = receive(call, uploader.target, upload, 0, body, most).await?;
        if with_data {
            put(response.headers_mut(), "upload-offset", &offset.to_string());
        }
        set_progress(response.headers_mut(), finished, expires);
    } else {
        set_progress(response.headers_mut(), false, expires);
    }
    let sign = if signed { "/sign" } else { "" };
    let base = &call.context.base_url;
    let location = format!("{base}/storage/v1/upload/resumable{sign}/{}", id.encode());
    put(response.headers_mut(), "location", &location);
    Ok(response)
}

fn set_progress(headers: &mut HeaderMap, finished: bool, expires: i64) {
    if finished {
        put(headers, "tus-complete", "1");
    } else if let Some(at) = DateTime::from_timestamp(expires, 0) {
        put(
            headers,
            "upload-expires",
            &httpdate::fmt_http_date(at.into()),
        );
    }
}

/// The most bytes that a request may bring.
fn most(
    headers: &HeaderMap,
    upload: &Upload,
    offset: u64,
    max_bytes: u64,
) -> Result<u64, StorageError> {
    let most = upload.size.unwrap_or(max_bytes).saturating_sub(offset);
    let declared = protocol::bytes_header(headers, "content-length");
    if declared.is_some_and(|length| length > most) {
        return Err(protocol::SIZE_EXCEEDED);
    }
    Ok(most)
}

/// Takes a piece, and makes the object if it was the last. The work goes on if the client goes
/// away: what has arrived need not be sent again.
async fn receive(
    call: &Call,
    target: Target,
    upload: Upload,
    offset: u64,
    body: Body,
    most: u64,
) -> Result<(u64, bool), StorageError> {
    let lock = call.storage.locks.take(upload.version()).await?;
    let (storage, app) = (call.storage.clone(), call.context.app.clone());
    let operation = call.operation;
    let work = async move {
        let _lock = lock;
        let backend = &storage.backend;
        if upload.finished || upload.offset(backend, &app).await? != offset {
            return Err(protocol::WRONG_OFFSET);
        }
        let written = upload.append(backend, &app, offset, body, most).await?;
        let offset = offset + written.as_ref().map_or(0, |written| written.size);
        if upload.size != Some(offset) {
            return Ok((offset, false));
        }
        let (key, version) = Key::fresh(&app.reference);
        let written = upload.assemble(backend, &app, &key, written).await?;
        let finishing = Finishing {
            storage: storage.clone(),
            app: app.clone(),
            operation,
            target,
            key,
            version,
            user_metadata: user_metadata(&upload.metadata).unwrap_or_else(|| json!({})),
            mime: upload
                .text("contentType")
                .unwrap_or("application/octet-stream")
                .to_owned(),
            cache_control: upload.text("cacheControl").unwrap_or("no-cache").to_owned(),
            x_robots_tag: None,
        };
        finishing.commit(written).await?;
        upload.close(backend, &app).await?;
        Ok((offset, true))
    };
    tokio::spawn(work).await.map_err(StorageError::backend)?
}

async fn patch(
    call: &Call,
    claims: Option<&Claims>,
    id: UploadId,
    body: Body,
) -> Result<Response, StorageError> {
    let offset = protocol::bytes_header(&call.headers, "upload-offset");
    let offset = offset.ok_or(protocol::MISSING_OFFSET)?;
    if !call.headers.contains_key(header::CONTENT_TYPE) {
        return Err(protocol::MISSING_TYPE);
    }
    let (backend, app) = (&call.storage.backend, &call.context.app);
    let uploader = uploader(call, claims, &id)?;
    let mut upload = Upload::find(backend, app, &id).await?;
    if upload.finished {
        return Err(protocol::WRONG_OFFSET);
    }
    uploader.check(call, &upload.metadata, upload.size).await?;
    let rules = uploader::bucket_rules(call, &id.bucket).await?;
    if let Some(size) = protocol::bytes_header(&call.headers, "upload-length") {
        if upload.size.is_some() || size < offset {
            return Err(protocol::NO_LENGTH);
        }
        if size > rules.max_bytes {
            return Err(protocol::MAX_SIZE_EXCEEDED);
        }
        upload.size = Some(size);
        upload.save(backend, app).await?;
    }
    if upload.offset(backend, app).await? != offset {
        return Err(protocol::WRONG_OFFSET);
    }
    let most = most(&call.headers, &upload, offset, rules.max_bytes)?;
    let expires = upload.expires();
    let (offset, finished) = receive(call, uploader.target, upload, offset, body, most).await?;
    let mut response = status(StatusCode::NO_CONTENT);
    put(response.headers_mut(), "upload-offset", &offset.to_string());
    set_progress(response.headers_mut(), finished, expires);
    Ok(response)
}

async fn head(
    call: &Call,
    claims: Option<&Claims>,
    id: &UploadId,
) -> Result<Response, StorageError> {
    if claims.is_none() {
        uploader(call, claims, id)?;
    }
    let (backend, app) = (&call.storage.backend, &call.context.app);
    let _lock = call.storage.locks.take(id.version).await?;
    let upload = Upload::find(backend, app, id).await?;
    let offset = upload.resume_at(backend, app).await?;
    let mut response = status(StatusCode::OK);
    let headers = response.headers_mut();
    put(headers, "cache-control", "no-store");
    put(headers, "upload-offset", &offset.to_string());
    match upload.size {
        Some(size) => put(headers, "upload-length", &size.to_string()),
        None => put(headers, "upload-defer-length", "1"),
    }
    put(
        headers,
        "upload-metadata",
        &protocol::write_metadata(&upload.metadata),
    );
    set_progress(headers, upload.finished, upload.expires());
    Ok(response)
}

async fn delete(
    call: &Call,
    claims: Option<&Claims>,
    id: &UploadId,
) -> Result<Response, StorageError> {
    let (backend, app) = (&call.storage.backend, &call.context.app);
    let uploader = uploader(call, claims, id)?;
    let upload = Upload::find(backend, app, id).await?;
    if upload.finished {
        return Err(protocol::COMPLETED);
    }
    uploader.check(call, &upload.metadata, upload.size).await?;
    let _lock = call.storage.locks.take(id.version).await?;
    backend.discard_upload(&app.reference, id.version).await;
    Ok(status(StatusCode::NO_CONTENT))
}

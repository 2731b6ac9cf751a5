//! What is known about an object, without its bytes.

use axum::response::Response;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::object::{find, is_public, readable_as};
use crate::call::{Call, Caller};
use crate::download::{self, Facts};
use crate::error::StorageError;
use crate::names;
use crate::rows::{Object, iso};
use crate::wire;

/// Through which of the endpoints somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Public buckets only, nobody in particular.
    Public,
    /// A valid token is needed.
    Authenticated,
    /// Strangers see public buckets.
    Either,
}

async fn look(call: &Call, door: Door, bucket: &str, name: &str) -> Result<Object, StorageError> {
    let caller = match door {
        Door::Public => Caller::Stranger,
        Door::Authenticated => Caller::Known(call.claims()?),
        Door::Either => call.caller(),
    };
    let public = is_public(call, bucket).await?;
    let claims = readable_as(caller, public)?;
    names::check_bucket(bucket)?;
    names::check_key(name)?;
    let row = find(call, claims.as_ref(), bucket, name, Object::COLUMNS).await?;
    Ok(Object::read(&row))
}

/// `HEAD` of the downloads.
pub(super) async fn head(
    call: Call,
    door: Door,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    let object = look(&call, door, bucket, name).await?;
    Ok(download::head(&call, object.metadata.as_ref()))
}

#[derive(Serialize)]
struct Info<'a> {
    id: Uuid,
    name: &'a str,
    version: Option<&'a str>,
    bucket_id: &'a str,
    size: Option<u64>,
    content_type: Option<&'a str>,
    cache_control: Option<&'a str>,
    etag: Option<&'a str>,
    metadata: Option<&'a Value>,
    last_modified: Option<String>,
    created_at: Option<String>,
}

/// `GET /object/info/…`
pub(super) async fn info(
    call: Call,
    door: Door,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    let object = look(&call, door, bucket, name).await?;
    let facts = Facts::read(object.metadata.as_ref());
    let mut response = wire::json(&Info {
        id: object.id,
        name: &object.name,
        version: object.version.as_deref(),
        bucket_id: bucket,
        size: facts.size,
        content_type: facts.mime.as_deref(),
        cache_control: facts.cache_control.as_deref(),
        etag: facts.e_tag.as_deref(),
        metadata: object.user_metadata.as_ref(),
        last_modified: object.updated_at.as_ref().map(iso),
        created_at: object.created_at.as_ref().map(iso),
    });
    let headers = response.headers_mut();
    let cache = facts
        .cache_control
        .as_deref()
        .and_then(|v| HeaderValue::from_str(v).ok());
    let e_tag = facts
        .e_tag
        .as_deref()
        .and_then(|v| HeaderValue::from_str(v).ok());
    for (name, value) in [(header::CACHE_CONTROL, cache), (header::ETAG, e_tag)] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

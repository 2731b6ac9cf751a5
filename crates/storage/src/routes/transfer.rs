//! Move and copy, also between buckets.

use axum::body::Body;
use axum::response::Response;
use chrono::Utc;
use hearth_pg::Access;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::object::find;
use crate::backend::Key;
use crate::body::decode_metadata;
use crate::call::Call;
use crate::error::StorageError;
use crate::names;
use crate::permission::{self, Rights};
use crate::rows::{Object, iso, owner_uuid};
use crate::schema::Fields;
use crate::uploader::{self, NewObject, Target};
use crate::wire;

/// From where to where.
struct Way {
    bucket: String,
    name: String,
    to_bucket: String,
    to_name: String,
}

impl Way {
    fn read(fields: &Fields) -> Result<Self, StorageError> {
        let bucket = fields.string("bucketId")?.unwrap_or_default();
        let to_bucket = fields
            .string("destinationBucket")?
            .filter(|b| !b.is_empty());
        Ok(Self {
            name: fields.string("sourceKey")?.unwrap_or_default(),
            to_name: fields.string("destinationKey")?.unwrap_or_default(),
            to_bucket: to_bucket.unwrap_or_else(|| bucket.clone()),
            bucket,
        })
    }

    fn check(&self) -> Result<(), StorageError> {
        names::check_bucket(&self.bucket)?;
        names::check_bucket(&self.to_bucket)?;
        names::check_key(&self.to_name)
    }
}

const RENAME: &str = "update storage.objects set name = $3, bucket_id = $4, \
     owner = coalesce($5, owner), owner_id = coalesce($6, owner_id) \
     where bucket_id = $1 and name = $2 returning id";

/// `POST /object/move`. The bytes stay where they are: they are found by their version.
pub(super) async fn move_object(call: Call, body: Body) -> Result<Response, StorageError> {
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["bucketId", "sourceKey", "destinationKey"])?;
    let way = Way::read(&fields)?;
    let claims = call.claims()?;
    way.check()?;
    let owner = claims.subject();
    let uuid = owner_uuid(owner);
    {
        let connection = call.caller_connection().await?;
        let mut tx = call
            .begin_as(&connection, &claims, Access::ReadWrite)
            .await?;
        let find = "select id from storage.objects where bucket_id = $1 and name = $2";
        if tx.query(find, &[&way.bucket, &way.name]).await?.is_empty() {
            return Err(StorageError::NoSuchKey);
        }
        let moved = tx
            .query(
                RENAME,
                &[
                    &way.bucket,
                    &way.name,
                    &way.to_name,
                    &way.to_bucket,
                    &uuid,
                    &owner,
                ],
            )
            .await?;
        if moved.is_empty() {
            return Err(StorageError::NoSuchKey);
        }
    }
    if way.bucket != way.to_bucket || way.name != way.to_name {
        let connection = call.service_connection().await?;
        let mut tx = call.begin_as_service(&connection).await?;
        uploader::lock_object(&mut tx, &way.to_bucket, &way.to_name).await?;
        let moved = tx
            .query(
                RENAME,
                &[
                    &way.bucket,
                    &way.name,
                    &way.to_name,
                    &way.to_bucket,
                    &uuid,
                    &owner,
                ],
            )
            .await?;
        if moved.is_empty() {
            return Err(StorageError::NoSuchKey);
        }
        tx.commit().await?;
    }
    Ok(wire::message("Successfully moved"))
}

#[derive(Serialize)]
struct Copied {
    #[serde(rename = "Id")]
    object_id: Uuid,
    #[serde(rename = "Key")]
    key: String,
    #[serde(flatten)]
    object: Object,
}

/// `POST /object/copy`
pub(super) async fn copy_object(call: Call, body: Body) -> Result<Response, StorageError> {
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["sourceKey", "bucketId", "destinationKey"])?;
    let way = Way::read(&fields)?;
    let changes = fields.object("metadata")?;
    let keep_metadata = fields.boolean("copyMetadata")?.unwrap_or(true);
    let change = |name: &str| match &changes {
        Some(changes) => changes.string(name),
        None => Ok(None),
    };
    let (cache_control, mime) = (change("cacheControl")?, change("mimetype")?);
    let claims = call.claims()?;
    way.check()?;

    let source = find(
        &call,
        Some(&claims),
        &way.bucket,
        &way.name,
        Object::COLUMNS,
    )
    .await?;
    let source = Object::read(&source);
    let mut metadata = source.metadata.unwrap_or_else(|| json!({}));
    let mut user_metadata = source.user_metadata;
    if !keep_metadata {
        for (name, value) in [("cacheControl", cache_control), ("mimetype", mime)] {
            if let (Some(value), Value::Object(metadata)) = (value, &mut metadata) {
                metadata.insert(name.to_owned(), value.into());
            }
        }
        user_metadata = call.header("x-metadata").and_then(decode_metadata);
    }
    let target = Target {
        bucket: way.to_bucket.clone(),
        name: way.to_name.clone(),
        owner: claims.subject().map(str::to_owned),
        upsert: call.wants_upsert(),
    };
    let rights = Rights::Caller(&claims);
    permission::rehearse(&call, &rights, &target, &metadata, user_metadata.as_ref()).await?;

    let app = call.context.app.clone();
    let from = source
        .version
        .and_then(|version| Key::of(&app.reference, &version));
    let from = from.ok_or(StorageError::BytesMissing)?;
    // From here on the client's going away must not leave bytes without a row.
    let done = tokio::spawn(async move {
        let (key, version) = Key::fresh(&app.reference);
        call.storage.backend.copy(&from, &key).await?;
        metadata["lastModified"] = iso(&Utc::now()).into();
        let object = NewObject {
            target: &target,
            key: &key,
            version: &version,
            metadata: &metadata,
            user_metadata: user_metadata.as_ref(),
        };
        object.commit(&call.storage, &app, call.operation).await
    });
    let object = done.await.map_err(StorageError::backend)??;
    let key = format!("{}/{}", way.to_bucket, way.to_name);
    Ok(wire::json(&Copied {
        object_id: object.id,
        key,
        object,
    }))
}

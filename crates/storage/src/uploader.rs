//! The one place where all uploads meet: rehearse the row as the caller and roll back, stream the
//! bytes to a new version, commit the row beyond the caller's rights (an INSERT policy alone
//! suffices for an upload), else delete the orphan.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use hearth_apps::{App, ServiceRole};
use hearth_pg::Access;
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::backend::{Key, Writer, Written};
use crate::body::{Chunks, Limits, Upload};
use crate::call::Call;
use crate::database::{Params, Tx, begin_as_service};
use crate::error::StorageError;
use crate::names;
use crate::permission::{self, Rights};
use crate::rows::{Object, iso, owner_uuid};
use crate::state::Storage;
use crate::sweep;

/// Longest pause of a client that uploads.
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// Where an upload goes, and whose it will be.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
    pub(crate) upsert: bool,
}

/// What a bucket asks of its objects.
pub(crate) struct BucketRules {
    pub(crate) max_bytes: u64,
    pub(crate) allowed_types: Vec<String>,
}

/// Finds a bucket's rules, whoever asks.
pub(crate) async fn bucket_rules(call: &Call, bucket: &str) -> Result<BucketRules, StorageError> {
    let sql = "select file_size_limit, allowed_mime_types from storage.buckets where id = $1";
    let rows = call.read_as_service(sql, &[&bucket]).await?;
    let row = rows.first().ok_or(StorageError::NoSuchBucket)?;
    let general = call.context.app.settings().storage.file_size_limit;
    let own: Option<i64> = row.get(0);
    let own = own.and_then(|limit| u64::try_from(limit).ok());
    let allowed: Option<Vec<String>> = row.get(1);
    Ok(BucketRules {
        max_bytes: own.map_or(general, |own| own.min(general)),
        allowed_types: allowed.unwrap_or_default(),
    })
}

/// Receives an upload and answers with the object's id.
pub(crate) async fn receive(
    call: &Call,
    rights: Rights<'_>,
    target: Target,
    body: axum::body::Body,
) -> Result<Uuid, StorageError> {
    names::check_bucket(&target.bucket)?;
    let mut rules = bucket_rules(call, &target.bucket).await?;
    if names::is_empty_folder(&target.name) {
        rules = BucketRules {
            max_bytes: 0,
            allowed_types: Vec::new(),
        };
    }
    let limits = Limits {
        max_bytes: rules.max_bytes,
        allowed_types: &rules.allowed_types,
    };
    let upload = Upload::of_request(&call.headers, body, &limits).await?;
    names::check_key(&target.name)?;
    let mut declared = json!({ "mimetype": upload.mime });
    if let Some(length) = upload.declared_length {
        declared["contentLength"] = length.into();
    }
    permission::rehearse(
        call,
        &rights,
        &target,
        &declared,
        upload.user_metadata.as_ref(),
    )
    .await?;

    let app = &call.context.app;
    let (key, version) = Key::fresh(&app.reference);
    let mut writer = call.storage.backend.create(&key).await?;
    let mut chunks = upload.chunks;
    if let Err(error) = fill(&mut writer, &mut chunks, rules.max_bytes).await {
        writer.abort().await;
        return Err(error);
    }
    chunks.finish().await;
    let finishing = Finishing {
        storage: call.storage.clone(),
        app: app.clone(),
        operation: call.operation,
        target,
        key,
        version,
        user_metadata: upload.user_metadata.unwrap_or_else(|| json!({})),
        mime: upload.mime,
        cache_control: upload.cache_control,
        x_robots_tag: upload.x_robots_tag,
    };
    sweep::if_due(&call.storage, app);
    // All bytes are here: from now on the client's going away must not leave bytes without a row.
    let done = tokio::spawn(async move {
        match writer.finish().await {
            Ok(written) => finishing.commit(written).await,
            Err(error) => {
                finishing.storage.backend.discard(&finishing.key).await;
                Err(error)
            }
        }
    });
    done.await.map_err(StorageError::backend)?
}

async fn fill(
    writer: &mut Writer,
    chunks: &mut Chunks,
    max_bytes: u64,
) -> Result<(), StorageError> {
    loop {
        let next = tokio::time::timeout(MAX_SILENCE, chunks.next()).await;
        let Some(chunk) = next.map_err(|_| StorageError::Aborted)? else {
            return Ok(());
        };
        let chunk = chunk?;
        // A declared length may lie; what arrives counts.
        if writer.size() + chunk.len() as u64 > max_bytes {
            return Err(StorageError::EntityTooLarge("object"));
        }
        writer.write(chunk).await?;
    }
}

/// A new row.
pub(crate) const INSERT: &str = "insert into storage.objects \
     (name, owner, owner_id, bucket_id, metadata, user_metadata, version) \
     values ($1, $2, $3, $4, $5, $6, $7)";

/// Where there is a row of that name already, the new one takes its place.
pub(crate) const REPLACE: &str = "on conflict (name, bucket_id) do update set \
     metadata = excluded.metadata, \
     user_metadata = coalesce(excluded.user_metadata, objects.user_metadata), \
     version = excluded.version, \
     owner = coalesce(excluded.owner, objects.owner), \
     owner_id = coalesce(excluded.owner_id, objects.owner_id)";

/// An upload whose bytes have all arrived.
pub(crate) struct Finishing {
    pub(crate) storage: Arc<Storage>,
    pub(crate) app: Arc<App>,
    pub(crate) operation: &'static str,
    pub(crate) target: Target,
    pub(crate) key: Key,
    pub(crate) version: String,
    pub(crate) user_metadata: Value,
    pub(crate) mime: String,
    pub(crate) cache_control: String,
    pub(crate) x_robots_tag: Option<String>,
}

impl Finishing {
    /// Commits the row and deletes what it replaces; without a row, deletes the bytes.
    pub(crate) async fn commit(self, written: Written) -> Result<Uuid, StorageError> {
        let mut metadata = json!({
            "eTag": written.e_tag,
            "size": written.size,
            "mimetype": self.mime,
            "cacheControl": self.cache_control,
            "lastModified": iso(&Utc::now()),
            "contentLength": written.size,
            "httpStatusCode": 200,
        });
        if let Some(tag) = &self.x_robots_tag {
            metadata["xRobotsTag"] = tag.as_str().into();
        }
        let object = NewObject {
            target: &self.target,
            key: &self.key,
            version: &self.version,
            metadata: &metadata,
            user_metadata: Some(&self.user_metadata),
        };
        let committed = object
            .commit(&self.storage, &self.app, self.operation)
            .await?;
        Ok(committed.id)
    }
}

/// An object whose bytes are in the store, and that has no row yet.
pub(crate) struct NewObject<'a> {
    pub(crate) target: &'a Target,
    pub(crate) key: &'a Key,
    pub(crate) version: &'a str,
    pub(crate) metadata: &'a Value,
    pub(crate) user_metadata: Option<&'a Value>,
}

impl NewObject<'_> {
    /// Writes the row beyond the caller's rights, and deletes the bytes that it replaces. Where it
    /// cannot be written, the new bytes go.
    pub(crate) async fn commit(
        &self,
        storage: &Storage,
        app: &App,
        operation: &str,
    ) -> Result<Object, StorageError> {
        match self.write_row(app, operation).await {
            Ok((object, previous)) => {
                let replaced = previous.and_then(|version| Key::of(&app.reference, &version));
                if let Some(replaced) = replaced.filter(|replaced| replaced != self.key) {
                    storage.backend.discard(&replaced).await;
                }
                Ok(object)
            }
            // The connection broke: the commit may have happened. Bytes without a row are
            // harmless, a row without bytes is not.
            Err(error @ StorageError::DatabaseUnavailable(_)) => Err(error),
            Err(error) => {
                storage.backend.discard(self.key).await;
                Err(error)
            }
        }
    }

    /// The row, and the version that it replaces. One upload of the same name at a time.
    async fn write_row(
        &self,
        app: &App,
        operation: &str,
    ) -> Result<(Object, Option<String>), StorageError> {
        let connection = app.database.service(ServiceRole::Storage).await?;
        let tx = begin_as_service(&connection, operation, Access::ReadWrite).await?;
        let Target {
            bucket,
            name,
            owner,
            upsert,
        } = self.target;
        let conflict = if *upsert {
            REPLACE
        } else {
            "on conflict (name, bucket_id) do nothing"
        };
        let sql = format!("{INSERT} {conflict} returning {}", Object::COLUMNS);
        let place: Params<'_> = &[bucket, name];
        let uuid = owner_uuid(owner.as_deref());
        let values: Params<'_> = &[
            name,
            &uuid,
            owner,
            bucket,
            self.metadata,
            &self.user_metadata,
            &self.version,
        ];
        let done = tx
            .finish(vec![(LOCK, place), (FIND, place), (&sql, values)])
            .await;
        let done = done.map_err(waited_for)?;
        let first = |at: usize| done.get(at).and_then(|rows: &Vec<Row>| rows.first());
        let previous: Option<String> = first(1).and_then(|row| row.get(0));
        let object = first(2).ok_or(StorageError::KeyAlreadyExists)?;
        Ok((Object::read(object), previous))
    }
}

/// Makes a transaction the only one that works on an object.
const LOCK: &str = "select 1 from pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 0))";
/// An object's version, once the lock is held.
const FIND: &str =
    "select version from storage.objects where bucket_id = $1 and name = $2 for update";

fn waited_for(error: StorageError) -> StorageError {
    match error {
        StorageError::ResourceLocked => StorageError::LockTimeout,
        other => other,
    }
}

/// Waits until nobody else works on an object.
pub(crate) async fn lock_object(
    tx: &mut Tx<'_>,
    bucket: &str,
    name: &str,
) -> Result<(), StorageError> {
    tx.query(LOCK, &[&bucket, &name])
        .await
        .map_err(waited_for)?;
    Ok(())
}

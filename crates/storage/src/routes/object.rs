//! `/object/{bucket}/{name}`: upload, download, delete.

use axum::body::Body;
use axum::response::Response;
use hearth_core::Claims;
use hearth_pg::Access;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::backend::Key;
use crate::call::{Call, Caller};
use crate::download::{self, Options};
use crate::error::StorageError;
use crate::names;
use crate::permission::Rights;
use crate::rows::Object;
use crate::schema::Fields;
use crate::uploader::{self, Target};
use crate::wire;

/// Objects deleted in one transaction.
const DELETE_BATCH: usize = 500;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Uploaded {
    id: Uuid,
    key: String,
}

/// `POST /object/{bucket}/{name}`
pub(super) async fn create(
    call: Call,
    bucket: String,
    name: String,
    body: Body,
) -> Result<Response, StorageError> {
    let upsert = call.wants_upsert();
    upload(call, bucket, name, upsert, body).await
}

/// `PUT /object/{bucket}/{name}`
pub(super) async fn update(
    call: Call,
    bucket: String,
    name: String,
    body: Body,
) -> Result<Response, StorageError> {
    upload(call, bucket, name, true, body).await
}

async fn upload(
    call: Call,
    bucket: String,
    name: String,
    upsert: bool,
    body: Body,
) -> Result<Response, StorageError> {
    let claims = call.claims()?;
    let owner = claims.subject().map(str::to_owned);
    let key = format!("{bucket}/{name}");
    let target = Target {
        bucket,
        name,
        owner,
        upsert,
    };
    let id = uploader::receive(&call, Rights::Caller(&claims), target, body).await?;
    Ok(wire::json(&Uploaded { id, key }))
}

/// What a download needs of an object's row.
struct Found {
    version: Option<String>,
    metadata: Option<Value>,
}

impl Found {
    fn read(row: &tokio_postgres::Row) -> Self {
        Self {
            version: row.get("version"),
            metadata: row.get("metadata"),
        }
    }
}

/// With whose rights an object's row is read for a download.
enum Reading {
    /// Nobody's: the bucket must be public.
    Public,
    /// The caller's.
    As(Claims),
    /// The service's: the caller's right to read has been established.
    Service,
}

impl Reading {
    async fn find(&self, call: &Call, bucket: &str, name: &str) -> Result<Found, StorageError> {
        let columns = "version, metadata";
        match self {
            Self::Public => {
                let sql = "select o.id, o.version, o.metadata from storage.buckets as b \
                           left join storage.objects as o on o.bucket_id = b.id and o.name = $2 \
                           where b.id = $1 and b.public";
                let rows = call.read_as_service(sql, &[&bucket, &name]).await?;
                let row = rows.first().ok_or(StorageError::NoSuchBucket)?;
                row.get::<_, Option<Uuid>>("id")
                    .ok_or(StorageError::NoSuchKey)?;
                Ok(Found::read(row))
            }
            Self::As(claims) => find(call, Some(claims), bucket, name, columns)
                .await
                .map(|row| Found::read(&row)),
            Self::Service => find(call, None, bucket, name, columns)
                .await
                .map(|row| Found::read(&row)),
        }
    }
}

/// Serves an object. A row that was replaced between being read and its bytes being opened is read
/// once more.
async fn serve(
    call: &Call,
    reading: Reading,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    let found = reading.find(call, bucket, name).await?;
    let options = download_options(call);
    let served = download::serve(
        call,
        found.version.as_deref(),
        found.metadata.as_ref(),
        options,
    )
    .await;
    let Err(StorageError::BytesMissing) = served else {
        return served;
    };
    let again = reading.find(call, bucket, name).await?;
    if again.version == found.version {
        return Err(StorageError::BytesMissing);
    }
    let options = download_options(call);
    download::serve(
        call,
        again.version.as_deref(),
        again.metadata.as_ref(),
        options,
    )
    .await
}

fn download_options(call: &Call) -> Options {
    Options {
        download: call.query("download"),
        expires: None,
    }
}

/// `GET /object/public/{bucket}/{name}`
pub(super) async fn get_public(
    call: Call,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    names::check_bucket(bucket)?;
    names::check_key(name)?;
    serve(&call, Reading::Public, bucket, name).await
}

/// `GET /object/authenticated/{bucket}/{name}`
pub(super) async fn get_authenticated(
    call: Call,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    let claims = call.claims()?;
    get_as(&call, Caller::Known(claims), bucket, name).await
}

/// `GET /object/{bucket}/{name}`: strangers may read public buckets.
pub(super) async fn get(call: Call, bucket: &str, name: &str) -> Result<Response, StorageError> {
    get_as(&call, call.caller(), bucket, name).await
}

async fn get_as(
    call: &Call,
    caller: Caller,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    let public = is_public(call, bucket).await?;
    names::check_bucket(bucket)?;
    let claims = readable_as(caller, public)?;
    names::check_key(name)?;
    serve(
        call,
        claims.map_or(Reading::Service, Reading::As),
        bucket,
        name,
    )
    .await
}

/// Whether a bucket is public, whoever asks.
pub(super) async fn is_public(call: &Call, bucket: &str) -> Result<bool, StorageError> {
    let sql = "select public from storage.buckets where id = $1";
    let rows = call.read_as_service(sql, &[&bucket]).await?;
    let row = rows.first().ok_or(StorageError::NoSuchBucket)?;
    Ok(row.get::<_, Option<bool>>(0).unwrap_or(false))
}

/// With whose rights an object is read: none stands for the service's, in public buckets.
pub(super) fn readable_as(caller: Caller, public: bool) -> Result<Option<Claims>, StorageError> {
    match caller {
        _ if public => Ok(None),
        Caller::Known(claims) => Ok(Some(claims)),
        Caller::Stranger => Err(StorageError::NoSuchBucket),
    }
}

/// An object's row, read with the rights of `claims`, or beyond them where there are none.
pub(super) async fn find(
    call: &Call,
    claims: Option<&Claims>,
    bucket: &str,
    name: &str,
    columns: &str,
) -> Result<tokio_postgres::Row, StorageError> {
    let sql = format!("select {columns} from storage.objects where name = $1 and bucket_id = $2");
    let rows = match claims {
        Some(claims) => call.read_as(claims, &sql, &[&name, &bucket]).await?,
        None => call.read_as_service(&sql, &[&name, &bucket]).await?,
    };
    rows.into_iter().next().ok_or(StorageError::NoSuchKey)
}

/// `DELETE /object/{bucket}/{name}`
pub(super) async fn delete(call: Call, bucket: &str, name: &str) -> Result<Response, StorageError> {
    let claims = call.claims()?;
    names::check_bucket(bucket)?;
    // That it exists is found beyond the caller's rights: what is left is that it may not.
    find(&call, None, bucket, name, "id").await?;
    let gone = delete_rows(&call, &claims, bucket, &[name.to_owned()]).await?;
    if gone.is_empty() {
        return Err(StorageError::AccessDenied("Access denied".to_owned()));
    }
    discard(&call, gone).await;
    Ok(wire::message("Successfully deleted"))
}

/// `DELETE /object/{bucket}`
pub(super) async fn delete_many(
    call: Call,
    bucket: &str,
    body: Body,
) -> Result<Response, StorageError> {
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["prefixes"])?;
    let prefixes = fields.strings("prefixes")?.unwrap_or_default();
    fields.check_length("prefixes", prefixes.len(), None)?;
    let claims = call.claims()?;
    names::check_bucket(bucket)?;
    let mut gone = Vec::new();
    for batch in prefixes.chunks(DELETE_BATCH) {
        gone.extend(delete_rows(&call, &claims, bucket, batch).await?);
    }
    let answer = wire::json(&gone);
    discard(&call, gone).await;
    Ok(answer)
}

async fn delete_rows(
    call: &Call,
    claims: &Claims,
    bucket: &str,
    names: &[String],
) -> Result<Vec<Object>, StorageError> {
    let connection = call.caller_connection().await?;
    let mut tx = call
        .begin_as(&connection, claims, Access::ReadWrite)
        .await?;
    let sql = format!(
        "delete from storage.objects where bucket_id = $1 and name = any($2::text[]) \
         returning {}",
        Object::COLUMNS
    );
    let rows = tx.query(&sql, &[&bucket, &names]).await?;
    tx.commit().await?;
    Ok(rows.iter().map(Object::read).collect())
}

/// Deletes the bytes of deleted rows, also if the client goes away meanwhile.
async fn discard(call: &Call, gone: Vec<Object>) {
    let storage = call.storage.clone();
    let app = call.context.app.clone();
    let task = tokio::spawn(async move {
        for object in gone {
            let key = object
                .version
                .and_then(|version| Key::of(&app.reference, &version));
            if let Some(key) = key {
                storage.backend.discard(&key).await;
            }
        }
    });
    let _ = task.await;
}

//! `/bucket`: policies on `storage.buckets` decide, but for emptying, which the service role alone
//! may do.

use axum::body::Body;
use axum::response::Response;
use hearth_apps::ServiceRole;
use hearth_pg::Access;
use serde::Serialize;
use tokio_postgres::types::ToSql;

use crate::backend::Key;
use crate::call::Call;
use crate::database::begin_as_service;
use crate::error::StorageError;
use crate::names;
use crate::rows::{Bucket, owner_uuid};
use crate::schema::{Fields, as_integer};
use crate::wire;

/// Most objects that one request empties a bucket of.
const EMPTY_MAX: i64 = 200_000;
/// Objects deleted in one transaction.
const EMPTY_BATCH: i64 = 1000;

/// `GET /bucket`
pub(super) async fn list(call: Call) -> Result<Response, StorageError> {
    let fields = Fields::of_query(call.uri.query());
    let limit = fields.integer("limit", 1)?;
    let offset = fields.integer("offset", 0)?;
    let column = fields.choice("sortColumn", &["id", "name", "created_at", "updated_at"])?;
    let order = fields
        .choice("sortOrder", &["asc", "desc"])?
        .unwrap_or("asc");
    let search = fields.string("search")?.filter(|text| !text.is_empty());
    let claims = call.claims()?;
    let order = column
        .map(|column| format!("order by {column} {order}"))
        .unwrap_or_default();
    let columns = Bucket::COLUMNS;
    let sql = format!(
        "select {columns} from storage.buckets \
         where $1::text is null or strpos(lower(name), lower($1)) > 0 \
         {order} limit $2::bigint offset $3::bigint"
    );
    let rows = call
        .read_as(&claims, &sql, &[&search, &limit, &offset])
        .await?;
    let with_type = knows_type(&call);
    let buckets: Vec<_> = rows
        .iter()
        .map(|row| Bucket::read(row, with_type))
        .collect();
    Ok(wire::json(&buckets))
}

/// Python clients before the field `type` fail on it.
fn knows_type(call: &Call) -> bool {
    let older = |header: &str, product: &str, since: [u32; 3]| {
        let text = call.header(header).unwrap_or_default().to_ascii_lowercase();
        let version = text.split(product).nth(1)?.to_owned();
        let mut numbers = version
            .split(|c: char| !c.is_ascii_digit())
            .map_while(|n| n.parse::<u32>().ok());
        let found = [numbers.next()?, numbers.next()?, numbers.next()?];
        Some(found < since)
    };
    older("x-client-info", "supabase-py/", [2, 18, 0]) != Some(true)
        && older("user-agent", "supabase-py/storage3 v", [0, 12, 1]) != Some(true)
}

/// `GET /bucket/{id}`
pub(super) async fn get(call: Call, id: &str) -> Result<Response, StorageError> {
    let claims = call.claims()?;
    let sql = format!(
        "select {} from storage.buckets where id = $1",
        Bucket::COLUMNS
    );
    let rows = call.read_as(&claims, &sql, &[&id]).await?;
    let row = rows.first().ok_or(StorageError::NoSuchBucket)?;
    Ok(wire::json(&Bucket::read(row, false)))
}

/// What a request says about a bucket; `Some(None)` is an explicit null.
struct Wishes {
    public: Option<bool>,
    file_size_limit: Option<Option<i64>>,
    allowed_mime_types: Option<Option<Vec<String>>>,
}

impl Wishes {
    fn read(fields: &Fields) -> Result<Self, StorageError> {
        Ok(Self {
            public: fields.boolean("public")?,
            file_size_limit: size_limit(fields)?,
            allowed_mime_types: match fields.raw("allowed_mime_types") {
                Some(serde_json::Value::Null) => Some(None),
                _ => fields.strings("allowed_mime_types")?.map(Some),
            },
        })
    }

    /// Checks what no schema can.
    fn check(&mut self, call: &Call) -> Result<(), StorageError> {
        let most = call.context.app.settings().storage.file_size_limit;
        if let Some(Some(limit)) = self.file_size_limit
            && u64::try_from(limit).is_ok_and(|limit| limit > most)
        {
            return Err(StorageError::EntityTooLarge("object"));
        }
        if let Some(Some(types)) = &mut self.allowed_mime_types {
            types.retain(|text| !text.is_empty());
            types
                .iter()
                .try_for_each(|text| names::check_allowed_type(text))?;
        }
        Ok(())
    }
}

fn size_limit(fields: &Fields) -> Result<Option<Option<i64>>, StorageError> {
    const PATTERN: &str = r"^[0-9]+(?:\.[0-9]+)?(?:[gG][bB]|[mM][bB]|[kK][bB]|[bB])$";
    let Some(value) = fields.raw("file_size_limit") else {
        return Ok(None);
    };
    if value.is_null() {
        return Ok(Some(None));
    }
    let first = match as_integer(value) {
        Some(number) if number >= 0 => return Ok(Some(Some(number))),
        Some(_) => "must be >= 0",
        None => "must be integer",
    };
    if let Some(size) = value.as_str().and_then(|text| names::parse_size(text).ok()) {
        return Ok(Some(Some(i64::try_from(size).unwrap_or(i64::MAX))));
    }
    let at = "body/file_size_limit";
    Err(StorageError::Validation(format!(
        "{at} {first}, {at} must match pattern \"{PATTERN}\", {at} must match a schema in anyOf"
    )))
}

/// `POST /bucket`
pub(super) async fn create(call: Call, body: Body) -> Result<Response, StorageError> {
    #[derive(Serialize)]
    struct Created {
        name: String,
    }
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["name"])?;
    let name = fields.string("name")?.unwrap_or_default();
    let id = fields
        .string("id")?
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| name.clone());
    let kind = fields.choice("type", &["STANDARD", "ANALYTICS"])?;
    let mut wishes = Wishes::read(&fields)?;
    let claims = call.claims()?;
    names::check_new_bucket(&name)?;
    names::check_bucket(&id)?;
    if kind == Some("ANALYTICS") {
        return Err(StorageError::FeatureNotEnabled(
            "Iceberg buckets are not enabled for this tenant",
        ));
    }
    wishes.check(&call)?;
    let owner = claims.subject();
    let connection = call.caller_connection().await?;
    let mut tx = call
        .begin_as(&connection, &claims, Access::ReadWrite)
        .await?;
    tx.query(
        "insert into storage.buckets \
         (id, name, owner, owner_id, public, allowed_mime_types, file_size_limit, type) \
         values ($1, $2, $3, $4, $5, $6, $7, 'STANDARD')",
        &[
            &id,
            &name,
            &owner_uuid(owner),
            &owner,
            &wishes.public.unwrap_or(false),
            &wishes.allowed_mime_types.flatten(),
            &wishes.file_size_limit.flatten(),
        ],
    )
    .await
    .map_err(StorageError::about_bucket)?;
    tx.commit().await?;
    Ok(wire::json(&Created { name }))
}

/// `PUT /bucket/{id}`
pub(super) async fn update(call: Call, id: &str, body: Body) -> Result<Response, StorageError> {
    let fields = Fields::of_body(&call.headers, body).await?;
    let known = ["public", "file_size_limit", "allowed_mime_types"];
    if !known.iter().any(|name| fields.has(name)) {
        let missing = known.map(|name| format!("body must have required property '{name}'"));
        let words = format!("{}, body must match a schema in anyOf", missing.join(", "));
        return Err(StorageError::Validation(words));
    }
    let mut wishes = Wishes::read(&fields)?;
    let claims = call.claims()?;
    names::check_bucket(id)?;
    wishes.check(&call)?;
    let mut set = Vec::new();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&id];
    if let Some(public) = &wishes.public {
        params.push(public);
        set.push(format!("public = ${}", params.len()));
    }
    if let Some(limit) = &wishes.file_size_limit {
        params.push(limit);
        set.push(format!("file_size_limit = ${}", params.len()));
    }
    if let Some(types) = &wishes.allowed_mime_types {
        params.push(types);
        set.push(format!("allowed_mime_types = ${}", params.len()));
    }
    let sql = format!(
        "update storage.buckets set {} where id = $1 returning id",
        set.join(", ")
    );
    let connection = call.caller_connection().await?;
    let mut tx = call
        .begin_as(&connection, &claims, Access::ReadWrite)
        .await?;
    if tx.query(&sql, &params).await?.is_empty() {
        return Err(StorageError::NoSuchBucket);
    }
    tx.commit().await?;
    Ok(wire::message("Successfully updated"))
}

/// `DELETE /bucket/{id}`
pub(super) async fn delete(call: Call, id: &str) -> Result<Response, StorageError> {
    let claims = call.claims()?;
    // Whether it is empty is a question beyond the caller's rights; deleting it is not. An object
    // that comes in between is held by its foreign key.
    let sql = "select exists (select from storage.objects where bucket_id = b.id) \
               from storage.buckets as b where id = $1";
    let rows = call.read_as_service(sql, &[&id]).await?;
    if rows.first().ok_or(StorageError::NoSuchBucket)?.get(0) {
        return Err(StorageError::BucketNotEmpty);
    }
    let connection = call.caller_connection().await?;
    let mut tx = call
        .begin_as(&connection, &claims, Access::ReadWrite)
        .await?;
    let sql = "with gone as (delete from storage.buckets where id = $1 returning 1) \
               select count(*) from gone";
    let rows = tx.query(sql, &[&id]).await?;
    if rows.first().is_none_or(|row| row.get::<_, i64>(0) == 0) {
        return Err(StorageError::NoSuchBucket);
    }
    tx.commit().await?;
    Ok(wire::message("Successfully deleted"))
}

/// `POST /bucket/{id}/empty`
pub(super) async fn empty(call: Call, id: &str) -> Result<Response, StorageError> {
    let claims = call.claims()?;
    if claims.role() != Some("service_role") {
        return Err(StorageError::RoleDenied("Access denied: Invalid role"));
    }
    let sql = "select (select count(*) from (select from storage.objects \
               where bucket_id = b.id limit $2) as found) from storage.buckets as b where id = $1";
    let rows = call.read_as(&claims, sql, &[&id, &(EMPTY_MAX + 1)]).await?;
    let count: i64 = rows.first().ok_or(StorageError::NoSuchBucket)?.get(0);
    if count > EMPTY_MAX {
        return Err(StorageError::BucketTooFull);
    }
    let id = id.to_owned();
    let done = tokio::spawn(async move { delete_all(&call, &id).await });
    done.await.map_err(StorageError::backend)??;
    Ok(wire::message(
        "Empty bucket has been queued. Completion may take up to an hour.",
    ))
}

/// Deletes what was in the bucket when it started, beyond the caller's rights.
async fn delete_all(call: &Call, bucket: &str) -> Result<(), StorageError> {
    let app = &call.context.app;
    let connection = app.database.service(ServiceRole::Storage).await?;
    let before = chrono::Utc::now();
    loop {
        let mut tx = begin_as_service(&connection, call.operation, Access::ReadWrite).await?;
        let sql = "delete from storage.objects where id in (select id from storage.objects \
                   where bucket_id = $1 and created_at <= $2 limit $3) returning version";
        let rows = tx.query(sql, &[&bucket, &before, &EMPTY_BATCH]).await?;
        tx.commit().await?;
        for row in &rows {
            let version: Option<String> = row.get(0);
            if let Some(key) = version.and_then(|version| Key::of(&app.reference, &version)) {
                call.storage.backend.discard(&key).await;
            }
        }
        if (rows.len() as i64) < EMPTY_BATCH {
            return Ok(());
        }
    }
}

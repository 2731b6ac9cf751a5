//! Rows of `storage.buckets` and `storage.objects`, and how they appear on the wire.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

/// A time as JavaScript's `toISOString` writes it.
pub(crate) fn iso(time: &DateTime<Utc>) -> String {
    time.trunc_subsecs(3)
        .format("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

fn iso_or_null<S: Serializer>(time: &Option<DateTime<Utc>>, s: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => s.serialize_str(&iso(time)),
        None => s.serialize_none(),
    }
}

/// A column that the wire shows as text also where it is null.
fn text_or_empty<T: ToString, S: Serializer>(value: &Option<T>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&value.as_ref().map(T::to_string).unwrap_or_default())
}

/// A bucket as its endpoints show it.
#[derive(Debug, Serialize)]
pub(crate) struct Bucket {
    id: String,
    name: String,
    #[serde(serialize_with = "text_or_empty")]
    owner: Option<Uuid>,
    public: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    file_size_limit: Option<i64>,
    allowed_mime_types: Option<Vec<String>>,
    #[serde(serialize_with = "iso_or_null")]
    created_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "iso_or_null")]
    updated_at: Option<DateTime<Utc>>,
}

impl Bucket {
    /// The columns that [`Bucket::read`] takes.
    pub(crate) const COLUMNS: &str = "id, name, owner, public, created_at, updated_at, \
         file_size_limit, allowed_mime_types";

    /// A row of [`Bucket::COLUMNS`].
    pub(crate) fn read(row: &Row, with_type: bool) -> Self {
        Self {
            id: row.get("id"),
            name: row.get("name"),
            owner: row.get("owner"),
            public: row.get::<_, Option<bool>>("public").unwrap_or(false),
            kind: with_type.then_some("STANDARD"),
            file_size_limit: row.get("file_size_limit"),
            allowed_mime_types: row.get("allowed_mime_types"),
            created_at: row.get("created_at"),
            updated_at: row.get("updated_at"),
        }
    }
}

/// A whole row of `storage.objects`.
#[derive(Debug, Serialize)]
pub(crate) struct Object {
    pub(crate) name: String,
    #[serde(serialize_with = "text_or_empty")]
    bucket_id: Option<String>,
    #[serde(serialize_with = "text_or_empty")]
    owner: Option<Uuid>,
    #[serde(serialize_with = "text_or_empty")]
    owner_id: Option<String>,
    #[serde(serialize_with = "text_or_empty")]
    pub(crate) version: Option<String>,
    pub(crate) id: Uuid,
    #[serde(serialize_with = "iso_or_null")]
    pub(crate) updated_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "iso_or_null")]
    pub(crate) created_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "iso_or_null")]
    last_accessed_at: Option<DateTime<Utc>>,
    pub(crate) metadata: Option<Value>,
    pub(crate) user_metadata: Option<Value>,
}

impl Object {
    /// The columns that [`Object::read`] takes.
    pub(crate) const COLUMNS: &str = "name, bucket_id, owner, owner_id, version, id, updated_at, \
         created_at, last_accessed_at, metadata, user_metadata";

    /// A row of [`Object::COLUMNS`].
    pub(crate) fn read(row: &Row) -> Self {
        Self {
            name: row.get::<_, Option<String>>("name").unwrap_or_default(),
            bucket_id: row.get("bucket_id"),
            owner: row.get("owner"),
            owner_id: row.get("owner_id"),
            version: row.get("version"),
            id: row.get("id"),
            updated_at: row.get("updated_at"),
            created_at: row.get("created_at"),
            last_accessed_at: row.get("last_accessed_at"),
            metadata: row.get("metadata"),
            user_metadata: row.get("user_metadata"),
        }
    }
}

/// One line of a listing: an object, or a folder, of which only the name is known.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    pub(crate) name: String,
    pub(crate) id: Option<Uuid>,
    #[serde(serialize_with = "iso_or_null")]
    pub(crate) updated_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "iso_or_null")]
    pub(crate) created_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "iso_or_null")]
    last_accessed_at: Option<DateTime<Utc>>,
    metadata: Option<Value>,
}

impl Entry {
    /// A row of a listing function.
    pub(crate) fn read(row: &Row) -> Self {
        Self {
            key: row.try_get("key").ok(),
            name: row.get::<_, Option<String>>("name").unwrap_or_default(),
            id: row.get("id"),
            updated_at: row.get("updated_at"),
            created_at: row.get("created_at"),
            last_accessed_at: row.get("last_accessed_at"),
            metadata: row.get("metadata"),
        }
    }
}

/// The id of a user for the deprecated `owner` columns, which hold UUIDs only.
pub(crate) fn owner_uuid(owner: Option<&str>) -> Option<Uuid> {
    Uuid::try_parse(owner?).ok()
}

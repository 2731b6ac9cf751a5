//! Listings, as the caller sees them.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::call::Call;
use crate::error::StorageError;
use crate::names;
use crate::rows::{Entry, iso};
use crate::schema::Fields;
use crate::wire;

/// Most lines of a page.
const MAX_PAGE: i64 = 1000;

struct Sort {
    column: &'static str,
    order: &'static str,
}

fn sort(fields: &Fields, columns: &[&'static str]) -> Result<Option<Sort>, StorageError> {
    let Some(by) = fields.object("sortBy")? else {
        return Ok(None);
    };
    by.require(&["column"])?;
    let column = by.choice("column", columns)?.unwrap_or("name");
    let order = by.choice("order", &["asc", "desc"])?.unwrap_or("asc");
    Ok(Some(Sort { column, order }))
}

fn int4(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// `POST /object/list/{bucket}`
pub(super) async fn list(call: Call, bucket: &str, body: Body) -> Result<Response, StorageError> {
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["prefix"])?;
    let mut prefix = fields.string("prefix")?.unwrap_or_default();
    let limit = int4(fields.integer("limit", 1)?.unwrap_or(100));
    let offset = int4(fields.integer("offset", 0)?.unwrap_or(0));
    let sort = sort(
        &fields,
        &["name", "updated_at", "created_at", "last_accessed_at"],
    )?
    .unwrap_or(Sort {
        column: "name",
        order: "asc",
    });
    let search = fields.string("search")?.unwrap_or_default();
    let claims = call.claims()?;
    names::check_bucket(bucket)?;
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    let levels = int4((prefix.matches('/').count() + search.matches('/').count() + 1) as i64);
    let rows = call
        .read_as(
            &claims,
            "select * from storage.search($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &prefix,
                &bucket,
                &limit,
                &levels,
                &offset,
                &search,
                &sort.column,
                &sort.order,
            ],
        )
        .await?;
    let entries: Vec<_> = rows.iter().map(Entry::read).collect();
    Ok(wire::json(&entries))
}

/// Where a page of a listing ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cursor {
    start_after: String,
    order: Option<String>,
    column: Option<String>,
    column_after: Option<String>,
}

impl Cursor {
    fn encode(&self) -> String {
        let parts = [
            ('l', Some(&self.start_after)),
            ('o', self.order.as_ref()),
            ('c', self.column.as_ref()),
            ('a', self.column_after.as_ref()),
        ];
        let lines: Vec<_> = parts
            .into_iter()
            .filter_map(|(tag, value)| Some(format!("{tag}:{}", value.filter(|v| !v.is_empty())?)))
            .collect();
        STANDARD.encode(lines.join("\n"))
    }

    fn decode(text: &str) -> Result<Self, StorageError> {
        let wrong =
            || StorageError::InvalidParameter("Invalid Parameter continuation token".to_owned());
        let bytes = STANDARD.decode(text).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let mut cursor = Self {
            order: Some("asc".to_owned()),
            ..Self::default()
        };
        for line in text.split('\n') {
            let (tag, value) = line.split_once(':').ok_or_else(wrong)?;
            let value = value.to_owned();
            match tag {
                "l" => cursor.start_after = value,
                "o" => cursor.order = Some(value),
                "c" => cursor.column = Some(value),
                "a" => cursor.column_after = Some(value),
                _ => return Err(wrong()),
            }
        }
        if cursor
            .column_after
            .as_ref()
            .is_some_and(|t| chrono::DateTime::parse_from_rfc3339(t).is_err())
        {
            return Err(wrong());
        }
        Ok(cursor)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    has_next: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor_key: Option<String>,
    folders: Vec<Entry>,
    objects: Vec<Entry>,
}

const SORTABLE: [&str; 3] = ["name", "updated_at", "created_at"];

/// `POST /object/list-v2/{bucket}`
pub(super) async fn list_v2(
    call: Call,
    bucket: &str,
    body: Body,
) -> Result<Response, StorageError> {
    let fields = Fields::of_body(&call.headers, body).await?;
    let prefix = fields.string("prefix")?.unwrap_or_default();
    let limit = fields
        .integer("limit", 1)?
        .unwrap_or(MAX_PAGE)
        .min(MAX_PAGE);
    let cursor = fields.string("cursor")?.filter(|text| !text.is_empty());
    let delimited = fields.boolean("with_delimiter")?.unwrap_or(false);
    let sort = sort(&fields, &SORTABLE)?;
    let claims = call.claims()?;
    names::check_bucket(bucket)?;

    let cursor = cursor.as_deref().map(Cursor::decode).transpose()?;
    let (asked_column, asked_order) = match &sort {
        Some(sort) => (Some(sort.column.to_owned()), Some(sort.order.to_owned())),
        None => (None, None),
    };
    let from_cursor = |pick: fn(&Cursor) -> Option<String>| cursor.as_ref().and_then(pick);
    let order = from_cursor(|c| c.order.clone()).or(asked_order);
    let column = from_cursor(|c| c.column.clone()).or(asked_column);
    let after = from_cursor(|c| c.column_after.clone()).unwrap_or_default();
    let start = cursor
        .as_ref()
        .map(|c| c.start_after.clone())
        .unwrap_or_default();

    let wanted = int4(limit + 1);
    let rows = if delimited {
        let levels = int4(prefix.split('/').count() as i64);
        let order = order.as_deref().unwrap_or("asc");
        let column = column.as_deref().unwrap_or("name");
        let sql = "select * from storage.search_v2($1, $2, $3, $4, $5, $6, $7, $8)";
        call.read_as(
            &claims,
            sql,
            &[
                &prefix, &bucket, &wanted, &levels, &start, &order, &column, &after,
            ],
        )
        .await?
    } else {
        let sql = flat_sql(column.as_deref(), order.as_deref());
        call.read_as(&claims, &sql, &[&bucket, &wanted, &prefix, &start, &after])
            .await?
    };
    let entries: Vec<_> = rows.iter().map(Entry::read).collect();
    Ok(wire::json(&page(entries, limit as usize, order, column)))
}

/// All objects below a prefix, folders ignored. Names of columns and orders come from a list.
fn flat_sql(column: Option<&str>, order: Option<&str>) -> String {
    let order = if order == Some("desc") { "desc" } else { "asc" };
    let beyond = if order == "desc" { "<" } else { ">" };
    let (compare, by) = match column {
        Some(column @ ("created_at" | "updated_at")) => (
            format!(
                "(date_trunc('milliseconds', {column}), name collate \"C\") {beyond} \
                 (coalesce(nullif($5, '')::timestamptz, 'epoch'), $4)"
            ),
            format!("date_trunc('milliseconds', {column}) {order}, "),
        ),
        _ => (
            format!("$5::text is not null and name collate \"C\" {beyond} $4"),
            String::new(),
        ),
    };
    format!(
        "select name, id, updated_at, created_at, last_accessed_at, metadata \
         from storage.objects \
         where bucket_id = $1 and starts_with(name, $3) and ($4 = '' or ({compare})) \
         order by {by}name collate \"C\" {order} limit $2::int4"
    )
}

fn page(
    mut entries: Vec<Entry>,
    limit: usize,
    order: Option<String>,
    column: Option<String>,
) -> Page {
    let has_next = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| has_next);
    let next_cursor_key = last.map(|entry| entry.name.clone());
    let next_cursor = last.map(|entry| {
        let time = match column.as_deref() {
            Some("created_at") => entry.created_at.as_ref(),
            Some("updated_at") => entry.updated_at.as_ref(),
            _ => None,
        };
        // A folder is told from an object of the same name by its slash.
        let slash = if entry.id.is_none() { "/" } else { "" };
        let cursor = Cursor {
            start_after: format!("{}{slash}", entry.name),
            order,
            column_after: time.map(iso),
            column,
        };
        cursor.encode()
    });
    let (mut folders, objects): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.id.is_none());
    for folder in &mut folders {
        if !folder.name.ends_with('/') {
            folder.name.push('/');
        }
    }
    Page {
        has_next,
        next_cursor,
        next_cursor_key,
        folders,
        objects,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_way_out_and_in() {
        let cursor = Cursor {
            start_after: "a/b:c".to_owned(),
            order: Some("desc".to_owned()),
            column: Some("created_at".to_owned()),
            column_after: Some("2026-01-02T03:04:05.678Z".to_owned()),
        };
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        for bad in ["", "?", "bm9uc2Vuc2U=", "YTpub3cK"] {
            assert!(Cursor::decode(bad).is_err(), "{bad}");
        }
    }
}

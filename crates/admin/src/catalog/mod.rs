//! What PostgreSQL is told about tables, columns, policies …: one file per kind of object. What it
//! is asked stands in `sql/`, one file of the same name each.
//!
//! Names become SQL only through [`quote`], values through [`literal`]. Some fields of postgres-meta
//! are SQL by their nature (a policy's expression, a default, a function's body): they run as the
//! application's owner, who may run any SQL anyway.

pub(crate) mod columns;
pub(crate) mod extensions;
pub(crate) mod functions;
pub(crate) mod listing;
pub(crate) mod policies;
pub(crate) mod privileges;
pub(crate) mod publications;
pub(crate) mod roles;
pub(crate) mod schemas;
pub(crate) mod tables;
pub(crate) mod triggers;

use hearth_pg::identifier::{literal, quote};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio_postgres::Client;

pub(crate) use listing::{Filter, Listing};

use crate::error::AdminError;

/// Runs statements as one transaction: PostgreSQL takes several in one message as one.
pub(crate) async fn execute(client: &Client, statements: &[String]) -> Result<(), AdminError> {
    if statements.is_empty() {
        return Ok(());
    }
    client.batch_execute(&statements.join(";\n")).await?;
    Ok(())
}

/// A value of a wrong kind in a body.
pub(crate) fn wrong(reason: impl Into<String>) -> AdminError {
    AdminError::Meta(reason.into())
}

/// Reads a body into what a kind of object takes.
pub(crate) fn read<T: DeserializeOwned>(body: Value) -> Result<T, AdminError> {
    serde_json::from_value(body).map_err(|e| AdminError::Body(e.to_string()))
}

/// For fields where null means something else than absence.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// `schema.name`, quoted.
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// A text or null as a literal.
pub(crate) fn text_or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), literal)
}

/// `schema.name` out of one text, as postgres-meta takes it; the first dot separates.
pub(crate) fn dotted(text: &str) -> String {
    match text.split_once('.') {
        Some((schema, name)) => qualified(schema, name),
        None => quote(text),
    }
}

/// A name out of a fixed set, in upper case.
pub(crate) fn keyword(
    what: &str,
    given: &str,
    known: &[&'static str],
) -> Result<&'static str, AdminError> {
    let wanted = given.trim().to_uppercase();
    known
        .iter()
        .copied()
        .find(|word| *word == wanted)
        .ok_or_else(|| wrong(format!("{what} must be one of {}", known.join(", "))))
}

/// A type as SQL: PostgreSQL itself reads the text as a type's name and nothing else. A name that
/// needs quotes may come without them.
pub(crate) async fn type_name(client: &Client, text: &str) -> Result<String, AdminError> {
    const SERIAL: [&str; 6] = [
        "serial",
        "serial4",
        "bigserial",
        "serial8",
        "smallserial",
        "serial2",
    ];
    if SERIAL.contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(text.to_ascii_lowercase());
    }
    let (base, array) = match text.strip_suffix("[]") {
        Some(base) => (base, "[]"),
        None => (text, ""),
    };
    let candidates = [
        text.to_owned(),
        format!("{}{array}", quote(base)),
        format!("{}{array}", dotted(base)),
    ];
    let row = client
        .query_opt(
            "select candidate from unnest($1::text[]) with ordinality as c (candidate, place)
             where to_regtype(candidate) is not null order by place limit 1",
            &[&candidates.as_slice()],
        )
        .await;
    match row {
        Ok(Some(row)) => Ok(row.get(0)),
        Ok(None) => Err(wrong(format!("type \"{text}\" does not exist"))),
        Err(error) => Err(error.into()),
    }
}

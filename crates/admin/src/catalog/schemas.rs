//! Schemas.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Listing, execute, read};
use crate::error::AdminError;

pub(crate) const SCHEMAS: Listing = Listing {
    sql: include_str!("../sql/schemas.sql"),
    columns: "*",
    schema: Some("name"),
    order: "name",
    noun: "schema",
    with_columns: false,
};

/// PostgreSQL's own.
pub(crate) const NOT_SYSTEM: &str = "not starts_with(name, 'pg_')";

#[derive(Deserialize)]
struct Old {
    name: String,
    owner: String,
}

#[derive(Deserialize)]
struct New {
    name: String,
    owner: Option<String>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    owner: Option<String>,
}

/// Makes a schema; without an owner it is the application's.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let mut statement = format!("create schema {}", quote(&new.name));
    if let Some(owner) = &new.owner {
        statement.push_str(&format!(" authorization {}", quote(owner)));
    }
    execute(client, &[statement]).await?;
    SCHEMAS.made(client, "name = $1", &[&new.name]).await
}

/// Changes a schema.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let (_, old): (_, Old) = SCHEMAS.old(client, id).await?;
    let change: Change = read(body)?;
    let schema = quote(&old.name);
    let mut statements = Vec::new();
    if let Some(owner) = change.owner.as_deref().filter(|owner| *owner != old.owner) {
        statements.push(format!("alter schema {schema} owner to {}", quote(owner)));
    }
    if let Some(name) = change.name.as_deref().filter(|name| *name != old.name) {
        statements.push(format!("alter schema {schema} rename to {}", quote(name)));
    }
    execute(client, &statements).await?;
    SCHEMAS.by_id(client, id).await
}

/// Drops a schema.
pub(crate) async fn remove(client: &Client, id: &str, cascade: bool) -> Result<Value, AdminError> {
    let (value, old): (_, Old) = SCHEMAS.old(client, id).await?;
    let behaviour = if cascade { "cascade" } else { "restrict" };
    let statement = format!("drop schema {} {behaviour}", quote(&old.name));
    execute(client, &[statement]).await?;
    Ok(value)
}

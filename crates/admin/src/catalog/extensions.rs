//! Extensions, which are named, not numbered.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Listing, execute, literal, read};
use crate::error::AdminError;

pub(crate) const EXTENSIONS: Listing = Listing {
    sql: include_str!("../sql/extensions.sql"),
    columns: "*",
    schema: None,
    order: "name",
    noun: "extension",
    with_columns: false,
};

#[derive(Deserialize)]
struct New {
    name: String,
    schema: Option<String>,
    version: Option<String>,
    #[serde(default)]
    cascade: bool,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    update: bool,
    version: Option<String>,
    schema: Option<String>,
}

/// The extension `name`.
pub(crate) async fn find(client: &Client, name: &str) -> Result<Value, AdminError> {
    EXTENSIONS
        .find(client, "name = $1", &[&name])
        .await?
        .ok_or_else(|| AdminError::NoObject(format!("Cannot find an extension named {name}")))
}

/// Installs an extension.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let mut statement = format!("create extension {}", quote(&new.name));
    if let Some(schema) = &new.schema {
        statement.push_str(&format!(" schema {}", quote(schema)));
    }
    if let Some(version) = &new.version {
        statement.push_str(&format!(" version {}", literal(version)));
    }
    if new.cascade {
        statement.push_str(" cascade");
    }
    execute(client, &[statement]).await?;
    find(client, &new.name).await
}

/// Updates or moves an extension.
pub(crate) async fn update(client: &Client, name: &str, body: Value) -> Result<Value, AdminError> {
    let change: Change = read(body)?;
    let alter = format!("alter extension {}", quote(name));
    let mut statements = Vec::new();
    if change.update {
        let version = change.version.as_deref().map(literal);
        let to = version.map_or_else(String::new, |version| format!(" to {version}"));
        statements.push(format!("{alter} update{to}"));
    }
    if let Some(schema) = &change.schema {
        statements.push(format!("{alter} set schema {}", quote(schema)));
    }
    execute(client, &statements).await?;
    find(client, name).await
}

/// Removes an extension.
pub(crate) async fn remove(
    client: &Client,
    name: &str,
    cascade: bool,
) -> Result<Value, AdminError> {
    let value = find(client, name).await?;
    let behaviour = if cascade { "cascade" } else { "restrict" };
    let statement = format!("drop extension {} {behaviour}", quote(name));
    execute(client, &[statement]).await?;
    Ok(value)
}

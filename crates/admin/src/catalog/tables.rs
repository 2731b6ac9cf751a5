//! Tables.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Listing, execute, given, keyword, literal, qualified, read, text_or_null};
use crate::error::AdminError;

pub(crate) const TABLES: Listing = Listing {
    sql: include_str!("../sql/tables.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, name",
    noun: "table",
    with_columns: true,
};

#[derive(Deserialize)]
struct Old {
    schema: String,
    name: String,
    primary_keys: Vec<Value>,
}

#[derive(Deserialize)]
struct New {
    name: String,
    schema: Option<String>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct KeyColumn {
    name: String,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    schema: Option<String>,
    rls_enabled: Option<bool>,
    rls_forced: Option<bool>,
    replica_identity: Option<String>,
    replica_identity_index: Option<String>,
    primary_keys: Option<Vec<KeyColumn>>,
    #[serde(default, deserialize_with = "given")]
    comment: Option<Option<String>>,
}

/// Makes a table without columns.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let schema = new.schema.as_deref().unwrap_or("public");
    let table = qualified(schema, &new.name);
    let mut statements = vec![format!("create table {table} ()")];
    if let Some(comment) = &new.comment {
        statements.push(format!("comment on table {table} is {}", literal(comment)));
    }
    execute(client, &statements).await?;
    TABLES
        .made(client, "schema = $1 and name = $2", &[&schema, &new.name])
        .await
}

/// Changes a table.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let (_, old): (_, Old) = TABLES.old(client, id).await?;
    let change: Change = read(body)?;
    let table = qualified(&old.schema, &old.name);
    let alter = format!("alter table {table}");
    let mut statements = Vec::new();
    if let Some(enabled) = change.rls_enabled {
        let verb = if enabled { "enable" } else { "disable" };
        statements.push(format!("{alter} {verb} row level security"));
    }
    if let Some(forced) = change.rls_forced {
        let verb = if forced { "force" } else { "no force" };
        statements.push(format!("{alter} {verb} row level security"));
    }
    if let Some(identity) = &change.replica_identity {
        let known = ["DEFAULT", "INDEX", "FULL", "NOTHING"];
        let identity = match keyword("replica_identity", identity, &known)? {
            "INDEX" => {
                let index = change.replica_identity_index.as_deref().unwrap_or_default();
                format!("using index {}", quote(index))
            }
            word => word.to_lowercase(),
        };
        statements.push(format!("{alter} replica identity {identity}"));
    }
    if let Some(keys) = &change.primary_keys {
        if !old.primary_keys.is_empty() {
            statements.push(format!(
                "{alter} drop constraint {}",
                quote(&primary_key(client, id).await?)
            ));
        }
        if !keys.is_empty() {
            let columns: Vec<String> = keys.iter().map(|key| quote(&key.name)).collect();
            statements.push(format!("{alter} add primary key ({})", columns.join(", ")));
        }
    }
    if let Some(comment) = &change.comment {
        let comment = text_or_null(comment.as_deref());
        statements.push(format!("comment on table {table} is {comment}"));
    }
    let schema = change.schema.as_deref().unwrap_or(&old.schema);
    if schema != old.schema {
        statements.push(format!("{alter} set schema {}", quote(schema)));
    }
    if let Some(name) = change.name.as_deref().filter(|name| *name != old.name) {
        let table = qualified(schema, &old.name);
        statements.push(format!("alter table {table} rename to {}", quote(name)));
    }
    execute(client, &statements).await?;
    TABLES.by_id(client, id).await
}

async fn primary_key(client: &Client, id: &str) -> Result<String, AdminError> {
    let row = client
        .query_one(
            "select conname::text from pg_constraint
             where contype = 'p' and conrelid::int8 = $1::text::int8",
            &[&id],
        )
        .await?;
    Ok(row.get(0))
}

/// Drops a table.
pub(crate) async fn remove(client: &Client, id: &str, cascade: bool) -> Result<Value, AdminError> {
    let (value, old): (_, Old) = TABLES.old(client, id).await?;
    let table = qualified(&old.schema, &old.name);
    let behaviour = if cascade { "cascade" } else { "restrict" };
    execute(client, &[format!("drop table {table} {behaviour}")]).await?;
    Ok(value)
}

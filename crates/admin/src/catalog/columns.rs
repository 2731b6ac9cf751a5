//! Columns.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{
    Listing, execute, given, keyword, literal, qualified, read, text_or_null, type_name, wrong,
};
use crate::catalog::tables::TABLES;
use crate::error::AdminError;

pub(crate) const COLUMNS: Listing = Listing {
    sql: include_str!("../sql/columns.sql"),
    columns: "*",
    schema: Some("schema"),
    order: r#"schema, "table", table_id, ordinal_position"#,
    noun: "column",
    with_columns: false,
};

const GENERATIONS: [&str; 2] = ["BY DEFAULT", "ALWAYS"];

#[derive(Deserialize)]
struct Table {
    schema: String,
    name: String,
}

#[derive(Deserialize)]
struct Old {
    schema: String,
    table: String,
    table_id: i64,
    name: String,
    ordinal_position: i16,
    is_identity: bool,
    is_unique: bool,
}

#[derive(Deserialize)]
struct New {
    table_id: i64,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "given")]
    default_value: Option<Option<Value>>,
    default_value_format: Option<String>,
    #[serde(default)]
    is_identity: bool,
    identity_generation: Option<String>,
    is_nullable: Option<bool>,
    #[serde(default)]
    is_primary_key: bool,
    #[serde(default)]
    is_unique: bool,
    comment: Option<String>,
    check: Option<String>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    drop_default: bool,
    #[serde(default, deserialize_with = "given")]
    default_value: Option<Option<Value>>,
    default_value_format: Option<String>,
    is_identity: Option<bool>,
    identity_generation: Option<String>,
    is_nullable: Option<bool>,
    is_unique: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    comment: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    check: Option<Option<String>>,
}

/// The column `<table>.<number>`.
pub(crate) async fn find(client: &Client, id: &str) -> Result<Value, AdminError> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !id
        .split_once('.')
        .is_some_and(|(a, b)| digits(a) && digits(b))
    {
        return Err(wrong("Invalid format for column ID"));
    }
    COLUMNS
        .find(client, "id = $1", &[&id])
        .await?
        .ok_or_else(|| AdminError::NoObject(format!("Cannot find a column with ID {id}")))
}

fn default_sql(value: Option<&Value>, format: Option<&str>) -> Result<String, AdminError> {
    let text = match value {
        None | Some(Value::Null) => return Ok("null".to_owned()),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match format.unwrap_or("literal") {
        "expression" => Ok(text),
        "literal" => Ok(literal(&text)),
        _ => Err(wrong("default_value_format must be literal or expression")),
    }
}

/// Adds a column to a table.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let id = new.table_id.to_string();
    let (_, table): (_, Table) = TABLES.old(client, &id).await?;
    let qualified = qualified(&table.schema, &table.name);
    let column = quote(&new.name);
    let mut add = format!(
        "alter table {qualified} add column {column} {}",
        type_name(client, &new.kind).await?
    );
    if new.is_identity {
        if new.default_value.is_some() {
            return Err(wrong(
                "Columns cannot both be identity and have a default value",
            ));
        }
        let generation = new.identity_generation.as_deref().unwrap_or("BY DEFAULT");
        let generation = keyword("identity_generation", generation, &GENERATIONS)?;
        add.push_str(&format!(" generated {generation} as identity"));
    } else if let Some(value) = &new.default_value {
        let default = default_sql(value.as_ref(), new.default_value_format.as_deref())?;
        add.push_str(&format!(" default {default}"));
    }
    match new.is_nullable {
        Some(true) => add.push_str(" null"),
        Some(false) => add.push_str(" not null"),
        None => {}
    }
    if new.is_primary_key {
        add.push_str(" primary key");
    }
    if new.is_unique {
        add.push_str(" unique");
    }
    if let Some(check) = &new.check {
        add.push_str(&format!(" check ({check}\n)"));
    }
    let mut statements = vec![add];
    if let Some(comment) = &new.comment {
        let comment = literal(comment);
        statements.push(format!(
            "comment on column {qualified}.{column} is {comment}"
        ));
    }
    execute(client, &statements).await?;
    COLUMNS
        .made(
            client,
            "table_id = $1 and name = $2",
            &[&new.table_id, &new.name],
        )
        .await
}

/// Changes a column. What depends on the type comes behind it, the name last.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let value = find(client, id).await?;
    let old: Old = serde_json::from_value(value).map_err(|e| AdminError::internal(&e))?;
    let change: Change = read(body)?;
    let table = qualified(&old.schema, &old.table);
    let column = quote(&old.name);
    let alter = format!("alter table {table} alter column {column}");
    let mut statements = Vec::new();
    if let Some(nullable) = change.is_nullable {
        let verb = if nullable { "drop" } else { "set" };
        statements.push(format!("{alter} {verb} not null"));
    }
    if let Some(kind) = &change.kind {
        let kind = type_name(client, kind).await?;
        statements.push(format!(
            "{alter} set data type {kind} using {column}::{kind}"
        ));
    }
    if change.drop_default {
        statements.push(format!("{alter} drop default"));
    } else if let Some(value) = &change.default_value {
        let default = default_sql(value.as_ref(), change.default_value_format.as_deref())?;
        statements.push(format!("{alter} set default {default}"));
    }
    statements.extend(identity(&alter, &old, &change)?);
    match change.is_unique {
        Some(true) if !old.is_unique => {
            statements.push(format!("alter table {table} add unique ({column})"));
        }
        Some(false) if old.is_unique => {
            for name in constraints(client, &old, "u").await? {
                statements.push(format!(
                    "alter table {table} drop constraint {}",
                    quote(&name)
                ));
            }
        }
        _ => {}
    }
    if let Some(comment) = &change.comment {
        let comment = text_or_null(comment.as_deref());
        statements.push(format!("comment on column {table}.{column} is {comment}"));
    }
    if let Some(check) = &change.check {
        if let Some(name) = constraints(client, &old, "c").await?.first() {
            statements.push(format!(
                "alter table {table} drop constraint {}",
                quote(name)
            ));
        }
        if let Some(check) = check {
            let name = quote(&format!("{}_{}_check", old.table, old.name));
            statements.push(format!(
                "alter table {table} add constraint {name} check ({check}\n)"
            ));
        }
    }
    if let Some(name) = change.name.as_deref().filter(|name| *name != old.name) {
        let name = quote(name);
        statements.push(format!(
            "alter table {table} rename column {column} to {name}"
        ));
    }
    client.batch_execute("begin").await?;
    execute(client, &statements).await?;
    if let Some(Some(_)) = &change.check {
        check_is_about(client, &old).await?;
    }
    client.batch_execute("commit").await?;
    find(client, id).await
}

fn identity(alter: &str, old: &Old, change: &Change) -> Result<Option<String>, AdminError> {
    let generation = change
        .identity_generation
        .as_deref()
        .map(|given| keyword("identity_generation", given, &GENERATIONS))
        .transpose()?;
    Ok(match (old.is_identity, change.is_identity) {
        (_, Some(false)) => Some(format!("{alter} drop identity if exists")),
        (true, _) => generation.map(|generation| format!("{alter} set generated {generation}")),
        (false, Some(true)) => {
            let generation = generation.unwrap_or("BY DEFAULT");
            Some(format!("{alter} add generated {generation} as identity"))
        }
        (false, None) => None,
    })
}

/// Names of the constraints of a kind that are about this column alone, oldest first.
async fn constraints(client: &Client, old: &Old, kind: &str) -> Result<Vec<String>, AdminError> {
    let rows = client
        .query(
            "select conname::text from pg_constraint
             where contype::text = $1 and conrelid::int8 = $2 and conkey = array[$3::int2]
             order by oid",
            &[&kind, &old.table_id, &old.ordinal_position],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A column's check must be about that column, or it would belong to the table.
async fn check_is_about(client: &Client, old: &Old) -> Result<(), AdminError> {
    let name: String = format!("{}_{}_check", old.table, old.name);
    let row = client
        .query_opt(
            "select conkey from pg_constraint
             where contype = 'c' and conrelid::int8 = $1 and conname = $2::text::name",
            &[&old.table_id, &name],
        )
        .await?;
    let columns: Option<Vec<i16>> = row.and_then(|row| row.get(0));
    let reason = match columns.as_deref() {
        None | Some([]) => "must refer to this column",
        Some([only]) if *only == old.ordinal_position => return Ok(()),
        Some([_]) => "cannot refer to other columns",
        Some(_) => "cannot refer to multiple columns",
    };
    Err(wrong(format!(
        "error creating column constraint: check condition {reason}"
    )))
}

/// Drops a column.
pub(crate) async fn remove(client: &Client, id: &str, cascade: bool) -> Result<Value, AdminError> {
    let value = find(client, id).await?;
    let old: Old = serde_json::from_value(value.clone()).map_err(|e| AdminError::internal(&e))?;
    let table = qualified(&old.schema, &old.table);
    let column = quote(&old.name);
    let behaviour = if cascade { "cascade" } else { "restrict" };
    let statement = format!("alter table {table} drop column {column} {behaviour}");
    execute(client, &[statement]).await?;
    Ok(value)
}

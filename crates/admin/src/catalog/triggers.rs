//! Triggers.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Listing, execute, keyword, literal, qualified, read, wrong};
use crate::error::AdminError;

pub(crate) const TRIGGERS: Listing = Listing {
    sql: include_str!("../sql/triggers.sql"),
    columns: "*",
    schema: Some("schema"),
    order: r#"schema, "table", name"#,
    noun: "trigger",
    with_columns: false,
};

#[derive(Deserialize)]
struct Old {
    schema: String,
    table: String,
    name: String,
}

#[derive(Deserialize)]
struct New {
    name: String,
    schema: Option<String>,
    table: String,
    function_schema: Option<String>,
    function_name: String,
    #[serde(default)]
    function_args: Option<Vec<String>>,
    activation: String,
    events: Vec<String>,
    orientation: Option<String>,
    condition: Option<String>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    enabled_mode: Option<String>,
}

/// `INSERT`, or `UPDATE OF a, b` with quoted columns.
fn event(text: &str) -> Result<String, AdminError> {
    let known = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];
    let upper = text.trim().to_uppercase();
    if let Some(rest) = upper.strip_prefix("UPDATE OF ") {
        let start = text.trim().len().checked_sub(rest.len());
        let columns = start
            .and_then(|start| text.trim().get(start..))
            .ok_or_else(|| wrong("events cannot be read"))?;
        let columns: Vec<String> = columns
            .split(',')
            .map(|column| quote(column.trim().trim_matches('"')))
            .collect();
        return Ok(format!("update of {}", columns.join(", ")));
    }
    keyword("events", &upper, &known).map(str::to_owned)
}

/// Makes a trigger.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let schema = new.schema.as_deref().unwrap_or("public");
    let activation = keyword(
        "activation",
        &new.activation,
        &["BEFORE", "AFTER", "INSTEAD OF"],
    )?;
    let events = new
        .events
        .iter()
        .map(|text| event(text))
        .collect::<Result<Vec<_>, _>>()?
        .join(" or ");
    let mut statement = format!(
        "create trigger {} {activation} {events} on {}",
        quote(&new.name),
        qualified(schema, &new.table)
    );
    if let Some(orientation) = &new.orientation {
        let orientation = keyword("orientation", orientation, &["ROW", "STATEMENT"])?;
        statement.push_str(&format!(" for each {orientation}"));
    }
    if let Some(condition) = new.condition.as_deref().filter(|text| !text.is_empty()) {
        statement.push_str(&format!(" when ({condition}\n)"));
    }
    let arguments = new.function_args.unwrap_or_default();
    let arguments: Vec<String> = arguments.iter().map(|text| literal(text)).collect();
    let function_schema = new.function_schema.as_deref().unwrap_or("public");
    statement.push_str(&format!(
        " execute function {}({})",
        qualified(function_schema, &new.function_name),
        arguments.join(", ")
    ));
    execute(client, &[statement]).await?;
    TRIGGERS
        .made(
            client,
            r#"schema = $1 and "table" = $2 and name = $3"#,
            &[&schema, &new.table, &new.name],
        )
        .await
}

/// Switches or renames a trigger.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let (_, old): (_, Old) = TRIGGERS.old(client, id).await?;
    let change: Change = read(body)?;
    let table = qualified(&old.schema, &old.table);
    let trigger = quote(&old.name);
    let mut statements = Vec::new();
    if let Some(mode) = &change.enabled_mode {
        let known = ["ORIGIN", "REPLICA", "ALWAYS", "DISABLED"];
        let verb = match keyword("enabled_mode", mode, &known)? {
            "ORIGIN" => "enable",
            "REPLICA" => "enable replica",
            "ALWAYS" => "enable always",
            _ => "disable",
        };
        statements.push(format!("alter table {table} {verb} trigger {trigger}"));
    }
    if let Some(name) = change.name.as_deref().filter(|name| *name != old.name) {
        let name = quote(name);
        statements.push(format!(
            "alter trigger {trigger} on {table} rename to {name}"
        ));
    }
    execute(client, &statements).await?;
    TRIGGERS.by_id(client, id).await
}

/// Drops a trigger.
pub(crate) async fn remove(client: &Client, id: &str, cascade: bool) -> Result<Value, AdminError> {
    let (value, old): (_, Old) = TRIGGERS.old(client, id).await?;
    let table = qualified(&old.schema, &old.table);
    let behaviour = if cascade { " cascade" } else { "" };
    let statement = format!("drop trigger {} on {table}{behaviour}", quote(&old.name));
    execute(client, &[statement]).await?;
    Ok(value)
}

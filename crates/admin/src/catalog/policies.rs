//! Policies of row level security.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Listing, execute, keyword, qualified, read};
use crate::error::AdminError;

pub(crate) const POLICIES: Listing = Listing {
    sql: include_str!("../sql/policies.sql"),
    columns: "*",
    schema: Some("schema"),
    order: r#"schema, "table", name"#,
    noun: "policy",
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
    table: String,
    schema: Option<String>,
    definition: Option<String>,
    check: Option<String>,
    action: Option<String>,
    command: Option<String>,
    roles: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    definition: Option<String>,
    check: Option<String>,
    roles: Option<Vec<String>>,
}

/// Roles behind `to`; `public` is none of them, it is everybody.
fn role_list(roles: &[String]) -> String {
    let roles: Vec<String> = roles
        .iter()
        .map(|role| match role.to_ascii_lowercase().as_str() {
            word @ ("public" | "current_user" | "session_user" | "current_role") => word.to_owned(),
            _ => quote(role),
        })
        .collect();
    if roles.is_empty() {
        "public".to_owned()
    } else {
        roles.join(", ")
    }
}

/// Makes a policy.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let schema = new.schema.as_deref().unwrap_or("public");
    let action = new.action.as_deref().unwrap_or("PERMISSIVE");
    let action = keyword("action", action, &["PERMISSIVE", "RESTRICTIVE"])?;
    let command = new.command.as_deref().unwrap_or("ALL");
    let known = ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"];
    let command = keyword("command", command, &known)?;
    let mut statement = format!(
        "create policy {} on {} as {action} for {command} to {}",
        quote(&new.name),
        qualified(schema, &new.table),
        role_list(new.roles.as_deref().unwrap_or_default())
    );
    if let Some(definition) = &new.definition {
        statement.push_str(&format!(" using ({definition}\n)"));
    }
    if let Some(check) = &new.check {
        statement.push_str(&format!(" with check ({check}\n)"));
    }
    execute(client, &[statement]).await?;
    POLICIES
        .made(
            client,
            r#"schema = $1 and "table" = $2 and name = $3"#,
            &[&schema, &new.table, &new.name],
        )
        .await
}

/// Changes a policy.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let (_, old): (_, Old) = POLICIES.old(client, id).await?;
    let change: Change = read(body)?;
    let table = qualified(&old.schema, &old.table);
    let alter = format!("alter policy {} on {table}", quote(&old.name));
    let mut statements = Vec::new();
    if let Some(definition) = &change.definition {
        statements.push(format!("{alter} using ({definition}\n)"));
    }
    if let Some(check) = &change.check {
        statements.push(format!("{alter} with check ({check}\n)"));
    }
    if let Some(roles) = &change.roles {
        statements.push(format!("{alter} to {}", role_list(roles)));
    }
    if let Some(name) = change.name.as_deref().filter(|name| *name != old.name) {
        statements.push(format!("{alter} rename to {}", quote(name)));
    }
    execute(client, &statements).await?;
    POLICIES.by_id(client, id).await
}

/// Drops a policy.
pub(crate) async fn remove(client: &Client, id: &str, _cascade: bool) -> Result<Value, AdminError> {
    let (value, old): (_, Old) = POLICIES.old(client, id).await?;
    let table = qualified(&old.schema, &old.table);
    let statement = format!("drop policy {} on {table}", quote(&old.name));
    execute(client, &[statement]).await?;
    Ok(value)
}

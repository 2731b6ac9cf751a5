//! Publications: which tables and operations realtime listens to.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Listing, dotted, execute, given, qualified, read};
use crate::error::AdminError;

pub(crate) const PUBLICATIONS: Listing = Listing {
    sql: include_str!("../sql/publications.sql"),
    columns: "*",
    schema: None,
    order: "name",
    noun: "publication",
    with_columns: false,
};

#[derive(Deserialize)]
struct Old {
    name: String,
    owner: String,
    publish_insert: bool,
    publish_update: bool,
    publish_delete: bool,
    publish_truncate: bool,
    tables: Option<Vec<Member>>,
}

#[derive(Deserialize)]
struct Member {
    schema: String,
    name: String,
}

/// A table as `schema.name`, or as the list of a publication has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Table {
    Text(String),
    Member(Member),
}

impl Table {
    fn quoted(&self) -> String {
        match self {
            Self::Text(text) if text.contains('.') => dotted(text),
            Self::Text(text) => qualified("public", text),
            Self::Member(member) => qualified(&member.schema, &member.name),
        }
    }
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    publish_insert: bool,
    #[serde(default)]
    publish_update: bool,
    #[serde(default)]
    publish_delete: bool,
    #[serde(default)]
    publish_truncate: bool,
    tables: Option<Vec<Table>>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    owner: Option<String>,
    publish_insert: Option<bool>,
    publish_update: Option<bool>,
    publish_delete: Option<bool>,
    publish_truncate: Option<bool>,
    /// Null: all tables.
    #[serde(default, deserialize_with = "given")]
    tables: Option<Option<Vec<Table>>>,
}

fn operations(insert: bool, update: bool, delete: bool, truncate: bool) -> String {
    let chosen: Vec<&str> = [
        (insert, "insert"),
        (update, "update"),
        (delete, "delete"),
        (truncate, "truncate"),
    ]
    .into_iter()
    .filter_map(|(chosen, name)| chosen.then_some(name))
    .collect();
    format!("publish = '{}'", chosen.join(", "))
}

/// Makes a publication.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let tables = match new.tables.as_deref() {
        None => " for all tables".to_owned(),
        Some([]) => String::new(),
        Some(tables) => {
            let tables: Vec<String> = tables.iter().map(Table::quoted).collect();
            format!(" for table {}", tables.join(", "))
        }
    };
    let operations = operations(
        new.publish_insert,
        new.publish_update,
        new.publish_delete,
        new.publish_truncate,
    );
    let name = quote(&new.name);
    let statement = format!("create publication {name}{tables} with ({operations})");
    execute(client, &[statement]).await?;
    PUBLICATIONS.made(client, "name = $1", &[&new.name]).await
}

/// Changes a publication.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let (_, old): (_, Old) = PUBLICATIONS.old(client, id).await?;
    let change: Change = read(body)?;
    let publication = quote(&old.name);
    let mut statements = Vec::new();
    if let Some(tables) = &change.tables {
        statements.extend(members(&publication, &old, tables.as_deref()));
    }
    let operations = operations(
        change.publish_insert.unwrap_or(old.publish_insert),
        change.publish_update.unwrap_or(old.publish_update),
        change.publish_delete.unwrap_or(old.publish_delete),
        change.publish_truncate.unwrap_or(old.publish_truncate),
    );
    statements.push(format!(
        "alter publication {publication} set ({operations})"
    ));
    let made_anew = change
        .tables
        .as_ref()
        .is_some_and(|tables| tables.is_none() != old.tables.is_none());
    let owner = change.owner.as_deref().unwrap_or(&old.owner);
    if made_anew || owner != old.owner {
        let owner = quote(owner);
        statements.push(format!("alter publication {publication} owner to {owner}"));
    }
    let name = change.name.as_deref().unwrap_or(&old.name);
    if name != old.name {
        let name = quote(name);
        statements.push(format!("alter publication {publication} rename to {name}"));
    }
    execute(client, &statements).await?;
    // One that was made anew has another id.
    PUBLICATIONS.made(client, "name = $1", &[&name]).await
}

/// Changes the list of tables. Between a list and all tables only a new publication leads.
fn members(publication: &str, old: &Old, wanted: Option<&[Table]>) -> Vec<String> {
    let (before, wanted) = match (&old.tables, wanted) {
        (None, None) => return Vec::new(),
        (Some(_), None) => {
            return vec![
                format!("drop publication {publication}"),
                format!("create publication {publication} for all tables"),
            ];
        }
        (None, Some(wanted)) => {
            let mut statements = vec![
                format!("drop publication {publication}"),
                format!("create publication {publication}"),
            ];
            if !wanted.is_empty() {
                let tables: Vec<String> = wanted.iter().map(Table::quoted).collect();
                statements.push(format!(
                    "alter publication {publication} add table {}",
                    tables.join(", ")
                ));
            }
            return statements;
        }
        (Some(before), Some(wanted)) => (before, wanted),
    };
    // Only what differs: the others may have row filters and column lists of their own.
    let before: Vec<String> = before
        .iter()
        .map(|member| qualified(&member.schema, &member.name))
        .collect();
    let wanted: Vec<String> = wanted.iter().map(Table::quoted).collect();
    let lacking = |these: &[String], those: &[String]| {
        let names = these.iter().filter(|name| !those.contains(name));
        names.cloned().collect::<Vec<_>>().join(", ")
    };
    [
        ("drop", lacking(&before, &wanted)),
        ("add", lacking(&wanted, &before)),
    ]
    .into_iter()
    .filter(|(_, tables)| !tables.is_empty())
    .map(|(verb, tables)| format!("alter publication {publication} {verb} table {tables}"))
    .collect()
}

/// Drops a publication.
pub(crate) async fn remove(client: &Client, id: &str, _cascade: bool) -> Result<Value, AdminError> {
    let (value, old): (_, Old) = PUBLICATIONS.old(client, id).await?;
    let statement = format!("drop publication if exists {}", quote(&old.name));
    execute(client, &[statement]).await?;
    Ok(value)
}

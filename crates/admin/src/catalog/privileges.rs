//! Grants on tables and columns.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::{Filter, Listing, execute, keyword, read, wrong};
use crate::error::AdminError;

pub(crate) const TABLES: Listing = Listing {
    sql: include_str!("../sql/table_privileges.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, name",
    noun: "table",
    with_columns: false,
};

pub(crate) const COLUMNS: Listing = Listing {
    sql: include_str!("../sql/column_privileges.sql"),
    columns: "column_id, relation_schema, relation_name, column_name, privileges",
    schema: Some("schema"),
    order: "relation_schema, relation_name, column_id",
    noun: "column",
    with_columns: false,
};

#[derive(Deserialize)]
struct Grant {
    relation_id: Option<i64>,
    column_id: Option<String>,
    grantee: String,
    privilege_type: String,
    #[serde(default)]
    is_grantable: bool,
}

/// Grants, or takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `grant`
    Grant,
    /// `revoke`
    Revoke,
}

/// Changes grants on tables; answers with those tables' grants.
pub(crate) async fn on_tables(
    client: &Client,
    verb: Verb,
    body: Value,
) -> Result<String, AdminError> {
    let known = [
        "ALL",
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "TRUNCATE",
        "REFERENCES",
        "TRIGGER",
        "MAINTAIN",
    ];
    let grants: Vec<Grant> = read(body)?;
    let mut statements = Vec::new();
    let mut ids = Vec::new();
    for grant in &grants {
        let id = grant
            .relation_id
            .ok_or_else(|| wrong("relation_id is missing"))?;
        ids.push(id.to_string());
        let relation = relation(client, id).await?;
        let privilege = keyword("privilege_type", &grant.privilege_type, &known)?;
        statements.push(statement(verb, privilege, "", &relation, grant));
    }
    execute(client, &statements).await?;
    listed(client, &TABLES, "relation_id", &ids).await
}

/// Changes grants on columns; answers with those columns' grants.
pub(crate) async fn on_columns(
    client: &Client,
    verb: Verb,
    body: Value,
) -> Result<String, AdminError> {
    let known = ["ALL", "SELECT", "INSERT", "UPDATE", "REFERENCES"];
    let grants: Vec<Grant> = read(body)?;
    let mut statements = Vec::new();
    let mut ids = Vec::new();
    for grant in &grants {
        let id = grant.column_id.as_deref().unwrap_or_default();
        let column = COLUMNS
            .find(client, "column_id = $1", &[&id])
            .await?
            .ok_or_else(|| AdminError::NoObject(format!("Cannot find a column with ID {id}")))?;
        let text = |key: &str| column[key].as_str().unwrap_or_default().to_owned();
        let relation = super::qualified(&text("relation_schema"), &text("relation_name"));
        let name = format!(" ({})", quote(&text("column_name")));
        let privilege = keyword("privilege_type", &grant.privilege_type, &known)?;
        statements.push(statement(verb, privilege, &name, &relation, grant));
        ids.push(id.to_owned());
    }
    execute(client, &statements).await?;
    listed(client, &COLUMNS, "column_id", &ids).await
}

fn statement(verb: Verb, privilege: &str, column: &str, relation: &str, grant: &Grant) -> String {
    let grantee = match grant.grantee.to_ascii_lowercase().as_str() {
        "public" => "public".to_owned(),
        _ => quote(&grant.grantee),
    };
    match verb {
        Verb::Grant => {
            let option = if grant.is_grantable {
                " with grant option"
            } else {
                ""
            };
            format!("grant {privilege}{column} on {relation} to {grantee}{option}")
        }
        Verb::Revoke => format!("revoke {privilege}{column} on {relation} from {grantee}"),
    }
}

async fn relation(client: &Client, id: i64) -> Result<String, AdminError> {
    let row = client
        .query_opt(
            "select n.nspname::text, c.relname::text
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.oid::int8 = $1",
            &[&id],
        )
        .await?;
    let row =
        row.ok_or_else(|| AdminError::NoObject(format!("Cannot find a table with ID {id}")))?;
    Ok(super::qualified(row.get(0), row.get(1)))
}

/// The grants on what was named.
async fn listed(
    client: &Client,
    listing: &Listing,
    key: &str,
    ids: &[String],
) -> Result<String, AdminError> {
    // Numbers, or numbers with a dot: read back out of the database by now.
    let list: Vec<String> = ids
        .iter()
        .map(|id| hearth_pg::identifier::literal(id))
        .collect();
    if list.is_empty() {
        return Ok("[]".to_owned());
    }
    let condition = format!("{key}::text in ({})", list.join(", "));
    listing
        .list(client, &Filter::everything(), &condition)
        .await
}

//! Functions.

use hearth_pg::identifier::quote;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio_postgres::Client;

use super::{Listing, execute, keyword, literal, qualified, read};
use crate::error::AdminError;

pub(crate) const FUNCTIONS: Listing = Listing {
    sql: include_str!("../sql/functions.sql"),
    columns: "*",
    schema: Some("schema"),
    order: "schema, name, id",
    noun: "function",
    with_columns: false,
};

#[derive(Deserialize)]
struct Old {
    id: i64,
    schema: String,
    name: String,
    language: String,
    argument_types: String,
    identity_argument_types: String,
    return_type: String,
    behavior: String,
    security_definer: bool,
    config_params: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct New {
    name: String,
    schema: Option<String>,
    /// Each as SQL: `a integer default 1`.
    #[serde(default)]
    args: Vec<String>,
    definition: String,
    return_type: Option<String>,
    language: Option<String>,
    behavior: Option<String>,
    #[serde(default)]
    security_definer: bool,
    #[serde(default)]
    config_params: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    schema: Option<String>,
    definition: Option<String>,
}

struct Parts<'p> {
    verb: &'static str,
    name: String,
    arguments: &'p str,
    return_type: &'p str,
    definition: &'p str,
    language: &'p str,
    behavior: &'p str,
    security_definer: bool,
    config: Option<&'p Map<String, Value>>,
}

impl Parts<'_> {
    fn sql(&self) -> Result<String, AdminError> {
        let behavior = keyword(
            "behavior",
            self.behavior,
            &["VOLATILE", "STABLE", "IMMUTABLE"],
        )?;
        let security = if self.security_definer {
            "security definer"
        } else {
            "security invoker"
        };
        let mut sql = format!(
            "{} function {}({}\n) returns {} language {} {behavior} called on null input {security}",
            self.verb,
            self.name,
            self.arguments,
            self.return_type,
            quote(self.language),
        );
        for (name, value) in self.config.into_iter().flatten() {
            sql.push_str(&setting(name, value));
        }
        sql.push_str(&format!(" as {}", literal(self.definition)));
        Ok(sql)
    }
}

/// `set name to …`. The items of a list such as search_path are texts each.
fn setting(name: &str, value: &Value) -> String {
    let name: Vec<String> = name.split('.').map(quote).collect();
    let name = name.join(".");
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text == "FROM CURRENT" {
        return format!(" set {name} from current");
    }
    let items: Vec<String> = text
        .split(',')
        .map(|item| literal(item.trim().trim_matches(['"', '\''])))
        .collect();
    format!(" set {name} to {}", items.join(", "))
}

/// Makes a function.
pub(crate) async fn create(client: &Client, body: Value) -> Result<Value, AdminError> {
    let new: New = read(body)?;
    let schema = new.schema.as_deref().unwrap_or("public");
    let statement = Parts {
        verb: "create",
        name: qualified(schema, &new.name),
        arguments: &new.args.join(", "),
        return_type: new.return_type.as_deref().unwrap_or("void"),
        definition: &new.definition,
        language: new.language.as_deref().unwrap_or("sql"),
        behavior: new.behavior.as_deref().unwrap_or("VOLATILE"),
        security_definer: new.security_definer,
        config: new.config_params.as_ref(),
    };
    execute(client, &[statement.sql()?]).await?;
    // The youngest of that name: `create` without `or replace` made it.
    let row = client
        .query_one(
            "select max(p.oid::int8) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = $1 and p.proname = $2 and p.xmin::text::int8 = (
                 select max(q.xmin::text::int8) from pg_proc q
                 where q.pronamespace = n.oid and q.proname = p.proname)",
            &[&schema, &new.name],
        )
        .await?;
    let id: Option<i64> = row.get(0);
    FUNCTIONS
        .by_id(client, &id.unwrap_or_default().to_string())
        .await
}

/// Changes a function's body, name or schema.
pub(crate) async fn update(client: &Client, id: &str, body: Value) -> Result<Value, AdminError> {
    let (_, old): (_, Old) = FUNCTIONS.old(client, id).await?;
    let change: Change = read(body)?;
    let mut statements = Vec::new();
    if let Some(definition) = &change.definition {
        let replace = Parts {
            verb: "create or replace",
            name: qualified(&old.schema, &old.name),
            arguments: &old.argument_types,
            return_type: &old.return_type,
            definition,
            language: &old.language,
            behavior: &old.behavior,
            security_definer: old.security_definer,
            config: old.config_params.as_ref(),
        };
        statements.push(replace.sql()?);
    }
    let arguments = &old.identity_argument_types;
    let name = change.name.as_deref().unwrap_or(&old.name);
    if name != old.name {
        let function = qualified(&old.schema, &old.name);
        statements.push(format!(
            "alter function {function}({arguments}) rename to {}",
            quote(name)
        ));
    }
    if let Some(schema) = change.schema.as_deref().filter(|s| *s != old.schema) {
        let function = qualified(&old.schema, name);
        statements.push(format!(
            "alter function {function}({arguments}) set schema {}",
            quote(schema)
        ));
    }
    execute(client, &statements).await?;
    FUNCTIONS.by_id(client, &old.id.to_string()).await
}

/// Drops a function.
pub(crate) async fn remove(client: &Client, id: &str, cascade: bool) -> Result<Value, AdminError> {
    let (value, old): (_, Old) = FUNCTIONS.old(client, id).await?;
    let function = qualified(&old.schema, &old.name);
    let behaviour = if cascade { "cascade" } else { "restrict" };
    let arguments = &old.identity_argument_types;
    let statement = format!("drop function {function}({arguments}) {behaviour}");
    execute(client, &[statement]).await?;
    Ok(value)
}

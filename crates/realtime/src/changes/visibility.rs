//! Which rows a caller sees, where the policies themselves do not tell (`rule`). PostgreSQL decides;
//! it is asked once per caller and batch.
//!
//! It is asked about the row as the log has it, new or old: the policies' own expressions are
//! evaluated over it with the caller's rights, so that what has changed since does not matter and a
//! row that is gone can be judged too. Where the log does not have the whole row, or a policy needs
//! more than its values, the row is looked for in the table by its primary key.

use hearth_apps::App;
use hearth_core::Claims;
use hearth_pg::{Access, PgError, Rights, TextParam, identifier, scope};

use super::binding::SEARCH_PATH;
use super::catalog::Table;
use super::filter::{Filter, Op};

/// The statement that answers which of many primary keys the caller sees. Its parameters are one
/// array of texts for each column of the key.
pub fn by_key(table: &Table) -> String {
    let mut conditions = String::new();
    for (index, column) in table.key().enumerate() {
        let quoted = identifier::quote(&column.name);
        let and = if index > 0 { " and " } else { "" };
        let number = index + 1;
        conditions.push_str(&format!(
            "{and}t.{quoted} = k.k{number}::{}",
            column.type_sql
        ));
    }
    let (arrays, names) = arrays(table.key().count());
    format!(
        "select k.n::int4 from unnest({arrays}) with ordinality as k ({names}, n) \
         where exists (select from {} as t where {conditions})",
        table.sql()
    )
}

/// The statement that answers which of many rows of the table meet `condition`, the rows being
/// given: one array of texts for each column. They stand under the table's name, as policies have
/// it.
pub fn by_row(table: &Table, condition: &str) -> String {
    let mut columns = String::new();
    for (index, column) in table.columns.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let (number, quoted) = (index + 1, identifier::quote(&column.name));
        columns.push_str(&format!(
            "{comma}k.k{number}::{} as {quoted}",
            column.type_sql
        ));
    }
    let (arrays, names) = arrays(table.columns.len());
    let name = identifier::quote(&table.name);
    format!(
        "select k.n::int4 from unnest({arrays}) with ordinality as k ({names}, n) \
         where exists (select from (select {columns}) as {name} where {condition})"
    )
}

fn arrays(count: usize) -> (String, String) {
    let arrays: Vec<String> = (1..=count).map(|n| format!("${n}::text[]")).collect();
    let names: Vec<String> = (1..=count).map(|n| format!("k{n}")).collect();
    (arrays.join(", "), names.join(", "))
}

/// Asks which of the rows the caller sees, by a statement of [`by_key`] or [`by_row`] and a list of
/// values per column. Returns their numbers, from 0.
///
/// # Errors
/// A lost connection, or a policy that fails.
pub async fn ask(
    app: &App,
    claims: &Claims,
    statement: &str,
    columns: &[Vec<Option<&str>>],
) -> Result<Vec<usize>, PgError> {
    let client = app.database.caller().await?;
    let rights = Rights {
        role: claims.role().unwrap_or("anon"),
        claims: claims.as_json(),
        search_path: SEARCH_PATH,
        request: Default::default(),
    };
    let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        columns.iter().map(|column| column as _).collect();
    let rows = scope::run(&client, Access::ReadOnly, &rights, statement, &params).await?;
    Ok(rows
        .iter()
        .map(|row| row.get::<_, i32>(0) as usize - 1)
        .collect())
}

/// Judges a value by a filter that only PostgreSQL can judge, with the caller's rights.
///
/// # Errors
/// A lost connection, or a comparison that fails.
pub async fn compare(
    app: &App,
    claims: &Claims,
    type_sql: &str,
    filter: &Filter,
    value: &str,
) -> Result<bool, PgError> {
    let client = app.database.caller().await?;
    let rights = Rights {
        role: claims.role().unwrap_or("anon"),
        claims: claims.as_json(),
        search_path: SEARCH_PATH,
        request: Default::default(),
    };
    let sql = comparison(type_sql, filter);
    let first = filter.values.first().map_or("", String::as_str);
    let value = TextParam::new(value);
    let rows = if filter.spec.op == Op::In {
        scope::run(
            &client,
            Access::ReadOnly,
            &rights,
            &sql,
            &[&value, &filter.values],
        )
        .await?
    } else {
        let first = TextParam::new(first);
        scope::run(&client, Access::ReadOnly, &rights, &sql, &[&value, &first]).await?
    };
    let verdict = rows.first().and_then(|row| row.get::<_, Option<bool>>(0));
    Ok(verdict.is_some_and(|verdict| verdict != filter.spec.negate))
}

/// The statement of [`compare`]. Names and operators only; values are bound.
fn comparison(type_sql: &str, filter: &Filter) -> String {
    let op = filter.spec.op;
    match op {
        Op::In => format!("select $1::text::{type_sql} = any($2::text[]::{type_sql}[])"),
        _ => format!(
            "select $1::text::{type_sql} {} $2::text::{type_sql}",
            op.sql()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::catalog::example;

    #[test]
    fn names_are_quoted_in_the_question() {
        assert_eq!(
            by_key(&example()),
            "select k.n::int4 from unnest($1::text[]) with ordinality as k (k1, n) where exists \
             (select from \"public\".\"a\"\"b\" as t where t.\"id\" = k.k1::\"pg_catalog\".\"int8\")"
        );
        let types = ["int8", "uuid", "text"];
        let [id, owner, note] = types.map(|name| format!("\"pg_catalog\".\"{name}\""));
        assert_eq!(
            by_row(&example(), "(owner IS NULL)"),
            format!(
                "select k.n::int4 from unnest($1::text[], $2::text[], $3::text[]) with ordinality \
                 as k (k1, k2, k3, n) where exists (select from (select k.k1::{id} as \"id\", \
                 k.k2::{owner} as \"owner\", k.k3::{note} as \"note\") as \"a\"\"b\" where \
                 (owner IS NULL))"
            )
        );
    }
}

//! Which rows a caller sees. PostgreSQL decides; it is asked once per caller and batch, and not at
//! all where the answer can be read off the policies.

use std::sync::Arc;

use hearth_apps::App;
use hearth_core::Claims;
use hearth_pg::{Access, PgError, Rights, TextParam, scope};

use super::binding::SEARCH_PATH;
use super::catalog::Table;
use super::filter::{Filter, Op};

/// A policy for SELECT that applies to a role.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Permissive, not restrictive.
    pub permissive: bool,
    /// Its expression as PostgreSQL writes it.
    pub expression: String,
}

/// Which rows of a table a role sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// All: no row level security, a role beyond it, or a policy that is true.
    Everybody,
    /// None: no policy applies.
    Nobody,
    /// All, for callers that are somebody (`auth.uid() is not null`).
    SignedIn,
    /// Those that carry the caller's `sub` in one of these columns.
    Owner(Vec<Arc<str>>),
    /// PostgreSQL has to be asked.
    Ask,
}

impl Rule {
    /// What `policies` come to for `role`.
    pub fn of(policies: &[Policy], table: &Table, role: &str) -> Self {
        let mut owners = Vec::new();
        let (mut permitted, mut signed_in, mut ask) = (false, false, false);
        for policy in policies {
            let meaning = Meaning::of(&policy.expression, table, role);
            match (policy.permissive, meaning) {
                (true, Meaning::True) => permitted = true,
                (true, Meaning::False) | (false, Meaning::True) => {}
                (true, Meaning::SignedIn) => signed_in = true,
                (true, Meaning::Owner(column)) => owners.push(column),
                (true, Meaning::Other) => ask = true,
                (false, Meaning::False) => return Self::Nobody,
                // A restriction that depends on the row or the caller.
                (false, _) => return Self::restricted(policies),
            }
        }
        match (permitted, ask, signed_in, owners.is_empty()) {
            (true, ..) => Self::Everybody,
            (false, true, ..) => Self::Ask,
            (false, false, true, true) => Self::SignedIn,
            (false, false, false, false) => Self::Owner(owners),
            // Whoever is somebody sees all, so that owning adds nothing.
            (false, false, true, false) => Self::SignedIn,
            (false, false, false, true) => Self::Nobody,
        }
    }

    /// Restrictions only take away: without a permissive policy there is nothing to ask about.
    fn restricted(policies: &[Policy]) -> Self {
        let permissive = policies
            .iter()
            .any(|p| p.permissive && p.expression != "false");
        if permissive { Self::Ask } else { Self::Nobody }
    }
}

/// What a policy's expression means, where it has one of the forms that need no question. Users
/// cannot replace the functions of schema `auth`.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    True,
    False,
    SignedIn,
    Owner(Arc<str>),
    Other,
}

impl Meaning {
    fn of(expression: &str, table: &Table, role: &str) -> Self {
        match expression {
            "true" => return Self::True,
            "false" => return Self::False,
            _ => {}
        }
        let inner = expression
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'));
        let Some(inner) = inner else {
            return Self::Other;
        };
        if matches!(
            inner,
            "auth.uid() IS NOT NULL" | "( SELECT auth.uid() AS uid) IS NOT NULL"
        ) {
            return Self::SignedIn;
        }
        let wanted = inner
            .strip_prefix("auth.role() = '")
            .or_else(|| inner.strip_prefix("( SELECT auth.role() AS role) = '"))
            .and_then(|rest| rest.strip_suffix("'::text"));
        if let Some(wanted) = wanted
            && !wanted.contains('\'')
        {
            return if wanted == role {
                Self::True
            } else {
                Self::False
            };
        }
        owner_column(expression, table).map_or(Self::Other, Self::Owner)
    }
}

/// The column of a policy `auth.uid() = column` over a uuid column, in the forms that PostgreSQL
/// writes it; anything else is not recognised.
fn owner_column(expression: &str, table: &Table) -> Option<Arc<str>> {
    let inner = expression.strip_prefix('(')?.strip_suffix(')')?;
    let (left, right) = inner.split_once(" = ")?;
    let is_caller = |side: &str| {
        matches!(
            side,
            "auth.uid()" | "( SELECT auth.uid() AS uid)" | "(SELECT auth.uid() AS uid)"
        )
    };
    let column = match (is_caller(left), is_caller(right)) {
        (true, false) => right,
        (false, true) => left,
        _ => return None,
    };
    let name = match column
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => column.to_owned(),
    };
    let column = table.column(&name)?;
    (column.type_sql == "\"pg_catalog\".\"uuid\"").then(|| column.name.clone())
}

/// The statement that answers which of many primary keys the caller sees.
pub fn statement(table: &Table) -> String {
    let mut arrays = String::new();
    let mut names = String::new();
    let mut conditions = String::new();
    for (index, column) in table.key().enumerate() {
        let number = index + 1;
        if index > 0 {
            arrays.push_str(", ");
            names.push_str(", ");
            conditions.push_str(" and ");
        }
        arrays.push_str(&format!("${number}::text[]"));
        names.push_str(&format!("k{number}"));
        let quoted = hearth_pg::identifier::quote(&column.name);
        conditions.push_str(&format!("t.{quoted} = k.k{number}::{}", column.type_sql));
    }
    format!(
        "select k.n::int4 from unnest({arrays}) with ordinality as k ({names}, n) \
         where exists (select from {} as t where {conditions})",
        table.sql()
    )
}

/// Asks which of the rows the caller sees. `keys` has one list per column of the primary key.
/// Returns their numbers, from 0.
///
/// # Errors
/// A lost connection, or a policy that fails.
pub async fn ask(
    app: &App,
    claims: &Claims,
    table: &Table,
    keys: &[Vec<&str>],
) -> Result<Vec<usize>, PgError> {
    let client = app.database.caller().await?;
    let rights = Rights {
        role: claims.role().unwrap_or("anon"),
        claims: claims.as_json(),
        search_path: SEARCH_PATH,
        request: Default::default(),
    };
    let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        keys.iter().map(|column| column as _).collect();
    let rows = scope::run(
        &client,
        Access::ReadOnly,
        &rights,
        &statement(table),
        &params,
    )
    .await?;
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
    use crate::changes::catalog::Column;
    use crate::changes::render::Form;

    fn table() -> Table {
        let column = |name: &str, type_name: &str, key| Column {
            name: name.into(),
            type_name: type_name.into(),
            type_sql: format!("\"pg_catalog\".\"{type_name}\""),
            form: Form::Text,
            key,
        };
        Table {
            schema: "public".into(),
            name: "a\"b".into(),
            secured: true,
            columns: vec![
                column("id", "int8", true),
                column("owner", "uuid", false),
                column("note", "text", false),
            ],
        }
    }

    fn rule(policies: &[(bool, &str)]) -> Rule {
        let policies: Vec<Policy> = policies
            .iter()
            .map(|(permissive, expression)| Policy {
                permissive: *permissive,
                expression: (*expression).to_owned(),
            })
            .collect();
        Rule::of(&policies, &table(), "authenticated")
    }

    #[test]
    fn constant_policies_need_no_question() {
        assert_eq!(rule(&[]), Rule::Nobody);
        assert_eq!(rule(&[(true, "true")]), Rule::Everybody);
        assert_eq!(
            rule(&[(true, "(note = 'x'::text)"), (true, "true")]),
            Rule::Everybody
        );
        assert_eq!(
            rule(&[(true, "true"), (false, "(note = 'x'::text)")]),
            Rule::Ask
        );
        assert_eq!(rule(&[(false, "true")]), Rule::Nobody);
        assert_eq!(
            rule(&[(true, "(auth.uid() = owner)")]),
            Rule::Owner(vec!["owner".into()])
        );
        assert_eq!(
            rule(&[(true, "(( SELECT auth.uid() AS uid) = owner)")]),
            Rule::Owner(vec!["owner".into()])
        );
        assert_eq!(rule(&[(true, "((auth.uid())::text = note)")]), Rule::Ask);
        assert_eq!(
            rule(&[(true, "(auth.role() = 'authenticated'::text)")]),
            Rule::Everybody
        );
        assert_eq!(
            rule(&[(true, "(auth.role() = 'anon'::text)")]),
            Rule::Nobody
        );
        assert_eq!(rule(&[(true, "(auth.uid() IS NOT NULL)")]), Rule::SignedIn);
        assert_eq!(rule(&[(true, "true"), (false, "false")]), Rule::Nobody);
        assert_eq!(rule(&[(false, "(note = 'x'::text)")]), Rule::Nobody);
        assert_eq!(
            rule(&[(true, "(auth.uid() = owner)"), (true, "(note = 'x'::text)")]),
            Rule::Ask
        );
    }

    #[test]
    fn names_are_quoted_in_the_question() {
        assert_eq!(
            statement(&table()),
            "select k.n::int4 from unnest($1::text[]) with ordinality as k (k1, n) where exists \
             (select from \"public\".\"a\"\"b\" as t where t.\"id\" = k.k1::\"pg_catalog\".\"int8\")"
        );
    }
}

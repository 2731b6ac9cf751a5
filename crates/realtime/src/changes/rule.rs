//! What the policies of a table come to for a role: read off their expressions where these have one
//! of the usual forms, so that PostgreSQL need not be asked. No I/O.

use std::sync::Arc;

use super::catalog::Table;

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

/// The condition that `policies` together put on a row, as SQL text: one of the permissive ones and
/// all of the restrictive ones.
pub fn condition(policies: &[Policy]) -> String {
    let list = |permissive: bool, between: &str| {
        let expressions = policies.iter().filter(|p| p.permissive == permissive);
        let expressions: Vec<&str> = expressions.map(|p| p.expression.as_str()).collect();
        expressions.join(between)
    };
    let mut out = format!("({})", list(true, ") or ("));
    for policy in policies.iter().filter(|policy| !policy.permissive) {
        out = format!("({out}) and ({})", policy.expression);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::catalog::example;

    fn rule(policies: &[(bool, &str)]) -> Rule {
        let policies: Vec<Policy> = policies
            .iter()
            .map(|(permissive, expression)| Policy {
                permissive: *permissive,
                expression: (*expression).to_owned(),
            })
            .collect();
        Rule::of(&policies, &example(), "authenticated")
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
    fn policies_are_joined_as_postgres_joins_them() {
        let policy = |permissive, expression: &str| Policy {
            permissive,
            expression: expression.to_owned(),
        };
        let policies = [
            policy(true, "a"),
            policy(false, "b"),
            policy(true, "c"),
            policy(false, "d"),
        ];
        assert_eq!(condition(&policies), "(((a) or (c)) and (b)) and (d)");
    }
}

//! How many rows there are without limit and offset: `select 1 …`, so that nothing is computed that
//! is not needed to decide. An inner-joined resource becomes `exists`.

use crate::plan::types::ReadNode;
use crate::request::types::JoinType;

use super::fragment;
use super::read::{from, row_source};
use super::snippet::Snippet;

/// The rows that count.
pub(super) fn rows(sql: &mut Snippet, node: &ReadNode) {
    sql.push("select 1");
    from(sql, node);
    let table = row_source(node);
    let mut first = true;
    let mut and = |sql: &mut Snippet| {
        sql.push(if std::mem::take(&mut first) {
            " where "
        } else {
            " and "
        });
    };
    for condition in &node.conditions {
        and(sql);
        fragment::conditions(sql, &table, condition, &|sql, negated, alias| {
            let Some(child) = node.children.iter().find(|c| c.row_alias == alias) else {
                sql.push("true");
                return;
            };
            sql.push(if negated { "exists (" } else { "not exists (" });
            rows(sql, child);
            sql.push(")");
        });
    }
    for join in &node.joins {
        and(sql);
        fragment::join_condition(sql, join);
    }
    for child in node
        .children
        .iter()
        .filter(|child| child.join == Some(JoinType::Inner))
    {
        and(sql);
        sql.push("exists (");
        rows(sql, child);
        sql.push(")");
    }
}

//! A tree of resources as one `select`: each embedded resource is a lateral join.

use crate::plan::types::{ReadNode, RelationSelect, SelectField, Spread, TypedField};
use crate::request::types::JoinType;
use crate::schema_cache::model::Qualified;
use crate::schema_cache::relationships::{Cardinality, Relationship};

use super::fragment;
use super::snippet::Snippet;

/// What the resource's rows go by in its own query.
pub(super) fn row_source(node: &ReadNode) -> Qualified {
    match (node.relationship.as_deref(), &node.from_alias) {
        (_, Some(alias)) => Qualified::bare(alias),
        (Some(Relationship::Computed(computed)), None) => Qualified::bare(&computed.function.name),
        (_, None) => node.from.clone(),
    }
}

/// ` from …`, with the junction of a many-to-many relationship.
pub(super) fn from(sql: &mut Snippet, node: &ReadNode) {
    sql.push(" from ");
    match (node.relationship.as_deref(), &node.parent_alias) {
        (Some(Relationship::Computed(computed)), Some(parent)) => {
            // The cast chooses between functions of one name: rows of a write or call have no
            // named type.
            sql.qualified(&computed.function)
                .push("(")
                .name(parent)
                .push("::");
            sql.qualified(&computed.table).push(")");
        }
        _ => {
            sql.qualified(&node.from);
        }
    }
    if let Some(alias) = &node.from_alias {
        sql.push(" as ").name(alias);
    }
    if let Some(Relationship::Key(key)) = node.relationship.as_deref()
        && let Cardinality::ManyToMany(junction) = &key.cardinality
    {
        sql.push(", ").qualified(&junction.table);
    }
}

/// The whole query of a resource.
pub(super) fn query(sql: &mut Snippet, node: &ReadNode) {
    let table = row_source(node);
    sql.push("select ");
    selection(sql, node, &table);
    from(sql, node);
    for relation in &node.relation_select {
        let child = node
            .children
            .iter()
            .find(|child| child.row_alias == relation.alias());
        if let Some(child) = child {
            join(sql, relation, child);
        }
    }
    conditions(sql, node, &table);
    group_by(sql, node, &table);
    fragment::order_by(sql, &table, &node.order);
    fragment::limit(sql, node.range);
}

fn selection(sql: &mut Snippet, node: &ReadNode, table: &Qualified) {
    let mut first = true;
    let mut next = |sql: &mut Snippet| {
        if !std::mem::take(&mut first) {
            sql.push(", ");
        }
    };
    // Nothing selected and nothing embedded: rows are still rows, they are left out above.
    let everything;
    let fields = if node.select.is_empty() && node.children.is_empty() {
        everything = [SelectField {
            field: TypedField::unknown("*", Vec::new()),
            aggregate: None,
            aggregate_cast: None,
            cast: None,
            alias: None,
        }];
        &everything[..]
    } else {
        &node.select[..]
    };
    for field in fields {
        next(sql);
        fragment::select_field(sql, table, field);
    }
    if let Some(Spread::ToMany { extra, .. }) = &node.spread {
        for (relation, field) in extra {
            next(sql);
            let of = relation.as_ref().map(Qualified::bare);
            fragment::select_field(sql, of.as_ref().unwrap_or(table), field);
        }
    }
    for relation in &node.relation_select {
        match relation {
            RelationSelect::Json { empty: true, .. } => {}
            RelationSelect::Json {
                name,
                alias,
                object: true,
                ..
            } => {
                next(sql);
                sql.push("row_to_json(")
                    .name(alias)
                    .push(".*)::jsonb as ")
                    .name(name);
            }
            RelationSelect::Json { name, alias, .. } => {
                next(sql);
                sql.push("coalesce(")
                    .name(alias)
                    .push(".")
                    .name(alias)
                    .push(", '[]') as ");
                sql.name(name);
            }
            RelationSelect::Spread { fields, alias } => {
                for field in fields {
                    next(sql);
                    fragment::spread_field(sql, alias, field);
                }
            }
        }
    }
}

fn join(sql: &mut Snippet, relation: &RelationSelect, child: &ReadNode) {
    let inner = child.join == Some(JoinType::Inner);
    let alias = relation.alias();
    sql.push(if inner {
        " inner join lateral ("
    } else {
        " left join lateral ("
    });
    let as_array = match (relation, &child.spread) {
        (RelationSelect::Json { object, .. }, _) => (!object).then_some((&[][..], &[][..])),
        (RelationSelect::Spread { fields, .. }, Some(Spread::ToMany { order, .. })) => {
            Some((&fields[..], &order[..]))
        }
        (RelationSelect::Spread { .. }, _) => None,
    };
    let Some((fields, order)) = as_array else {
        query(sql, child);
        sql.push(") as ").name(alias).push(" on true");
        return;
    };
    sql.push("select json_agg(")
        .name(alias)
        .push(")::jsonb as ")
        .name(alias);
    for field in fields {
        sql.push(", ");
        fragment::spread_array(sql, alias, order, field);
    }
    sql.push(" from (");
    query(sql, child);
    sql.push(") as ")
        .name(alias)
        .push(") as ")
        .name(alias)
        .push(" on ");
    if inner {
        sql.name(alias).push(" is not null");
    } else {
        sql.push("true");
    }
}

fn conditions(sql: &mut Snippet, node: &ReadNode, table: &Qualified) {
    if node.conditions.is_empty() && node.joins.is_empty() {
        return;
    }
    sql.push(" where ");
    sql.list(" and ", &node.conditions, |sql, condition| {
        fragment::conditions(sql, table, condition, &fragment::joined_null_embed);
    });
    if !node.conditions.is_empty() && !node.joins.is_empty() {
        sql.push(" and ");
    }
    sql.list(" and ", &node.joins, fragment::join_condition);
}

enum Group<'a> {
    Name(&'a str),
    Field(&'a SelectField),
    Column(&'a str, &'a str),
}

fn group_by(sql: &mut Snippet, node: &ReadNode, table: &Qualified) {
    let spread_aggregates = node.relation_select.iter().any(|relation| match relation {
        RelationSelect::Spread { fields, .. } => fields.iter().any(|f| f.aggregate.is_some()),
        RelationSelect::Json { .. } => false,
    });
    if !spread_aggregates && node.select.iter().all(|field| field.aggregate.is_none()) {
        return;
    }
    let mut terms = Vec::new();
    for field in node.select.iter().filter(|field| field.aggregate.is_none()) {
        terms.push(
            field
                .alias
                .as_deref()
                .map_or(Group::Field(field), Group::Name),
        );
    }
    for relation in &node.relation_select {
        match relation {
            RelationSelect::Json { name, .. } => terms.push(Group::Name(name)),
            RelationSelect::Spread { fields, alias } => {
                let plain = fields.iter().filter(|field| field.aggregate.is_none());
                terms.extend(plain.map(|field| {
                    Group::Column(alias, field.alias.as_ref().unwrap_or(&field.name))
                }));
            }
        }
    }
    if terms.is_empty() {
        return;
    }
    sql.push(" group by ")
        .list(", ", terms, |sql, term| match term {
            Group::Name(name) => {
                sql.name(name);
            }
            Group::Field(field) => fragment::field(sql, table, &field.field),
            Group::Column(alias, column) => {
                sql.name(alias).push(".").name(column);
            }
        });
}

//! Embedding: which relationship a name in `select` means, and what joins the two resources.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{RestError, fuzzy};
use crate::schema_cache::model::{Qualified, SchemaCache};
use crate::schema_cache::relationships::{Cardinality, KeyRelationship, Relationship};

use super::read::SOURCE;
use super::types::{JoinCondition, ReadNode, RelationSelect, Spread, SpreadField};

/// Finds the relationship of each embedded resource, from the root inwards. `is_source` says that
/// the root's rows come out of a write or call.
pub(super) fn add_relationships(
    root: &mut ReadNode,
    is_source: bool,
    schema: &str,
    cache: &SchemaCache,
) -> Result<(), RestError> {
    if is_source {
        root.from_alias = Some(root.from.name.clone());
        root.from = Qualified::bare(SOURCE);
    }
    add_to_children(root, schema, cache)
}

fn add_to_children(
    parent: &mut ReadNode,
    schema: &str,
    cache: &SchemaCache,
) -> Result<(), RestError> {
    let parent_alias = parent.from_alias.clone();
    let parent_name = parent.from.name.clone();
    for child in &mut parent.children {
        // Directly below the root the source of a write or call goes by the table's name.
        let origin = match &parent_alias {
            Some(alias) if child.depth == 1 => alias,
            _ => &parent_name,
        };
        let relationship = find(schema, cache, origin, &child.name, child.hint.as_deref())?;
        connect(child, relationship, parent_alias.as_deref());
        add_to_children(child, schema, cache)?;
    }
    Ok(())
}

fn connect(child: &mut ReadNode, relationship: Arc<Relationship>, parent_alias: Option<&str>) {
    let foreign = relationship.foreign();
    let alias = format!("{}_{}", foreign.name, child.depth);
    child.row_alias = format!(
        "{}_{}_{}",
        relationship.table().name,
        child.shown_name(),
        child.depth
    );
    child.from = foreign.clone();
    if child.spread.is_some() && !relationship.is_to_one() {
        child.spread = Some(Spread::ToMany {
            extra: Vec::new(),
            order: Vec::new(),
        });
    }
    match relationship.as_ref() {
        Relationship::Computed(computed) => {
            child.parent_alias =
                Some(parent_alias.map_or_else(|| computed.table.name.clone(), str::to_owned));
            child.from_alias = Some(alias);
        }
        Relationship::Key(key) => {
            // A junction joins without an alias of its own.
            let alias = (!matches!(key.cardinality, Cardinality::ManyToMany(_))).then_some(alias);
            child.joins = join_conditions(key, alias.as_deref(), parent_alias);
            child.from_alias = alias;
        }
    }
    child.relationship = Some(relationship);
}

fn join_conditions(
    key: &KeyRelationship,
    alias: Option<&str>,
    parent_alias: Option<&str>,
) -> Vec<JoinCondition> {
    let schema = &key.table.schema;
    let named = |alias: Option<&str>, table: &str| match alias {
        Some(alias) => Qualified::bare(alias),
        None => Qualified::new(schema, table),
    };
    match &key.cardinality {
        Cardinality::ManyToMany(junction) => {
            let middle = Qualified::new(schema, &junction.table.name);
            let target = junction
                .target_columns
                .iter()
                .map(|(column, joined)| JoinCondition {
                    left: (middle.clone(), joined.clone()),
                    right: (Qualified::new(schema, &key.foreign.name), column.clone()),
                });
            let source = junction
                .source_columns
                .iter()
                .map(|(column, joined)| JoinCondition {
                    left: (middle.clone(), joined.clone()),
                    right: (named(parent_alias, &key.table.name), column.clone()),
                });
            target.chain(source).collect()
        }
        Cardinality::OneToMany { columns, .. }
        | Cardinality::ManyToOne { columns, .. }
        | Cardinality::OneToOne { columns, .. } => columns
            .iter()
            .map(|(own, other)| JoinCondition {
                left: (named(alias, &key.foreign.name), other.clone()),
                right: (named(parent_alias, &key.table.name), own.clone()),
            })
            .collect(),
    }
}

/// The one relationship that leads from `origin` to `target`, by name, or as `hint` says.
fn find(
    schema: &str,
    cache: &SchemaCache,
    origin: &str,
    target: &str,
    hint: Option<&str>,
) -> Result<Arc<Relationship>, RestError> {
    let found: Vec<&Arc<Relationship>> = cache
        .relationships_of(schema, origin, schema)
        .filter(|relationship| matches(relationship, target, hint))
        .collect();
    match found.as_slice() {
        [] => Err(not_found(schema, cache, origin, target, hint)),
        [one] => Ok(Arc::clone(one)),
        several => Err(ambiguous(origin, target, several)),
    }
}

fn matches(relationship: &Relationship, target: &str, hint: Option<&str>) -> bool {
    let key = match relationship {
        Relationship::Computed(computed) => return computed.function.name == target,
        Relationship::Key(key) => key,
    };
    let cardinality = &key.cardinality;
    let single = |pick: fn(&(String, String)) -> &String, name: &str| {
        cardinality
            .columns()
            .is_some_and(|columns| columns.len() == 1 && pick(&columns[0]) == name)
    };
    let by_column = |name: &str| single(|pair| &pair.0, name);
    let by_target_column = |name: &str| single(|pair| &pair.1, name);
    let by_constraint = |name: &str| cardinality.constraint() == Some(name);
    let by_junction = |name: &str| matches!(cardinality, Cardinality::ManyToMany(junction) if junction.table.name == name);
    let by_table = target == key.foreign.name;
    let one_to_many = matches!(cardinality, Cardinality::OneToMany { .. });
    let many_to_one = matches!(cardinality, Cardinality::ManyToOne { .. });
    match (key.is_self, hint) {
        // A table that refers to itself: by its name the many, by the column the one.
        (true, None) => (by_table && one_to_many) || (by_column(target) && many_to_one),
        (true, Some(hint)) => by_table && one_to_many && by_target_column(hint),
        (false, None) => {
            by_table || (!key.foreign_is_view && (by_constraint(target) || by_column(target)))
        }
        (false, Some(hint)) => {
            by_table
                && (by_constraint(hint)
                    || by_column(hint)
                    || by_target_column(hint)
                    || by_junction(hint))
        }
    }
}

fn not_found(
    schema: &str,
    cache: &SchemaCache,
    origin: &str,
    target: &str,
    hint: Option<&str>,
) -> RestError {
    let hinted = hint
        .map(|hint| format!("' using the hint '{hint}"))
        .unwrap_or_default();
    let details = format!(
        "Searched for a foreign key relationship between '{origin}' and '{target}{hinted}' in the \
         schema '{schema}', but no matches were found."
    );
    let children: Vec<&str> = cache
        .relationships_of(schema, origin, schema)
        .map(|relationship| relationship.foreign().name.as_str())
        .collect();
    const LEAST: f64 = 0.33;
    let suggestion = if children.is_empty() {
        // Tables of any schema count that lead into this one.
        let parents = cache
            .relationships
            .values()
            .flat_map(|tables| tables.iter());
        let names = parents
            .filter(|(_, all)| all.iter().any(|r| r.target_schema() == schema))
            .map(|(name, _)| name.as_str());
        fuzzy::best(names, origin, LEAST)
            .map(|name| format!("Perhaps you meant '{name}' instead of '{origin}'."))
    } else {
        fuzzy::similar(children.into_iter(), target, LEAST)
            .into_iter()
            .find(|(score, _)| *score < 1.0)
            .map(|(_, name)| format!("Perhaps you meant '{name}' instead of '{target}'."))
    };
    RestError::NoRelationship {
        parent: origin.to_owned(),
        child: target.to_owned(),
        details,
        suggestion,
    }
}

fn ambiguous(origin: &str, target: &str, found: &[&Arc<Relationship>]) -> RestError {
    let keys = found
        .iter()
        .filter_map(|relationship| match relationship.as_ref() {
            Relationship::Key(key) => Some(key),
            Relationship::Computed(_) => None,
        });
    let described: Vec<Value> = keys.clone().map(describe).collect();
    let hints: Vec<String> = keys
        .map(|key| {
            let hint = match &key.cardinality {
                Cardinality::ManyToMany(junction) => &junction.table.name,
                Cardinality::OneToMany { constraint, .. }
                | Cardinality::ManyToOne { constraint, .. }
                | Cardinality::OneToOne { constraint, .. } => constraint,
            };
            format!("'{}!{hint}'", key.foreign.name)
        })
        .collect();
    RestError::AmbiguousRelationship {
        parent: origin.to_owned(),
        child: target.to_owned(),
        found: Box::new(Value::Array(described)),
        suggestion: format!(
            "Try changing '{target}' to one of the following: {}. Find the desired relationship \
             in the 'details' key.",
            hints.join(", ")
        ),
    }
}

fn describe(key: &KeyRelationship) -> Value {
    let list = |columns: &[(String, String)], second: bool| {
        let names: Vec<&str> = columns
            .iter()
            .map(|(own, other)| if second { other.as_str() } else { own.as_str() })
            .collect();
        format!("({})", names.join(", "))
    };
    let (cardinality, relationship) = match &key.cardinality {
        Cardinality::ManyToMany(junction) => (
            "many-to-many",
            format!(
                "{} using {}{} and {}{}",
                junction.table.name,
                junction.source_constraint,
                list(&junction.source_columns, true),
                junction.target_constraint,
                list(&junction.target_columns, true)
            ),
        ),
        Cardinality::OneToMany {
            constraint,
            columns,
        }
        | Cardinality::ManyToOne {
            constraint,
            columns,
        }
        | Cardinality::OneToOne {
            constraint,
            columns,
            ..
        } => (
            match &key.cardinality {
                Cardinality::OneToMany { .. } => "one-to-many",
                Cardinality::ManyToOne { .. } => "many-to-one",
                _ => "one-to-one",
            },
            format!(
                "{constraint} using {}{} and {}{}",
                key.table.name,
                list(columns, false),
                key.foreign.name,
                list(columns, true)
            ),
        ),
    };
    json!({
        "cardinality": cardinality,
        "embedding": format!("{} with {}", key.table.name, key.foreign.name),
        "relationship": relationship,
    })
}

/// An order by an embedded resource needs one row of it at most.
pub(super) fn resolve_related_orders(node: &mut ReadNode) -> Result<(), RestError> {
    for term in &mut node.order {
        let Some(wanted) = term.relation.as_mut() else {
            continue;
        };
        let child = node
            .children
            .iter()
            .find(|child| child.shown_name() == wanted.as_str());
        let Some(child) = child else {
            return Err(RestError::NotEmbedded {
                target: wanted.clone(),
                alias: None,
            });
        };
        if !child.relationship.as_ref().is_some_and(|r| r.is_to_one()) {
            return Err(RestError::RelatedOrder {
                origin: node.from.name.clone(),
                target: child.shown_name().to_owned(),
            });
        }
        wanted.clone_from(&child.row_alias);
    }
    node.children
        .iter_mut()
        .try_for_each(resolve_related_orders)
}

/// What each resource adds to the columns of its parent.
pub(super) fn add_relation_selects(node: &mut ReadNode) {
    node.children.iter_mut().for_each(add_relation_selects);
    node.relation_select = node.children.iter().map(relation_select).collect();
}

fn relation_select(child: &ReadNode) -> RelationSelect {
    let alias = child.row_alias.clone();
    if child.spread.is_some() {
        return RelationSelect::Spread {
            fields: spread_fields(child),
            alias,
        };
    }
    fn selects_nothing(node: &ReadNode) -> bool {
        node.select.is_empty() && node.children.iter().all(selects_nothing)
    }
    RelationSelect::Json {
        name: child.shown_name().to_owned(),
        alias,
        object: child.relationship.as_ref().is_some_and(|r| r.is_to_one()),
        empty: selects_nothing(child),
    }
}

fn spread_fields(node: &ReadNode) -> Vec<SpreadField> {
    let plain = |name: &str| SpreadField {
        name: name.to_owned(),
        aggregate: None,
        aggregate_cast: None,
        alias: None,
    };
    let mut fields: Vec<SpreadField> = node
        .select
        .iter()
        .map(|selected| plain(selected.alias.as_ref().unwrap_or(&selected.field.name)))
        .collect();
    for relation in &node.relation_select {
        match relation {
            RelationSelect::Json { name, .. } => fields.push(plain(name)),
            RelationSelect::Spread { fields: inner, .. } => fields.extend(inner.iter().cloned()),
        }
    }
    fields
}

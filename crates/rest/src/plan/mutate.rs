//! What a write does.

use std::collections::BTreeSet;

use crate::error::RestError;
use crate::request::ApiRequest;
use crate::request::payload::{Payload, Text};
use crate::request::preferences::{Missing, Representation, Resolution};
use crate::request::types::{Filter, Mutation, Operation, QuantifiedOperator};
use crate::schema_cache::model::{Qualified, SchemaCache, Table};
use crate::schema_cache::relationships::{Cardinality, Relationship};

use super::resolve::Resolver;
use super::types::{Conditions, MutatePlan, ReadNode, TypedField};

pub(super) fn plan(
    request: &ApiRequest,
    mutation: Mutation,
    table: &Table,
    cache: &SchemaCache,
    read: &ReadNode,
) -> Result<MutatePlan, RestError> {
    let target = Qualified::new(&table.schema, &table.name);
    let resolver = Resolver::new(cache, &target);
    let preferences = &request.preferences;
    let primary_key = &table.primary_key;
    let returning: Vec<String> = match preferences.representation {
        None | Some(Representation::Minimal) => Vec::new(),
        Some(_) => needed_columns(read, primary_key).into_iter().collect(),
    };
    let columns = || -> Result<Vec<TypedField>, RestError> {
        request
            .columns
            .iter()
            .map(|name| {
                resolver.input(name).ok_or_else(|| RestError::NoColumn {
                    table: table.name.clone(),
                    column: name.clone(),
                })
            })
            .collect()
    };
    let conditions = || -> Vec<Conditions> {
        let filters = request
            .query
            .root_filters()
            .map(|f| resolver.condition(f.clone()));
        let logic = request
            .query
            .logic
            .iter()
            .map(|(_, logic)| resolver.conditions(logic.clone()));
        filters.chain(logic).collect()
    };
    let body = match &request.payload {
        Some(Payload::Json(text)) => text.clone(),
        _ => Text::from(String::new()),
    };
    let defaults = preferences.missing == Some(Missing::Default);
    Ok(match mutation {
        Mutation::Create => MutatePlan::Insert {
            columns: columns()?,
            into: target,
            body,
            on_conflict: preferences.resolution.map(|resolution| {
                let keys = request.query.on_conflict.as_ref().unwrap_or(primary_key);
                (resolution, keys.clone())
            }),
            conditions: Vec::new(),
            returning,
            primary_key: primary_key.clone(),
            defaults,
        },
        Mutation::SingleUpsert => {
            if !names_whole_key(request, primary_key) {
                return Err(RestError::PutFilters);
            }
            MutatePlan::Insert {
                columns: columns()?,
                into: target,
                body,
                on_conflict: Some((Resolution::Merge, primary_key.clone())),
                conditions: conditions(),
                returning,
                primary_key: Vec::new(),
                defaults: false,
            }
        }
        Mutation::Update => MutatePlan::Update {
            columns: columns()?,
            table: target,
            body,
            conditions: conditions(),
            returning,
            defaults,
        },
        Mutation::Delete => MutatePlan::Delete {
            from: target,
            conditions: conditions(),
            returning,
        },
    })
}

/// PUT: the filters say `eq` on the columns of the primary key, all of them and nothing else.
fn names_whole_key(request: &ApiRequest, primary_key: &[String]) -> bool {
    let key: BTreeSet<&String> = primary_key.iter().collect();
    let is_equal = |filter: &Filter| {
        !filter.negated
            && matches!(
                filter.operation,
                Operation::Quantified(QuantifiedOperator::Equal, None, _)
            )
    };
    request.query.logic.is_empty()
        && !key.is_empty()
        && request.query.filter_names.iter().collect::<BTreeSet<_>>() == key
        && request.query.root_filters().all(is_equal)
}

/// Columns that a write or call must return for the answer: those selected, those that embedded
/// resources join on, and the primary key.
pub(super) fn needed_columns(read: &ReadNode, primary_key: &[String]) -> BTreeSet<String> {
    let mut columns: BTreeSet<String> = read
        .select
        .iter()
        .map(|field| field.field.name.clone())
        .collect();
    let everything = || BTreeSet::from(["*".to_owned()]);
    if columns.contains("*") {
        return everything();
    }
    for child in &read.children {
        let pairs = match child.relationship.as_deref() {
            Some(Relationship::Key(key)) => match &key.cardinality {
                Cardinality::ManyToMany(junction) => &junction.source_columns,
                Cardinality::OneToMany { columns, .. }
                | Cardinality::ManyToOne { columns, .. }
                | Cardinality::OneToOne { columns, .. } => columns,
            },
            // A function may look at any column.
            Some(Relationship::Computed(_)) => return everything(),
            None => continue,
        };
        columns.extend(pairs.iter().map(|(own, _)| own.clone()));
    }
    columns.extend(primary_key.iter().cloned());
    columns
}

//! What a plan's statement touches besides its rows: whether anything of users' own runs, which
//! could leave something in its session, or see what else the caller sent.

use hearth_pg::Footprint;

use crate::request::types::Logic;
use crate::schema_cache::model::{Qualified, SchemaCache};
use crate::schema_cache::quiet::Footprints;
use crate::schema_cache::relationships::{Cardinality, Relationship};

use super::types::{Condition, Conditions, DbPlan, MutatePlan, ReadNode, Statement, TypedField};

/// What the statement of `plan` may touch. Only of reads and inserts is anything known; whatever
/// is not known is open.
pub fn of(plan: &DbPlan, cache: &SchemaCache) -> Footprint {
    // Nobody would tell us of a policy that was added a moment ago.
    if !cache.notifies_ddl {
        return Footprint::Open;
    }
    match &plan.statement {
        Statement::Read { read, .. } => of_read(read, cache),
        Statement::Mutate { read, mutate, .. } => of_write(read, mutate, cache),
        Statement::Call { .. } => Footprint::Open,
    }
}

fn of_table(table: &Qualified, cache: &SchemaCache) -> Footprints {
    let table = cache.table(&table.schema, &table.name);
    table.map(|table| table.footprints).unwrap_or_default()
}

fn of_read(node: &ReadNode, cache: &SchemaCache) -> Footprint {
    if !reads_columns(node) {
        return Footprint::Open;
    }
    let between = match node.relationship.as_deref() {
        None => Footprint::Quiet,
        Some(Relationship::Computed(_)) => Footprint::Open,
        Some(Relationship::Key(key)) => match &key.cardinality {
            Cardinality::ManyToMany(junction) => of_table(&junction.table, cache).read,
            _ => Footprint::Quiet,
        },
    };
    let children = node.children.iter().map(|child| of_read(child, cache));
    children.fold(of_table(&node.from, cache).read.max(between), Ord::max)
}

fn of_write(read: &ReadNode, mutate: &MutatePlan, cache: &SchemaCache) -> Footprint {
    match mutate {
        MutatePlan::Insert {
            into,
            columns,
            on_conflict: None,
            conditions,
            ..
        } if conditions.is_empty()
            && columns.iter().all(|column| column.transform.is_none())
            && read.children.is_empty()
            && reads_columns(read) =>
        {
            of_table(into, cache).insert
        }
        // The others reach further tables by their foreign keys.
        _ => Footprint::Open,
    }
}

/// True where nothing but columns of tables is selected, compared and ordered by.
fn reads_columns(node: &ReadNode) -> bool {
    node.select.iter().all(|selected| {
        (selected.field.name == "*" || is_column(&selected.field))
            && selected.cast.is_none()
            && selected.aggregate_cast.is_none()
    }) && node.conditions.iter().all(compares_columns)
        && node.order.iter().all(|term| is_column(&term.field))
}

fn compares_columns(conditions: &Conditions) -> bool {
    match conditions {
        Logic::Group { members, .. } => members.iter().all(compares_columns),
        Logic::Condition(Condition::Field { field, .. }) => is_column(field),
        Logic::Condition(Condition::NullEmbed { .. }) => true,
    }
}

/// A name that is no column may be that of a function.
fn is_column(field: &TypedField) -> bool {
    !field.type_name.is_empty() && field.transform.is_none()
}

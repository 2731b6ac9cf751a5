//! Aggregates and orders of resources that spread into their parent.

use crate::error::RestError;
use crate::request::types::Aggregate;

use super::types::{OrderTerm, ReadNode, RelationSelect, SelectField, Spread, TypedField};

/// An aggregate on its way out of a spread resource.
struct Hoisted {
    /// The resource's alias, as the level above sees it.
    alias: String,
    /// The column it is over.
    name: String,
    aggregate: Aggregate,
    cast: Option<String>,
    shown_as: Option<String>,
}

/// Aggregates in a to-one spread group by the parent's columns: inside the resource, of which one
/// row belongs to each parent, they would mean nothing. So they move up to the first level that is
/// no such spread.
pub(super) fn hoist_aggregates(root: &mut ReadNode) {
    hoist(root);
}

fn hoist(node: &mut ReadNode) -> Vec<Hoisted> {
    let from_children: Vec<Hoisted> = node.children.iter_mut().flat_map(hoist).collect();
    if node.depth > 0 && node.spread == Some(Spread::ToOne) {
        let alias = node.row_alias.clone();
        let mut hoisted: Vec<Hoisted> = node
            .select
            .iter_mut()
            .filter_map(|field| {
                Some(Hoisted {
                    aggregate: field.aggregate.take()?,
                    alias: alias.clone(),
                    name: field
                        .alias
                        .clone()
                        .unwrap_or_else(|| field.field.name.clone()),
                    cast: field.aggregate_cast.take(),
                    shown_as: field.alias.clone(),
                })
            })
            .collect();
        hoisted.extend(from_children.into_iter().map(|one| Hoisted {
            alias: alias.clone(),
            ..one
        }));
        return hoisted;
    }
    for relation in &mut node.relation_select {
        let RelationSelect::Spread { fields, alias } = relation else {
            continue;
        };
        for field in fields {
            let found = from_children
                .iter()
                .find(|one| one.alias == *alias && one.name == field.name);
            if let Some(one) = found {
                field.aggregate = Some(one.aggregate);
                field.aggregate_cast.clone_from(&one.cast);
                field.alias.clone_from(&one.shown_as);
            }
        }
    }
    Vec::new()
}

/// The order of a to-many spread is that of the arrays. What it orders by must be selected inside,
/// under names that collide with nothing.
pub(super) fn order_arrays(node: &mut ReadNode) -> Result<(), RestError> {
    if matches!(node.spread, Some(Spread::ToMany { .. })) {
        let inner = node.relation_select.iter().any(|relation| match relation {
            RelationSelect::Spread { fields, .. } => {
                fields.iter().any(|field| field.aggregate.is_some())
            }
            RelationSelect::Json { .. } => false,
        });
        if inner || node.select.iter().any(|field| field.aggregate.is_some()) {
            return Err(RestError::NotImplemented(
                "Aggregates are not implemented for one-to-many or many-to-many spreads.",
            ));
        }
        let (mut extra, mut order) = (Vec::new(), Vec::new());
        for (index, term) in std::mem::take(&mut node.order).into_iter().enumerate() {
            let alias = format!("{}_{}_{}", node.row_alias, term.field.name, index + 1);
            let selected = SelectField {
                field: term.field,
                aggregate: None,
                aggregate_cast: None,
                cast: None,
                alias: Some(alias.clone()),
            };
            extra.push((term.relation, selected));
            order.push(OrderTerm {
                field: TypedField::unknown(alias, Vec::new()),
                relation: None,
                descending: term.descending,
                nulls_first: term.nulls_first,
            });
        }
        node.spread = Some(Spread::ToMany { extra, order });
    }
    node.children.iter_mut().try_for_each(order_arrays)
}

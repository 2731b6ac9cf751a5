//! The tree of what is read: the selection, with filters, orders and limits put where they belong.

use crate::config::RestConfig;
use crate::error::RestError;
use crate::request::ApiRequest;
use crate::request::query_string::range_path;
use crate::request::range::RowRange;
use crate::request::types::{
    Action, EmbedPath, IsValue, JsonOperand, Logic, Operation, SelectItem,
};
use crate::schema_cache::model::{Qualified, SchemaCache};

use super::resolve::Resolver;
use super::types::{Condition, Conditions, ReadNode, SelectField, Spread};
use super::{embed, spread};

/// The table expression that writes and calls put their rows in.
pub(crate) const SOURCE: &str = "pgrst_source";

/// Builds the tree of what `request` reads of `target`.
pub(super) fn plan(
    request: &ApiRequest,
    target: &Qualified,
    config: &RestConfig,
    cache: &SchemaCache,
) -> Result<ReadNode, RestError> {
    let mut root = node(target.clone(), target.name.clone(), 0);
    add_items(&mut root, request.query.select.clone(), cache);
    let places = Places {
        legacy: config.legacy_target_names,
    };
    add_filters(&mut root, request, cache, places)?;
    add_orders(&mut root, request, cache, target, places)?;
    add_ranges(&mut root, request, places)?;
    add_logic(&mut root, request, cache, places)?;
    restore_order(&mut root);
    let is_source = matches!(request.action, Action::Mutate { .. } | Action::Call { .. });
    embed::add_relationships(&mut root, is_source, &request.schema, cache)?;
    expand_stars(&mut root, &request.schema, cache, false);
    add_aliases(&mut root);
    embed::resolve_related_orders(&mut root)?;
    resolve_null_embeds(&mut root);
    embed::add_relation_selects(&mut root);
    if !config.aggregates {
        refuse_aggregates(&root)?;
    }
    spread::hoist_aggregates(&mut root);
    spread::order_arrays(&mut root)?;
    if !matches!(request.action, Action::Mutate { .. }) {
        restrict(&mut root, config.max_rows);
    }
    Ok(root)
}

fn node(from: Qualified, name: String, depth: usize) -> ReadNode {
    ReadNode {
        select: Vec::new(),
        from,
        from_alias: None,
        conditions: Vec::new(),
        order: Vec::new(),
        range: RowRange::ALL,
        name,
        relationship: None,
        parent_alias: None,
        joins: Vec::new(),
        alias: None,
        row_alias: String::new(),
        hint: None,
        join: None,
        spread: None,
        relation_select: Vec::new(),
        depth,
        named_by_legacy: false,
        children: Vec::new(),
    }
}

fn add_items(parent: &mut ReadNode, items: Vec<SelectItem>, cache: &SchemaCache) {
    let resolver = Resolver::new(cache, &parent.from);
    for item in items {
        match item {
            SelectItem::Field(selected) => parent.select.push(SelectField {
                field: resolver.output(selected.field),
                aggregate: selected.aggregate,
                aggregate_cast: selected.aggregate_cast,
                cast: selected.cast,
                alias: selected.alias,
            }),
            SelectItem::Relation(selected) => {
                let from = Qualified::new(&parent.from.schema, &selected.name);
                let mut child = node(from, selected.name, parent.depth + 1);
                child.alias = selected.alias;
                child.hint = selected.hint;
                child.join = selected.join;
                child.spread = selected.spread.then_some(Spread::ToOne);
                add_items(&mut child, selected.items, cache);
                parent.children.push(child);
            }
        }
    }
}

/// Finds embedded resources by the names that filters, orders and limits use.
#[derive(Clone, Copy)]
struct Places {
    /// A resource with an alias is also found by its own name.
    legacy: bool,
}

impl Places {
    /// Calls `change` on the resource at `path`. The resources on the way move to the front of
    /// their siblings, which decides the order of columns in the answer as upstream does.
    fn change(
        self,
        node: &mut ReadNode,
        path: &[String],
        change: impl FnOnce(&mut ReadNode),
    ) -> Result<(), RestError> {
        let [target, rest @ ..] = path else {
            change(node);
            return Ok(());
        };
        let by_legacy =
            |child: &ReadNode| child.name == *target || child.alias.as_deref() == Some(target);
        let found = node.children.iter().position(|child| {
            if self.legacy {
                by_legacy(child)
            } else {
                child.shown_name() == target
            }
        });
        let Some(index) = found else {
            let alias = (!self.legacy)
                .then(|| node.children.iter().find(|child| by_legacy(child)))
                .flatten()
                .and_then(|child| child.alias.clone());
            return Err(RestError::NotEmbedded {
                target: target.clone(),
                alias,
            });
        };
        let mut child = node.children.remove(index);
        if child.name == *target && child.alias.as_ref().is_some_and(|alias| alias != target) {
            child.named_by_legacy = true;
        }
        let result = self.change(&mut child, rest, change);
        node.children.insert(0, child);
        result
    }
}

fn is_mutation(request: &ApiRequest) -> bool {
    matches!(request.action, Action::Mutate { .. })
}

// The lists below are walked backwards, so that siblings move as upstream moves them; the
// conditions are turned round at the end.

fn restore_order(node: &mut ReadNode) {
    node.conditions.reverse();
    node.children.iter_mut().for_each(restore_order);
}

fn add_filters(
    root: &mut ReadNode,
    request: &ApiRequest,
    cache: &SchemaCache,
    places: Places,
) -> Result<(), RestError> {
    let of_write = is_mutation(request);
    for (path, filter) in request.query.filters.iter().rev() {
        // A write's own conditions choose what is written, not what is answered.
        if of_write && path.is_empty() {
            continue;
        }
        places.change(root, path, |node| {
            let condition = Resolver::new(cache, &node.from).condition(filter.clone());
            node.conditions.push(condition);
        })?;
    }
    Ok(())
}

fn add_logic(
    root: &mut ReadNode,
    request: &ApiRequest,
    cache: &SchemaCache,
    places: Places,
) -> Result<(), RestError> {
    let of_write = is_mutation(request);
    for (path, logic) in request.query.logic.iter().rev() {
        if of_write && path.is_empty() {
            continue;
        }
        places.change(root, path, |node| {
            let conditions = Resolver::new(cache, &node.from).conditions(logic.clone());
            node.conditions.push(conditions);
        })?;
    }
    Ok(())
}

fn add_orders(
    root: &mut ReadNode,
    request: &ApiRequest,
    cache: &SchemaCache,
    target: &Qualified,
    places: Places,
) -> Result<(), RestError> {
    let resolver = Resolver::new(cache, target);
    for (path, terms) in request.query.order.iter().rev() {
        places.change(root, path, |node| {
            node.order = terms
                .iter()
                .map(|term| resolver.order(term.clone()))
                .collect();
        })?;
    }
    Ok(())
}

fn add_ranges(root: &mut ReadNode, request: &ApiRequest, places: Places) -> Result<(), RestError> {
    if is_mutation(request) {
        return Ok(());
    }
    let ranges: Vec<(EmbedPath, RowRange)> = request
        .ranges
        .iter()
        .map(|(key, range)| Ok((range_path(key)?, *range)))
        .collect::<Result<_, RestError>>()?;
    for (path, range) in ranges.iter().rev() {
        places.change(root, path, |node| node.range = *range)?;
    }
    Ok(())
}

/// Writes `*` out where single columns are converted or aggregated over.
fn expand_stars(node: &mut ReadNode, schema: &str, cache: &SchemaCache, aggregated: bool) {
    let aggregated = aggregated
        || node.select.iter().any(|field| field.aggregate.is_some())
        || matches!(node.spread, Some(Spread::ToMany { .. }));
    let is_source = node.from.schema.is_empty() && node.from.name == SOURCE;
    let table = match (&node.from_alias, is_source) {
        (Some(alias), true) => Qualified::new(schema, alias),
        _ => node.from.clone(),
    };
    let resolver = Resolver::new(cache, &table);
    if aggregated || resolver.has_output_representation() {
        let spread = node.spread.is_some();
        let select = std::mem::take(&mut node.select);
        for mut field in select {
            let is_star = field.field.name == "*" && field.field.path.is_empty();
            if is_star && field.aggregate.is_none() {
                node.select
                    .extend(resolver.columns().iter().map(|column| SelectField {
                        field: resolver.output_column(column),
                        ..field.clone()
                    }));
                continue;
            }
            if is_star && spread && field.aggregate == Some(crate::request::types::Aggregate::Count)
            {
                // Rows of this resource are counted, not rows of what it spreads into.
                field.field.full_row = true;
            }
            node.select.push(field);
        }
    }
    for child in &mut node.children {
        expand_stars(child, schema, cache, aggregated);
    }
}

/// Names for what PostgreSQL would not name as the request does: JSON paths, converted columns and
/// spread aggregates.
fn add_aliases(node: &mut ReadNode) {
    let spread = node.spread.is_some();
    for field in node.select.iter_mut().filter(|field| field.alias.is_none()) {
        if let Some(aggregate) = field.aggregate {
            field.alias = spread.then(|| aggregate.name().to_owned());
        } else if let Some(last) = field.field.path.last() {
            field.alias = Some(match &last.operand {
                JsonOperand::Key(key) => key.clone(),
                JsonOperand::Index(_) => {
                    let key = field
                        .field
                        .path
                        .iter()
                        .rev()
                        .find_map(|step| match &step.operand {
                            JsonOperand::Key(key) => Some(key),
                            JsonOperand::Index(_) => None,
                        });
                    key.unwrap_or(&field.field.name).clone()
                }
            });
        } else if field.field.transform.is_some() {
            field.alias = Some(field.field.name.clone());
        }
    }
    node.children.iter_mut().for_each(add_aliases);
}

/// `resource=is.null` is about the embedded resource, not about a column.
fn resolve_null_embeds(node: &mut ReadNode) {
    fn resolve(conditions: &mut Conditions, children: &[ReadNode]) {
        match conditions {
            Logic::Group { members, .. } => {
                members
                    .iter_mut()
                    .for_each(|member| resolve(member, children));
            }
            Logic::Condition(condition) => {
                let Condition::Field {
                    field,
                    negated,
                    operation: Operation::Is(IsValue::Null),
                } = condition
                else {
                    return;
                };
                let child = children
                    .iter()
                    .find(|child| field.path.is_empty() && child.shown_name() == field.name);
                if let Some(child) = child {
                    *condition = Condition::NullEmbed {
                        negated: *negated,
                        alias: child.row_alias.clone(),
                    };
                }
            }
        }
    }
    for conditions in &mut node.conditions {
        resolve(conditions, &node.children);
    }
    node.children.iter_mut().for_each(resolve_null_embeds);
}

fn refuse_aggregates(node: &ReadNode) -> Result<(), RestError> {
    if node.select.iter().any(|field| field.aggregate.is_some()) {
        return Err(RestError::AggregatesDisabled);
    }
    node.children.iter().try_for_each(refuse_aggregates)
}

fn restrict(node: &mut ReadNode, max_rows: Option<u64>) {
    node.range = node.range.restricted(max_rows);
    for child in &mut node.children {
        restrict(child, max_rows);
    }
}

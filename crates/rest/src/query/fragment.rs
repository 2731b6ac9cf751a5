//! Fields, conditions and orders as SQL.

use crate::plan::types::{
    Condition, Conditions, JoinCondition, OrderTerm, SelectField, SpreadField, TypedField,
};
use crate::request::range::RowRange;
use crate::request::types::{
    Aggregate, IsValue, JsonOperand, Logic, LogicOperator, Operation, QuantifiedOperator,
    Quantifier, SimpleOperator, TextSearch,
};
use crate::schema_cache::model::Qualified;

use super::snippet::Snippet;

/// A field of `table`, with its path.
pub(super) fn field(sql: &mut Snippet, table: &Qualified, field: &TypedField) {
    if let Some(language) = &field.to_tsvector {
        sql.push("to_tsvector(");
        search_language(sql, language.as_deref());
        plain_field(sql, table, field);
        sql.push(")");
    } else {
        plain_field(sql, table, field);
    }
}

fn search_language(sql: &mut Snippet, language: Option<&str>) {
    if let Some(language) = language {
        sql.value(language).push(", ");
    }
}

fn plain_field(sql: &mut Snippet, table: &Qualified, field: &TypedField) {
    if field.full_row {
        sql.name(&table.name);
        return;
    }
    if field.path.is_empty() {
        sql.column(table, &field.name);
        return;
    }
    if field.to_json {
        sql.push("to_jsonb(").column(table, &field.name).push(")");
    } else {
        sql.column(table, &field.name);
    }
    for step in &field.path {
        sql.push(if step.as_text { "->>" } else { "->" });
        match &step.operand {
            JsonOperand::Key(key) => sql.value(key),
            JsonOperand::Index(index) => sql.value(index).push("::int"),
        };
    }
}

fn cast(sql: &mut Snippet, to: Option<&String>, inner: impl FnOnce(&mut Snippet)) {
    match to {
        None => inner(sql),
        Some(to) => {
            sql.push("cast(");
            inner(sql);
            // Quoting would turn `int` into a type of that name: the grammar allows nothing but
            // letters, digits, `_`, `$` and blanks here.
            sql.push(" as ").push(to).push(")");
        }
    }
}

fn aggregate(
    sql: &mut Snippet,
    function: Option<Aggregate>,
    to: Option<&String>,
    inner: impl FnOnce(&mut Snippet),
) {
    match function {
        None => inner(sql),
        Some(function) => cast(sql, to, |sql| {
            sql.push(function.name()).push("(");
            inner(sql);
            sql.push(")");
        }),
    }
}

fn named(sql: &mut Snippet, alias: Option<&String>) {
    if let Some(alias) = alias {
        sql.push(" as ").name(alias);
    }
}

/// A selected field.
pub(super) fn select_field(sql: &mut Snippet, table: &Qualified, selected: &SelectField) {
    aggregate(
        sql,
        selected.aggregate,
        selected.aggregate_cast.as_ref(),
        |sql| {
            cast(sql, selected.cast.as_ref(), |sql| {
                match &selected.field.transform {
                    Some(function) => {
                        sql.push(function).push("(");
                        field(sql, table, &selected.field);
                        sql.push(")");
                    }
                    None => field(sql, table, &selected.field),
                }
            });
        },
    );
    named(sql, selected.alias.as_ref());
}

/// A column that a to-one spread resource brings.
pub(super) fn spread_field(sql: &mut Snippet, alias: &str, spread: &SpreadField) {
    aggregate(
        sql,
        spread.aggregate,
        spread.aggregate_cast.as_ref(),
        |sql| {
            sql.column(&Qualified::bare(alias), &spread.name);
        },
    );
    named(sql, spread.alias.as_ref());
}

/// A column that a to-many spread resource brings: an array.
pub(super) fn spread_array(
    sql: &mut Snippet,
    alias: &str,
    order: &[OrderTerm],
    spread: &SpreadField,
) {
    let table = Qualified::bare(alias);
    sql.push("coalesce(json_agg(").column(&table, &spread.name);
    order_by(sql, &table, order);
    sql.push("), '[]')::jsonb as ")
        .name(spread.alias.as_ref().unwrap_or(&spread.name));
}

/// ` order by …`, if there is an order.
pub(super) fn order_by(sql: &mut Snippet, table: &Qualified, order: &[OrderTerm]) {
    if order.is_empty() {
        return;
    }
    sql.push(" order by ").list(", ", order, |sql, term| {
        match &term.relation {
            Some(relation) => field(sql, &Qualified::bare(relation), &term.field),
            None => field(sql, table, &term.field),
        }
        match term.descending {
            Some(true) => sql.push(" desc"),
            Some(false) => sql.push(" asc"),
            None => sql,
        };
        match term.nulls_first {
            Some(true) => sql.push(" nulls first"),
            Some(false) => sql.push(" nulls last"),
            None => sql,
        };
    });
}

/// ` limit … offset …`, if rows are bounded.
pub(super) fn limit(sql: &mut Snippet, range: RowRange) {
    if let Some(limit) = range.limit() {
        sql.push(" limit ").value(limit.to_string());
    }
    if range.lower != 0 {
        sql.push(" offset ").value(range.lower.to_string());
    }
}

/// `a.x = b.y`
pub(super) fn join_condition(sql: &mut Snippet, join: &JoinCondition) {
    sql.column(&join.left.0, &join.left.1)
        .push(" = ")
        .column(&join.right.0, &join.right.1);
}

/// Conditions on `table`. `null_embed` writes those on embedded resources.
pub(super) fn conditions(
    sql: &mut Snippet,
    table: &Qualified,
    all: &Conditions,
    null_embed: &dyn Fn(&mut Snippet, bool, &str),
) {
    match all {
        Logic::Group {
            negated,
            operator,
            members,
        } => {
            let separator = match operator {
                LogicOperator::And => " and ",
                LogicOperator::Or => " or ",
            };
            sql.push(if *negated { "not (" } else { "(" });
            sql.list(separator, members, |sql, member| {
                conditions(sql, table, member, null_embed);
            });
            sql.push(")");
        }
        Logic::Condition(Condition::NullEmbed { negated, alias }) => {
            null_embed(sql, *negated, alias);
        }
        Logic::Condition(Condition::Field {
            field: on,
            negated,
            operation,
        }) => {
            if *negated {
                sql.push("not ");
            }
            field(sql, table, on);
            sql.push(" ");
            self::operation(sql, on, operation);
        }
    }
}

/// `is null` of an embedded resource, in the query that joins it.
pub(super) fn joined_null_embed(sql: &mut Snippet, negated: bool, alias: &str) {
    sql.name(alias).push(if negated {
        " is distinct from null"
    } else {
        " is not distinct from null"
    });
}

fn converted(sql: &mut Snippet, field: &TypedField, value: &str) {
    match &field.transform {
        Some(function) => sql.push(function).push("(").value(value).push(")"),
        None => sql.value(value),
    };
}

fn operation(sql: &mut Snippet, field: &TypedField, operation: &Operation) {
    match operation {
        Operation::Simple(operator, value) => {
            sql.push(simple_operator(*operator)).push(" ");
            converted(sql, field, value);
        }
        Operation::Quantified(operator, quantifier, value) => {
            sql.push(quantified_operator(*operator)).push(" ");
            match quantifier {
                Some(Quantifier::Any) => sql.push("any("),
                Some(Quantifier::All) => sql.push("all("),
                None => sql,
            };
            if matches!(
                operator,
                QuantifiedOperator::Like | QuantifiedOperator::ILike
            ) {
                sql.value(value.replace('*', "%"));
            } else {
                converted(sql, field, value);
            }
            if quantifier.is_some() {
                sql.push(")");
            }
        }
        Operation::Is(value) => {
            sql.push(match value {
                IsValue::Null => "is null",
                IsValue::NotNull => "is not null",
                IsValue::True => "is true",
                IsValue::False => "is false",
                IsValue::Unknown => "is unknown",
            });
        }
        Operation::IsDistinctFrom(value) => {
            sql.push("is distinct from ").value(value);
        }
        // One array instead of many parameters: the text does not depend on how many there are.
        Operation::In(values) => match (values.as_slice(), &field.transform) {
            ([only], _) if only.is_empty() => {
                sql.push("= any('{}')");
            }
            (values, Some(function)) => {
                sql.push("= any((select ").push(function).push("(unnest(");
                sql.value(array_literal(values)).push("::text[]))))");
            }
            (values, None) => {
                sql.push("= any(").value(array_literal(values)).push(")");
            }
        },
        Operation::Search(function, language, value) => {
            sql.push("@@ ").push(match function {
                TextSearch::Plain => "to_tsquery(",
                TextSearch::Words => "plainto_tsquery(",
                TextSearch::Phrase => "phraseto_tsquery(",
                TextSearch::Web => "websearch_to_tsquery(",
            });
            search_language(sql, language.as_deref());
            sql.value(value).push(")");
        }
    }
}

/// A PostgreSQL array as text; it is bound, never part of the SQL.
pub(super) fn array_literal(values: &[String]) -> String {
    let mut out = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push('"');
        for c in value.chars() {
            if c == '"' || c == '\\' {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    out.push('}');
    out
}

fn simple_operator(operator: SimpleOperator) -> &'static str {
    match operator {
        SimpleOperator::NotEqual => "<>",
        SimpleOperator::Contains => "@>",
        SimpleOperator::Contained => "<@",
        SimpleOperator::Overlaps => "&&",
        SimpleOperator::StrictlyLeft => "<<",
        SimpleOperator::StrictlyRight => ">>",
        SimpleOperator::NotExtendsRight => "&<",
        SimpleOperator::NotExtendsLeft => "&>",
        SimpleOperator::Adjacent => "-|-",
    }
}

fn quantified_operator(operator: QuantifiedOperator) -> &'static str {
    match operator {
        QuantifiedOperator::Equal => "=",
        QuantifiedOperator::GreaterOrEqual => ">=",
        QuantifiedOperator::Greater => ">",
        QuantifiedOperator::LessOrEqual => "<=",
        QuantifiedOperator::Less => "<",
        QuantifiedOperator::Like => "like",
        QuantifiedOperator::ILike => "ilike",
        QuantifiedOperator::Match => "~",
        QuantifiedOperator::IMatch => "~*",
    }
}

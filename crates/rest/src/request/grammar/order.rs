//! `order`

use super::{close, dot, field, field_name, lexeme, open};
use crate::request::parser::{Failed, Parsed, Parser};
use crate::request::types::{OrderTarget, OrderTerm};

/// `order`
pub(in crate::request) fn order(p: &mut Parser<'_>) -> Parsed<Vec<OrderTerm>> {
    let term = |p: &mut Parser<'_>| {
        lexeme(p, |p| {
            p.either(
                |p| p.attempt(related_order),
                |p| {
                    let target = OrderTarget::Field(field(p)?);
                    order_modifiers(p, target)
                },
            )
        })
    };
    p.separated(term, |p| p.char(',', "\",\""))
}

fn related_order(p: &mut Parser<'_>) -> Parsed<OrderTerm> {
    let relation = field_name(p)?;
    open(p)?;
    let field = field(p)?;
    close(p)?;
    order_modifiers(p, OrderTarget::Related { relation, field })
}

fn order_modifiers(p: &mut Parser<'_>, target: OrderTarget) -> Parsed<OrderTerm> {
    fn modifier(p: &mut Parser<'_>, words: &[(&str, &'static str, bool)]) -> Parsed<Option<bool>> {
        p.optional(|p| {
            for (word, label, value) in words {
                let found = p.attempt(|p| {
                    dot(p)?;
                    p.string(word, label)
                });
                if found.is_ok() {
                    return Ok(*value);
                }
            }
            Err(Failed)
        })
    }
    let descending = modifier(p, &[("asc", "\"asc\"", false), ("desc", "\"desc\"", true)])?;
    let nulls_first = modifier(
        p,
        &[
            ("nullsfirst", "\"nullsfirst\"", true),
            ("nullslast", "\"nullslast\"", false),
        ],
    )?;
    p.ends_before(&[(",", "\",\"")])?;
    Ok(OrderTerm {
        target,
        descending,
        nulls_first,
    })
}

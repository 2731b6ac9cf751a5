//! The grammar of `select`, filters, `order`, `and`/`or` and `columns` (PostgREST's, down to the
//! texts of its errors). Nothing here is turned into SQL: names are quoted and values bound later;
//! only casts travel as text, which is why [`identifier`] takes letters, digits, `_`, `$` and
//! spaces alone.

mod condition;
mod order;
mod select;

pub(super) use condition::{condition, logic_tree};
pub(super) use order::order;
pub(super) use select::select;

use super::parser::{Parsed, Parser};
use super::types::{EmbedPath, Field, JsonOperand, JsonStep};

fn blanks(p: &mut Parser<'_>) {
    p.take_while(|c| c == ' ' || c == '\t');
}

fn lexeme<T>(p: &mut Parser<'_>, parse: impl FnOnce(&mut Parser<'_>) -> Parsed<T>) -> Parsed<T> {
    blanks(p);
    let value = parse(p)?;
    blanks(p);
    Ok(value)
}

fn comma(p: &mut Parser<'_>) -> Parsed<char> {
    lexeme(p, |p| p.char(',', "\",\""))
}

fn open(p: &mut Parser<'_>) -> Parsed<char> {
    p.char('(', "\"(\"")
}

fn close(p: &mut Parser<'_>) -> Parsed<char> {
    p.char(')', "\")\"")
}

fn dot(p: &mut Parser<'_>) -> Parsed<char> {
    p.labelled("delimiter (.)", |p| p.char('.', "\".\""))
}

/// Letters, digits, `_`, `$` and inner spaces.
fn identifier(p: &mut Parser<'_>) -> Parsed<String> {
    fn one(p: &mut Parser<'_>) -> Parsed<char> {
        p.choice(&[
            &|p| p.satisfy("letter", char::is_alphabetic),
            &|p| p.satisfy("digit", |c| c.is_ascii_digit()),
            &|p| p.satisfy("", |c| matches!(c, '_' | ' ' | '$')),
        ])
    }
    let start = p.position();
    one(p)?;
    while p.optional(one)?.is_some() {}
    Ok(p.since(start).trim().to_owned())
}

/// `"…"`, with backslashes before quotes and backslashes.
fn quoted(p: &mut Parser<'_>) -> Parsed<String> {
    p.char('"', "\"\\\"\"")?;
    let mut value = String::new();
    loop {
        value.push_str(p.take_while(|c| c != '\\' && c != '"'));
        if p.optional(|p| p.char('\\', "\"\\\\\""))?.is_none() {
            break;
        }
        value.push(p.satisfy("", |_| true)?);
    }
    p.char('"', "\"\\\"\"")?;
    Ok(value)
}

/// Parts joined by dashes that do not begin an arrow.
fn dashed(p: &mut Parser<'_>, part: impl Fn(&mut Parser<'_>) -> Parsed<String>) -> Parsed<String> {
    let dash = |p: &mut Parser<'_>| {
        p.attempt(|p| {
            p.char('-', "\"-\"")?;
            p.not_followed_by("\">\"", |c| c == '>')
        })
    };
    Ok(p.separated(part, dash)?.join("-"))
}

fn field_name(p: &mut Parser<'_>) -> Parsed<String> {
    p.labelled("field name (* or [a..z0..9_$])", |p| {
        p.either(quoted, |p| dashed(p, identifier))
    })
}

fn json_key(p: &mut Parser<'_>) -> Parsed<String> {
    let bare = |p: &mut Parser<'_>| {
        let start = p.position();
        let allowed = |c| !matches!(c, '(' | '-' | ':' | '.' | ',' | '>' | ')');
        p.satisfy("", allowed)?;
        p.take_while(allowed);
        Ok(p.since(start).trim().to_owned())
    };
    p.labelled("any non reserved character different from: .,>()", |p| {
        p.either(quoted, |p| dashed(p, bare))
    })
}

fn json_index(p: &mut Parser<'_>) -> Parsed<String> {
    let negative = p.optional(|p| p.char('-', "\"-\""))?.is_some();
    let start = p.position();
    let digit = |p: &mut Parser<'_>| p.satisfy("digit", |c| c.is_ascii_digit());
    digit(p)?;
    while p.optional(digit)?.is_some() {}
    let digits = p.since(start);
    p.ends_before(&[
        ("->", "\"->\""),
        ("::", "\"::\""),
        (".", "\".\""),
        (",", "\",\""),
    ])?;
    Ok(format!("{}{digits}", if negative { '-' } else { '+' }))
}

fn json_path(p: &mut Parser<'_>) -> Parsed<Vec<JsonStep>> {
    p.many(|p| {
        let as_text = p.word(&[("->>", "\"->>\"", true), ("->", "\"->\"", false)])?;
        let operand = p.either(
            |p| p.attempt(json_index).map(JsonOperand::Index),
            |p| p.attempt(json_key).map(JsonOperand::Key),
        )?;
        Ok(JsonStep { as_text, operand })
    })
}

fn field(p: &mut Parser<'_>) -> Parsed<Field> {
    lexeme(p, |p| {
        Ok(Field {
            name: field_name(p)?,
            path: json_path(p)?,
        })
    })
}

fn alias(p: &mut Parser<'_>) -> Parsed<Option<String>> {
    p.optional(|p| {
        p.attempt(|p| {
            let name = field_name(p)?;
            p.char(':', "\":\"")?;
            p.not_followed_by("\":\"", |c| c == ':')?;
            Ok(name)
        })
    })
}

fn cast(p: &mut Parser<'_>) -> Parsed<Option<String>> {
    p.optional(|p| {
        p.string("::", "\"::\"")?;
        identifier(p)
    })
}

/// `embedded.resource.column->path`, the name of a filter parameter.
pub(super) fn tree_path(p: &mut Parser<'_>) -> Parsed<(EmbedPath, Field)> {
    let mut names = p.separated(field_name, dot)?;
    let path = json_path(p)?;
    let name = names.pop().unwrap_or_default();
    Ok((names, Field { name, path }))
}

/// `embedded.not.or`, the name of a logic parameter: where, and the operator as it is written.
pub(super) fn logic_path(p: &mut Parser<'_>) -> Parsed<(EmbedPath, String)> {
    let mut names = p.separated(field_name, dot)?;
    let negated = names.iter().any(|name| name == "not");
    let operator = names.pop().unwrap_or_default();
    names.retain(|name| name != "not");
    Ok((
        names,
        if negated {
            format!("not.{operator}")
        } else {
            operator
        },
    ))
}

/// `columns` and `on_conflict`
pub(super) fn columns(p: &mut Parser<'_>) -> Parsed<Vec<String>> {
    p.separated(field_name, comma)
}

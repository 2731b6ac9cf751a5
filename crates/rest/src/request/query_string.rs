//! The query string: which parameter means what. Values stay values; see `grammar` for their form.

use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::percent_decode;

use super::grammar;
use super::parser::{Parsed, Parser, parse_text};
use super::range::{self, RowRange};
use super::types::{EmbedPath, Filter, Logic, OrderTerm, SelectItem};
use crate::error::RestError;

/// The query string, understood.
#[derive(Debug, Clone, Default)]
pub struct QueryString {
    /// All parameters, sorted and encoded again: for `Content-Location`.
    pub canonical: String,
    /// Arguments of a function called by GET.
    pub arguments: Vec<(String, String)>,
    /// `limit` and `offset`, by the path of the resource.
    pub ranges: Vec<(String, RowRange)>,
    /// `order`, by resource.
    pub order: Vec<(EmbedPath, Vec<OrderTerm>)>,
    /// `and` and `or`, by resource.
    pub logic: Vec<(EmbedPath, Logic<Filter>)>,
    /// `columns`
    pub columns: Option<BTreeSet<String>>,
    /// `select`
    pub select: Vec<SelectItem>,
    /// Conditions on columns, by resource.
    pub filters: Vec<(EmbedPath, Filter)>,
    /// Names of the parameters that are conditions, as written.
    pub filter_names: BTreeSet<String>,
    /// `on_conflict`
    pub on_conflict: Option<Vec<String>>,
}

fn syntax<T>(
    what: &str,
    text: &str,
    parse: impl Fn(&mut Parser<'_>) -> Parsed<T>,
) -> Result<T, RestError> {
    parse_text(text, parse).map_err(|error| RestError::QueryParameter {
        message: format!("\"failed to parse {what} ({text})\" {}", error.position),
        details: error.details,
    })
}

fn syntax_in<T>(
    what: &str,
    shown: &str,
    text: &str,
    parse: impl Fn(&mut Parser<'_>) -> Parsed<T>,
) -> Result<T, RestError> {
    parse_text(text, parse).map_err(|error| RestError::QueryParameter {
        message: format!("\"failed to parse {what} ({shown})\" {}", error.position),
        details: error.details,
    })
}

/// `name=value` pairs; `+` is a blank, broken percent escapes stay as they are. Between two
/// separators there is a pair without name and value.
pub(super) fn decode_pairs(text: &str) -> Vec<(String, Option<String>)> {
    let decode = |part: &str| {
        if part.bytes().any(|b| b == b'%' || b == b'+') {
            let blanks = part.replace('+', " ");
            percent_decode(blanks.as_bytes())
                .decode_utf8_lossy()
                .into_owned()
        } else {
            part.to_owned()
        }
    };
    // Nothing between two marks is a parameter without a name, nothing behind the last is not.
    text.strip_suffix(['&', ';'])
        .unwrap_or(text)
        .split(['&', ';'])
        .filter(|_| !text.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (decode(name), Some(decode(value))),
            None => (decode(pair), None),
        })
        .collect()
}

fn last_name(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

impl QueryString {
    /// Reads a raw query string. `function_read` says that parameters without an operator are
    /// arguments of a function.
    ///
    /// # Errors
    /// [`RestError::QueryParameter`] for the first parameter that does not parse.
    pub fn parse(raw: &str, function_read: bool) -> Result<Self, RestError> {
        let mut pairs = decode_pairs(raw);
        // The key of the application is the gateway's; it is nobody's column.
        pairs.retain(|(name, _)| name != "apikey");
        let given: Vec<(&str, &str)> = pairs
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
            .collect();
        let find = |wanted: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == wanted)
                .and_then(|(_, value)| value.as_deref())
        };
        let ending = |wanted: &'static [&'static str]| {
            given
                .iter()
                .copied()
                .filter(move |(name, _)| wanted.contains(&last_name(name)))
        };

        let mut query = Self::default();
        for (name, value) in ending(&["order"]) {
            let (path, _) = syntax("tree path", name, grammar::tree_path)?;
            query
                .order
                .push((path, syntax("order", value, grammar::order)?));
        }
        for (name, value) in ending(&["and", "or"]) {
            let (path, operator) = syntax("logic path", name, grammar::logic_path)?;
            let text = format!("{operator}{value}");
            let tree = syntax_in("logic tree", value, &text, grammar::logic_tree)?;
            query.logic.push((path, tree));
        }
        if let Some(columns) = find("columns") {
            let names = syntax("columns parameter", columns, grammar::columns)?;
            query.columns = Some(names.into_iter().collect());
        }
        let select = find("select").unwrap_or("*");
        query.select = syntax("select parameter", select, grammar::select)?;

        const EMBEDDABLE: [&str; 5] = ["order", "limit", "offset", "and", "or"];
        const RESERVED: [&str; 3] = ["select", "columns", "on_conflict"];
        for (name, value) in &given {
            if EMBEDDABLE.contains(&last_name(name)) || RESERVED.contains(name) {
                continue;
            }
            query.filter(name, value, function_read)?;
        }
        if let Some(columns) = find("on_conflict") {
            let columns = syntax("on_conflict parameter", columns, grammar::columns)?;
            query.on_conflict = Some(columns);
        }

        let limits: Vec<_> = ending(&["limit"]).collect();
        let offsets: Vec<_> = ending(&["offset"])
            .map(|(name, value)| {
                let path = &name[..name.len() - "offset".len()];
                (format!("{path}limit"), value)
            })
            .collect();
        query.ranges = range::from_parameters(&limits, &offsets);
        query.canonical = canonical(&pairs);
        Ok(query)
    }

    fn filter(&mut self, name: &str, value: &str, function_read: bool) -> Result<(), RestError> {
        let (path, field) = syntax("tree path", name, grammar::tree_path)?;
        let condition = syntax("filter", value, |p| {
            if function_read {
                p.optional(grammar::condition)
            } else {
                grammar::condition(p).map(Some)
            }
        })?;
        self.filter_names.insert(name.to_owned());
        match condition {
            Some((negated, operation)) => {
                self.filters.push((
                    path,
                    Filter {
                        field,
                        negated,
                        operation,
                    },
                ));
            }
            None => self.arguments.push((field.name, value.to_owned())),
        }
        Ok(())
    }

    /// Conditions on the resource itself: what a write is restricted by.
    pub fn root_filters(&self) -> impl Iterator<Item = &Filter> {
        self.filters
            .iter()
            .filter(|(path, _)| path.is_empty())
            .map(|(_, filter)| filter)
    }
}

/// The path of a `limit` parameter.
pub(crate) fn range_path(key: &str) -> Result<EmbedPath, RestError> {
    if key == "limit" {
        return Ok(EmbedPath::new());
    }
    Ok(syntax("tree path", key, grammar::tree_path)?.0)
}

fn canonical(pairs: &[(String, Option<String>)]) -> String {
    let mut sorted: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()))
        .collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut out = String::new();
    let mut last: Option<&str> = None;
    for (name, value) in sorted {
        if last == Some(name) {
            out.push(',');
        } else {
            if last.is_some() {
                out.push('&');
            }
            encode(&mut out, &latin1(name));
            out.push('=');
        }
        encode(&mut out, &latin1(value));
        last = Some(name);
    }
    out
}

/// Each byte as the character of that number: upstream's encoder takes bytes for characters, so what
/// is not ASCII is encoded twice.
fn latin1(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.bytes().map(char::from).collect())
}

fn encode(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// `?name=value&…`, names and values encoded: for `Location`.
pub(crate) fn render_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        out.push(if out.is_empty() { '?' } else { '&' });
        encode(&mut out, name);
        out.push('=');
        encode(&mut out, value);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::request::types::{LogicOperator, Operation, QuantifiedOperator};
    use hearth_core::ApiError;

    fn refusal(raw: &str) -> (String, String) {
        let error = QueryString::parse(raw, false).unwrap_err();
        (
            error.message().into_owned(),
            error.details().unwrap().into_owned(),
        )
    }

    #[test]
    fn parameters_are_told_apart() {
        let query = QueryString::parse(
            "select=id,a:b(c)&id=eq.1&b.c=lt.2&order=id.desc&b.limit=3&offset=4&or=(x.is.null,y.in.(1,2))&columns=p,q",
            false,
        )
        .unwrap();
        assert_eq!(query.select.len(), 2);
        assert_eq!(query.root_filters().count(), 1);
        assert_eq!(query.filters[1].0, ["b"]);
        assert!(matches!(
            &query.filters[0].1.operation,
            Operation::Quantified(QuantifiedOperator::Equal, None, value) if value == "1"
        ));
        assert!(matches!(
            &query.logic[0].1,
            Logic::Group { operator: LogicOperator::Or, members, .. } if members.len() == 2
        ));
        assert_eq!(query.ranges.len(), 2);
        assert_eq!(query.columns.unwrap().len(), 2);
    }

    #[test]
    fn arguments_of_functions_need_no_operator() {
        let query = QueryString::parse("a=1&b=eq.2&select=x", true).unwrap();
        assert_eq!(query.arguments, [("a".to_owned(), "1".to_owned())]);
        assert_eq!(query.filters.len(), 1);
    }

    #[test]
    fn refusals_are_in_upstreams_words() {
        assert_eq!(
            refusal("a.b=noop.0"),
            (
                "\"failed to parse filter (noop.0)\" (line 1, column 1)".to_owned(),
                "unexpected \"o\" expecting \"not\" or operator (eq, gt, ...)".to_owned()
            )
        );
        for (raw, details) in [
            (
                "order=clients(name,id)",
                "unexpected '(' expecting letter, digit, \"-\", \"->>\", \"->\", delimiter (.), \",\" or end of input",
            ),
            (
                "order=id.nulsfist",
                "unexpected \"n\" expecting \"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"",
            ),
            (
                "order=id.asc.nlsfst",
                "unexpected \"l\" expecting \"nullsfirst\" or \"nullslast\"",
            ),
            (
                "order=id.nullslasttt",
                "unexpected 't' expecting \",\" or end of input",
            ),
            ("or=(id.in.1,2,id.eq.3)", "unexpected \"1\" expecting \"(\""),
            ("or=)(", "unexpected \")\" expecting \"(\""),
            (
                "and=(ord(id.eq.1,id.eq.1),id.eq.2)",
                "unexpected \"d\" expecting \"(\"",
            ),
            (
                "or=(id.eq.1,not.xor(id.eq.2,id.eq.3))",
                "unexpected \"x\" expecting logic operator (and, or)",
            ),
            (
                "select=name!hint",
                "unexpected '!' expecting letter, digit, \"-\", \"->>\", \"->\", \"::\", \".\", \")\", \",\" or end of input",
            ),
            (
                "id=fts().value",
                "unexpected \")\" expecting operator (eq, gt, ...)",
            ),
            (
                "id=is().value",
                "unexpected \"(\" expecting operator (eq, gt, ...)",
            ),
            (
                ":=eq.1",
                "unexpected \":\" expecting field name (* or [a..z0..9_$])",
            ),
        ] {
            assert_eq!(refusal(raw).1, details, "{raw}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("select={}id{}", "a(".repeat(5000), ")".repeat(5000));
        assert!(QueryString::parse(&deep, false).is_err());
        let deep = format!("or=({}", "and(".repeat(5000));
        assert!(QueryString::parse(&deep, false).is_err());
        let wide = format!("or=({}a.eq.1)", "a.eq.1,".repeat(5000));
        assert!(QueryString::parse(&wide, false).is_ok());
    }

    #[test]
    fn long_texts_are_long_and_nothing_worse() {
        for raw in [
            "a=eq.1&".repeat(15_000),
            "a.limit=1&".repeat(10_000),
            format!("or=({}a.eq.1)", "a.eq.1,".repeat(15_000)),
            format!("id=in.({})", "\"a\\\"\",".repeat(15_000)),
            format!("select={}", "a,".repeat(50_000)),
            format!("order={}", "a.desc,".repeat(15_000)),
            format!("select={}", "a".repeat(100_000)),
            format!("select={}", "(".repeat(100_000)),
            format!("id=eq.{}", "%".repeat(100_000)),
        ] {
            let _ = QueryString::parse(&raw, false);
        }
        let many = format!("select={}", "a(b),".repeat(20_000));
        assert!(QueryString::parse(&many, false).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(raw in "\\PC{0,80}", name in "(select|order|or|and|columns|on_conflict|limit|id|a.not.or)") {
            let _ = QueryString::parse(&raw, false);
            let _ = QueryString::parse(&format!("{name}={raw}"), true);
        }

        #[test]
        fn nothing_made_of_the_grammars_own_marks_panics(raw in "[a-c(),.:!*>\"\\-\\\\ {}0-2]{0,60}", name in "(select|order|or|id|columns)") {
            let _ = QueryString::parse(&format!("{name}={raw}"), false);
        }
    }
}

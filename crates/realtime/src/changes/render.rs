//! Values of the log as JSON, as `to_jsonb` renders each type.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::frame::push_json_string;

/// How values of a type are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A JSON number: integers, numerics, floats.
    Number,
    /// `true` or `false`.
    Bool,
    /// JSON as it is.
    Json,
    /// A string.
    Text,
    /// A string with `T` between date and time, and minutes in the offset.
    Timestamp,
    /// A string of the hexadecimal digits alone.
    Bytes,
    /// An array of values; the delimiter of its text form.
    Array(Arc<Form>, char),
    /// An object of named values.
    Composite(Arc<[(Arc<str>, Form)]>),
}

/// One type as the catalog describes it.
#[derive(Debug, Clone)]
pub struct TypeRow {
    /// `b`ase, `d`omain, `c`omposite, `e`num, `r`ange…
    pub kind: char,
    /// Of a domain: the type behind it.
    pub base: u32,
    /// Of an array: the type of its elements, else 0.
    pub element: u32,
    /// Between elements of an array of this type.
    pub delimiter: char,
    /// Of a composite type.
    pub attributes: Vec<(Arc<str>, u32)>,
}

/// The form of the type `oid`.
pub fn form(oid: u32, types: &HashMap<u32, TypeRow>) -> Form {
    form_within(oid, types, 0)
}

fn form_within(oid: u32, types: &HashMap<u32, TypeRow>, depth: u8) -> Form {
    match oid {
        20 | 21 | 23 | 700 | 701 | 1700 => return Form::Number,
        16 => return Form::Bool,
        114 | 3802 => return Form::Json,
        1114 | 1184 => return Form::Timestamp,
        17 => return Form::Bytes,
        _ => {}
    }
    let Some(row) = types.get(&oid) else {
        return Form::Text;
    };
    // Composite types can hold each other by way of arrays.
    if depth > 8 {
        return Form::Text;
    }
    if row.kind == 'd' {
        form_within(row.base, types, depth + 1)
    } else if row.element != 0 {
        let delimiter = types
            .get(&row.element)
            .map_or(',', |element| element.delimiter);
        Form::Array(
            Arc::new(form_within(row.element, types, depth + 1)),
            delimiter,
        )
    } else if row.kind == 'c' {
        let attributes = row.attributes.iter();
        let attributes =
            attributes.map(|(name, oid)| (name.clone(), form_within(*oid, types, depth + 1)));
        Form::Composite(attributes.collect())
    } else {
        Form::Text
    }
}

/// Appends a value of a column.
pub fn push(out: &mut String, form: &Form, text: &str) {
    match form {
        // Only here: inside arrays `to_jsonb` keeps the prefix.
        Form::Bytes => push_json_string(out, text.strip_prefix("\\x").unwrap_or(text)),
        form => push_inner(out, form, text),
    }
}

fn push_inner(out: &mut String, form: &Form, text: &str) {
    match form {
        Form::Number => push_number(out, text),
        Form::Bool => out.push_str(if text == "t" { "true" } else { "false" }),
        Form::Json => out.push_str(text),
        Form::Text | Form::Bytes => push_json_string(out, text),
        Form::Timestamp => push_timestamp(out, text),
        Form::Array(element, delimiter) => {
            let start = out.len();
            if push_array(out, element, *delimiter, text).is_none() {
                out.truncate(start);
                push_json_string(out, text);
            }
        }
        Form::Composite(attributes) => {
            let start = out.len();
            if push_composite(out, attributes, text).is_none() {
                out.truncate(start);
                push_json_string(out, text);
            }
        }
    }
}

/// Most digits before or behind the point that an exponent is written out to; `float8` has 324.
const MOST_DIGITS: u32 = 400;

fn push_number(out: &mut String, text: &str) {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        // NaN and infinities have no JSON number; the log plugin upstream reads makes them null.
        out.push_str("null");
        return;
    }
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        out.push_str(text);
        return;
    };
    // jsonb has no exponents: 1e+20 is written out.
    let exponent = exponent.parse::<i32>().ok();
    let Some(exponent) = exponent.filter(|e| e.unsigned_abs() <= MOST_DIGITS) else {
        out.push_str("null");
        return;
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = whole.len() as i32 + exponent;
    out.push_str(sign);
    if point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        out.push_str(&digits);
    } else if point as usize >= digits.len() {
        out.push_str(&digits);
        out.extend(std::iter::repeat_n('0', point as usize - digits.len()));
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    }
}

fn push_timestamp(out: &mut String, text: &str) {
    let Some((date, time)) = text.split_once(' ') else {
        push_json_string(out, text);
        return;
    };
    out.push('"');
    out.push_str(date);
    out.push('T');
    let (time, era) = match time.strip_suffix(" BC") {
        Some(time) => (time, " BC"),
        None => (time, ""),
    };
    out.push_str(time);
    // An offset of whole hours comes without its minutes.
    if let Some(at) = time.rfind(['+', '-'])
        && time.len() - at == 3
    {
        out.push_str(":00");
    }
    out.push_str(era);
    out.push('"');
}

/// `{1,2,NULL,"a b",{…}}`, perhaps behind its bounds.
fn push_array(out: &mut String, element: &Form, delimiter: char, text: &str) -> Option<()> {
    let body = match text.strip_prefix('[') {
        Some(_) => text.split_once('=')?.1,
        None => text,
    };
    let mut chars = body.char_indices().peekable();
    if chars.next()?.1 != '{' {
        return None;
    }
    out.push('[');
    let mut depth = 1;
    let mut first = true;
    loop {
        let (at, c) = chars.next()?;
        match c {
            '}' => {
                out.push(']');
                depth -= 1;
                first = false;
                if depth == 0 {
                    return chars.next().is_none().then_some(());
                }
            }
            c if c == delimiter => {}
            '{' => {
                if !first {
                    out.push(',');
                }
                out.push('[');
                depth += 1;
                first = true;
            }
            '"' => {
                let mut value = String::new();
                loop {
                    match chars.next()?.1 {
                        '"' => break,
                        '\\' => value.push(chars.next()?.1),
                        c => value.push(c),
                    }
                }
                if !first {
                    out.push(',');
                }
                push_inner(out, element, &value);
                first = false;
            }
            _ => {
                let mut end = at + c.len_utf8();
                while let Some((next, c)) = chars.peek().copied() {
                    if c == delimiter || c == '}' {
                        break;
                    }
                    end = next + c.len_utf8();
                    chars.next();
                }
                if !first {
                    out.push(',');
                }
                match &body[at..end] {
                    "NULL" => out.push_str("null"),
                    value => push_inner(out, element, value),
                }
                first = false;
            }
        }
    }
}

/// `(a,"b c",)`: nothing between commas is NULL, quotes are doubled or escaped.
fn push_composite(out: &mut String, attributes: &[(Arc<str>, Form)], text: &str) -> Option<()> {
    let body = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut chars = body.chars().peekable();
    let mut values: Vec<Option<String>> = Vec::with_capacity(attributes.len());
    let mut value: Option<String> = None;
    while let Some(c) = chars.next() {
        match c {
            ',' => values.push(value.take()),
            '"' => {
                let value = value.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' if chars.peek() == Some(&'"') => {
                            chars.next();
                            value.push('"');
                        }
                        '"' => break,
                        '\\' => value.push(chars.next()?),
                        c => value.push(c),
                    }
                }
            }
            '\\' => value.get_or_insert_default().push(chars.next()?),
            c => value.get_or_insert_default().push(c),
        }
    }
    values.push(value);
    if values.len() != attributes.len() {
        return None;
    }
    out.push('{');
    for (index, ((name, form), value)) in attributes.iter().zip(&values).enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_json_string(out, name);
        out.push_str(": ");
        match value {
            None => out.push_str("null"),
            Some(value) => push_inner(out, form, value),
        }
    }
    out.push('}');
    Some(())
}

/// Compares two numbers in PostgreSQL's text form. NaN is greater than everything.
pub fn compare_numbers(left: &str, right: &str) -> Option<Ordering> {
    let plain = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    if plain(left) && plain(right) {
        return Some(compare_decimals(left, right));
    }
    let float = |text: &str| match text {
        "NaN" => Some(f64::NAN),
        text => text.parse::<f64>().ok(),
    };
    let (left, right) = (float(left)?, float(right)?);
    Some(match (left.is_nan(), right.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => left.partial_cmp(&right)?,
    })
}

fn compare_decimals(left: &str, right: &str) -> Ordering {
    fn parts(text: &str) -> (bool, &str, &str) {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        );
        (
            negative && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        )
    }
    let (left_negative, left_whole, left_fraction) = parts(left);
    let (right_negative, right_whole, right_fraction) = parts(right);
    match (left_negative, right_negative) {
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    let size = left_whole
        .len()
        .cmp(&right_whole.len())
        .then_with(|| left_whole.cmp(right_whole))
        .then_with(|| left_fraction.cmp(right_fraction));
    if left_negative { size.reverse() } else { size }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rendered(form: &Form, text: &str) -> String {
        let mut out = String::new();
        push(&mut out, form, text);
        out
    }

    #[test]
    fn scalars() {
        assert_eq!(
            rendered(&Form::Number, "9007199254740993"),
            "9007199254740993"
        );
        assert_eq!(rendered(&Form::Number, "1.10"), "1.10");
        assert_eq!(rendered(&Form::Number, "1e+20"), "100000000000000000000");
        assert_eq!(rendered(&Form::Number, "-1.5e-07"), "-0.00000015");
        assert_eq!(rendered(&Form::Number, "1.25e+01"), "12.5");
        assert_eq!(rendered(&Form::Number, "NaN"), "null");
        assert_eq!(rendered(&Form::Number, "1e2000000000"), "null");
        assert_eq!(rendered(&Form::Bool, "t"), "true");
        assert_eq!(rendered(&Form::Text, "a\"b\n"), r#""a\"b\n""#);
        assert_eq!(rendered(&Form::Bytes, "\\xdeadbeef"), "\"deadbeef\"");
    }

    #[test]
    fn times_are_iso_8601() {
        let at = |text: &str| rendered(&Form::Timestamp, text);
        assert_eq!(at("2024-01-02 03:04:05.678"), "\"2024-01-02T03:04:05.678\"");
        assert_eq!(
            at("2024-01-02 03:04:05+00"),
            "\"2024-01-02T03:04:05+00:00\""
        );
        assert_eq!(
            at("2024-01-02 03:04:05+05:30"),
            "\"2024-01-02T03:04:05+05:30\""
        );
        assert_eq!(
            at("0044-03-15 12:00:00+00 BC"),
            "\"0044-03-15T12:00:00+00:00 BC\""
        );
        assert_eq!(at("infinity"), "\"infinity\"");
    }

    #[test]
    fn arrays_and_rows() {
        let numbers = Form::Array(Arc::new(Form::Number), ',');
        assert_eq!(rendered(&numbers, "{1,2,NULL}"), "[1,2,null]");
        assert_eq!(rendered(&numbers, "{{1,2},{3,4}}"), "[[1,2],[3,4]]");
        assert_eq!(rendered(&numbers, "[0:1]={1,2}"), "[1,2]");
        assert_eq!(rendered(&numbers, "{}"), "[]");
        let texts = Form::Array(Arc::new(Form::Text), ',');
        assert_eq!(
            rendered(&texts, r#"{a,"b,c","NULL","d\"e",NULL}"#),
            r#"["a","b,c","NULL","d\"e",null]"#
        );
        let row = Form::Composite(
            [
                ("x".into(), Form::Number),
                ("y".into(), Form::Text),
                ("z".into(), Form::Text),
            ]
            .into(),
        );
        assert_eq!(
            rendered(&row, r#"(1,"a ""b""",)"#),
            r#"{"x": 1, "y": "a \"b\"", "z": null}"#
        );
        assert_eq!(rendered(&row, "(1)"), "\"(1)\"");
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let order = |a, b| compare_numbers(a, b);
        assert_eq!(order("10", "9"), Some(Ordering::Greater));
        assert_eq!(order("-10", "9"), Some(Ordering::Less));
        assert_eq!(order("-0", "0.00"), Some(Ordering::Equal));
        assert_eq!(
            order(
                "123456789012345678901234567890",
                "123456789012345678901234567891"
            ),
            Some(Ordering::Less)
        );
        assert_eq!(order("1.5", "1.50"), Some(Ordering::Equal));
        assert_eq!(order("1e+20", "5"), Some(Ordering::Greater));
        assert_eq!(order("NaN", "Infinity"), Some(Ordering::Greater));
        assert_eq!(order("x", "1"), None);
    }

    proptest! {
        #[test]
        fn any_text_renders(text in ".{0,60}") {
            let forms = [
                Form::Number,
                Form::Timestamp,
                Form::Array(Arc::new(Form::Text), ','),
                Form::Composite([("a".into(), Form::Text)].into()),
            ];
            for form in forms {
                rendered(&form, &text);
            }
        }
    }
}

//! PostgreSQL's text of a value as JSON, as node-postgres (and so postgres-meta) reads it: numbers,
//! booleans and JSON as such, whole numbers beyond 2^53 and everything else as text.

use serde_json::{Number, Value};
use tokio_postgres::types::{Kind, Type};

const SAFE: i64 = (1 << 53) - 1;

/// `text` of type `kind` as JSON; no text is null.
pub(crate) fn to_json(kind: &Type, text: Option<&str>) -> Value {
    let Some(text) = text else {
        return Value::Null;
    };
    if let Kind::Array(element) = kind.kind()
        && let Some(value) = array(element, text)
    {
        return value;
    }
    if let Kind::Domain(base) = kind.kind() {
        return to_json(base, Some(text));
    }
    scalar(kind, text)
}

fn scalar(kind: &Type, text: &str) -> Value {
    let plain = || Value::String(text.to_owned());
    match *kind {
        Type::BOOL => Value::Bool(text == "t"),
        Type::INT2 | Type::INT4 | Type::OID | Type::INT8 => match text.parse::<i64>() {
            Ok(number) if number.abs() <= SAFE => Value::Number(number.into()),
            _ => plain(),
        },
        Type::FLOAT4 | Type::FLOAT8 => text
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map_or_else(plain, whole),
        Type::JSON | Type::JSONB => serde_json::from_str(text).unwrap_or_else(|_| plain()),
        _ => plain(),
    }
}

/// JavaScript writes a whole float without its fraction.
fn whole(number: Number) -> Value {
    let float = number.as_f64().unwrap_or_default();
    if float.fract() == 0.0 && float.abs() <= SAFE as f64 {
        Value::Number((float as i64).into())
    } else {
        Value::Number(number)
    }
}

/// An array's text, or nothing where it has bounds of its own or cannot be read.
fn array(element: &Type, text: &str) -> Option<Value> {
    // Boxes are the one type whose elements are separated by something else.
    if *element == Type::BOX {
        return None;
    }
    let mut reader = Reader {
        rest: text,
        element,
    };
    let value = reader.array(0)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'t> {
    rest: &'t str,
    element: &'t Type,
}

impl Reader<'_> {
    fn eat(&mut self, symbol: char) -> bool {
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        // PostgreSQL allows six dimensions.
        if depth > 6 || !self.eat('{') {
            return None;
        }
        let mut items = Vec::new();
        if self.eat('}') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(if self.rest.starts_with('{') {
                self.array(depth + 1)?
            } else {
                self.item()?
            });
            if self.eat('}') {
                return Some(Value::Array(items));
            }
            if !self.eat(',') {
                return None;
            }
        }
    }

    fn item(&mut self) -> Option<Value> {
        if !self.eat('"') {
            let end = self.rest.find([',', '}'])?;
            let (text, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(match text {
                "NULL" => Value::Null,
                text => to_json(self.element, Some(text)),
            });
        }
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, symbol)) = characters.next() {
            match symbol {
                '"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(to_json(self.element, Some(&text)));
                }
                '\\' => text.push(characters.next()?.1),
                symbol => text.push(symbol),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_node_postgres_reads_them() {
        let cases = [
            (Type::BOOL, "t", json!(true)),
            (Type::INT8, "9007199254740991", json!(9007199254740991_i64)),
            (Type::INT8, "9007199254740993", json!("9007199254740993")),
            (Type::FLOAT8, "1.5", json!(1.5)),
            (Type::FLOAT8, "2", json!(2)),
            (Type::FLOAT8, "NaN", json!("NaN")),
            (Type::NUMERIC, "1.10", json!("1.10")),
            (Type::JSONB, r#"{"a":1}"#, json!({"a": 1})),
            (
                Type::TIMESTAMPTZ,
                "2026-01-01 00:00:00+00",
                json!("2026-01-01 00:00:00+00"),
            ),
            (Type::INT4_ARRAY, "{1,NULL,3}", json!([1, null, 3])),
            (Type::INT4_ARRAY, "{{1},{2}}", json!([[1], [2]])),
            (
                Type::TEXT_ARRAY,
                r#"{"a\"b,c",d,"NULL"}"#,
                json!(["a\"b,c", "d", "NULL"]),
            ),
            (Type::INT4_ARRAY, "[0:1]={1,2}", json!("[0:1]={1,2}")),
            (Type::TEXT_ARRAY, "{}", json!([])),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(to_json(&kind, Some(text)), expected, "{text}");
        }
        assert_eq!(to_json(&Type::TEXT, None), Value::Null);
    }
}

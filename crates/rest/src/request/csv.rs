//! CSV bodies, turned into the JSON that the rest of the pipeline takes. What is read, what is let
//! pass and what is refused, and in which words, is that of cassava, upstream's CSV library
//! (`Data.Csv.Encoding.decodeByName`): that is why this is no general CSV reader.

use serde_json::{Map, Value};

use super::parser::show_text;

/// Of the rest of the text, a refusal shows so much.
const MOST_SHOWN: usize = 100;

/// A JSON array of objects: the first line names the keys, `NULL` is null, everything else text.
/// Fields beyond the names are left out; the first row decides how many fields each row has.
///
/// # Errors
/// What upstream says.
pub(super) fn to_json(body: &[u8]) -> Result<String, String> {
    let mut reader = Reader { rest: body };
    let header = reader.header()?;
    let mut rows: Vec<Value> = Vec::new();
    let (mut names_in_first, mut even) = (None, true);
    while let Some(record) = reader.record()? {
        let row = object(&header, record).map_err(|what| reader.refusal(&what))?;
        even &= *names_in_first.get_or_insert(row.len()) == row.len();
        rows.push(Value::Object(row));
        if !reader.rest.is_empty() {
            reader.end_of_line()?;
        }
    }
    if !even {
        return Err("All lines must have same number of fields".to_owned());
    }
    Ok(Value::Array(rows).to_string())
}

/// One row. A name that stands twice in the header takes its last field.
fn object(header: &[Vec<u8>], record: Vec<Vec<u8>>) -> Result<Map<String, Value>, String> {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(format!(
                "Failed reading: conversion error: Cannot decode byte '\\x{byte:x}': \
                 Data.Text.Encoding: Invalid UTF-8 stream"
            ))
        }
    };
    header
        .iter()
        .zip(record)
        .map(|(name, field)| {
            let value = if field == b"NULL" {
                Value::Null
            } else {
                Value::String(text(&field)?)
            };
            Ok((text(name)?, value))
        })
        .collect()
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// `what` went wrong here.
    fn refusal(&self, what: &str) -> String {
        // Upstream counts bytes, and shows each as a character.
        let shown: String = self.rest.iter().map(|byte| char::from(*byte)).collect();
        let place = if self.rest.len() > MOST_SHOWN {
            format!(
                "{} (truncated)",
                shown.chars().take(MOST_SHOWN).collect::<String>()
            )
        } else {
            show_text(&shown)
        };
        format!("parse error ({what}) at {place}")
    }

    fn header(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let fields = self.fields()?;
        if self.rest.is_empty() {
            return Err(self.refusal("not enough input"));
        }
        self.end_of_line()?;
        Ok(fields)
    }

    /// The next record that is no empty line, without the end of its line.
    fn record(&mut self) -> Result<Option<Vec<Vec<u8>>>, String> {
        loop {
            let fields = self.fields()?;
            if fields.len() > 1 || fields.first().is_some_and(|field| !field.is_empty()) {
                return Ok(Some(fields));
            }
            if self.rest.is_empty() {
                return Ok(None);
            }
            self.end_of_line()?;
        }
    }

    fn fields(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let mut fields = vec![self.field()?];
        while let Some(rest) = self.rest.strip_prefix(b",") {
            self.rest = rest;
            fields.push(self.field()?);
        }
        Ok(fields)
    }

    fn field(&mut self) -> Result<Vec<u8>, String> {
        let Some(rest) = self.rest.strip_prefix(b"\"") else {
            let ends = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
            let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
            let (field, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Ok(field.to_vec());
        };
        // A quote closes unless another one follows.
        let mut quoted = false;
        let end = rest
            .iter()
            .position(|byte| {
                let stops = quoted && *byte != b'"';
                quoted = *byte == b'"' && !quoted;
                stops
            })
            .unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        self.rest = after;
        // Where the text ends without a closing quote, its last character is taken for one.
        match text.split_last() {
            None => Err(self.refusal("Failed reading: trailing double quote")),
            Some((_, text)) => self.unescaped(text),
        }
    }

    /// Doubled quotes are single ones.
    fn unescaped(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(text.len());
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            if *byte == b'"' && bytes.next().is_none() {
                return Err(self.refusal("Failed reading: not enough input"));
            }
            out.push(*byte);
        }
        Ok(out)
    }

    /// A line feed, a carriage return, or both.
    fn end_of_line(&mut self) -> Result<(), String> {
        let ends: [&[u8]; 3] = [b"\n", b"\r\n", b"\r"];
        match ends.iter().find_map(|end| self.rest.strip_prefix(*end)) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(self.refusal("Failed reading: satisfy")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn quotes_nulls_and_line_ends() {
        for (csv, json) in [
            (
                "a,\"b\"\r\n1,\"x, \"\"y\"\"\"\nNULL,\n",
                r#"[{"a":"1","b":"x, \"y\""},{"a":null,"b":""}]"#,
            ),
            ("a\r1\r\r2", r#"[{"a":"1"},{"a":"2"}]"#),
            ("a\n", "[]"),
            ("a\n\"two\nlines\"", r#"[{"a":"two\nlines"}]"#),
            // One of them was meant: the last column that has the name.
            ("a,a\n1,2", r#"[{"a":"2"}]"#),
            ("a\n1,2,3", r#"[{"a":"1"}]"#),
            // The first row decides.
            ("a,b\n1\n2", r#"[{"a":"1"},{"a":"2"}]"#),
            // As upstream: nothing closes the quote, and the last character is lost.
            ("a\n\"open", r#"[{"a":"ope"}]"#),
        ] {
            assert_eq!(to_json(csv.as_bytes()).as_deref(), Ok(json), "{csv:?}");
        }
    }

    #[test]
    fn refusals_are_in_upstreams_words() {
        for (csv, text) in [
            ("", "parse error (not enough input) at \"\""),
            ("a,b", "parse error (not enough input) at \"\""),
            (
                "a\n1,x\"y\n",
                "parse error (Failed reading: satisfy) at \"\\\"y\\n\"",
            ),
            (
                "a\n\"",
                "parse error (Failed reading: trailing double quote) at \"\"",
            ),
            ("a,b\n1,2\n3", "All lines must have same number of fields"),
        ] {
            assert_eq!(to_json(csv.as_bytes()).unwrap_err(), text, "{csv:?}");
        }
        let long = format!("a\nx\"{}", "y".repeat(200));
        let refusal = to_json(long.as_bytes()).unwrap_err();
        assert!(refusal.ends_with("yyy (truncated)"), "{refusal}");
    }
}

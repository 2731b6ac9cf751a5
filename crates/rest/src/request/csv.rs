//! CSV bodies, turned into the JSON that the rest of the pipeline takes.

/// A JSON array of objects: the first line names the keys, `NULL` is null, everything else text.
pub(super) fn to_json(body: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(body).map_err(|_| "not enough input".to_owned())?;
    let mut records = records(text)?.into_iter();
    let header = records
        .next()
        .ok_or_else(|| "not enough input".to_owned())?;
    let mut out = String::from("[");
    for (index, record) in records.enumerate() {
        // Fields beyond the header have no name and are left out.
        if record.len() < header.len() {
            return Err("All lines must have same number of fields".to_owned());
        }
        let object: serde_json::Map<String, serde_json::Value> = header
            .iter()
            .zip(record)
            .map(|(name, value)| {
                let value = if value == "NULL" {
                    serde_json::Value::Null
                } else {
                    value.into()
                };
                (name.clone(), value)
            })
            .collect();
        if index > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::Value::Object(object).to_string());
    }
    out.push(']');
    Ok(out)
}

fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut records = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut record = Vec::new();
        loop {
            let (field, after) = field(rest)?;
            record.push(field);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after
                        .strip_prefix("\r\n")
                        .or_else(|| after.strip_prefix(['\n', '\r']))
                        .unwrap_or(after);
                    break;
                }
            }
        }
        // Empty lines are no records.
        if record.len() > 1 || !record[0].is_empty() {
            records.push(record);
        }
    }
    Ok(records)
}

fn field(text: &str) -> Result<(String, &str), String> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n', '\r', '"']).unwrap_or(text.len());
        if text[end..].starts_with('"') {
            return Err("parse error (endOfInput)".to_owned());
        }
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    loop {
        let end = rest
            .find('"')
            .ok_or_else(|| "parse error (not enough input)".to_owned())?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                value.push('"');
                rest = after;
            }
            None if rest.is_empty() || rest.starts_with([',', '\n', '\r']) => {
                return Ok((value, rest));
            }
            None => return Err("parse error (endOfInput)".to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn quotes_nulls_and_line_ends() {
        assert_eq!(
            to_json(b"a,\"b\"\r\n1,\"x, \"\"y\"\"\"\nNULL,\n").unwrap(),
            r#"[{"a":"1","b":"x, \"y\""},{"a":null,"b":""}]"#
        );
        assert!(to_json(b"a,b\n1\n").is_err());
        assert!(to_json(b"").is_err());
    }
}

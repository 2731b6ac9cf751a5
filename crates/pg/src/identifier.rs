//! The one place where names become SQL text. Values are never written into SQL: they are bound.

/// `name` as a quoted identifier. NUL cannot occur in a PostgreSQL name and is dropped.
pub fn quote(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    push_quoted(&mut out, name);
    out
}

/// Appends `name` as a quoted identifier.
pub fn push_quoted(out: &mut String, name: &str) {
    out.push('"');
    for c in name.chars() {
        match c {
            '"' => out.push_str("\"\""),
            '\0' => {}
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `text` as a string literal, for the few utility statements that take no parameters
/// (`create role … password …`, `alter role … set …`).
pub fn literal(text: &str) -> String {
    let escaped = text
        .replace('\0', "")
        .replace('\\', "\\\\")
        .replace('\'', "''");
    if escaped.contains('\\') {
        format!("E'{escaped}'")
    } else {
        format!("'{escaped}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals_cannot_break_out() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote("表 1"), "\"表 1\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }
}

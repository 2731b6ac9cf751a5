//! PostgreSQL's refusal of a statement, with its place in the text that the user typed.

use serde_json::{Map, Value, json};
use tokio_postgres::error::{DbError, ErrorPosition};

/// A refused statement.
#[derive(Debug, Clone)]
pub(crate) struct SqlFailure {
    /// PostgreSQL's words.
    pub(crate) message: String,
    /// SQLSTATE.
    pub(crate) code: String,
    /// `ERROR`, `FATAL` …
    pub(crate) severity: String,
    /// The character in the whole text, from 1.
    pub(crate) position: Option<usize>,
    /// Detail.
    pub(crate) detail: Option<String>,
    /// Hint.
    pub(crate) hint: Option<String>,
    /// Context: the functions that it happened in.
    pub(crate) context: Option<String>,
    /// The statement inside a function.
    pub(crate) internal_query: Option<String>,
    others: Vec<(&'static str, String)>,
    text: String,
    /// It answers `POST /query`, which says more than the other routes.
    pub(crate) as_query: bool,
}

impl SqlFailure {
    /// What `error` says about a statement that starts `offset` characters into `text`.
    pub(crate) fn new(error: &DbError, text: &str, offset: usize) -> Self {
        let (position, internal_query) = match error.position() {
            Some(ErrorPosition::Original(position)) => (Some(*position as usize + offset), None),
            Some(ErrorPosition::Internal { query, .. }) => (None, Some(query.clone())),
            None => (None, None),
        };
        let line = error.line().map(|line| line.to_string());
        let others = [
            ("schema", error.schema()),
            ("table", error.table()),
            ("column", error.column()),
            ("dataType", error.datatype()),
            ("constraint", error.constraint()),
            ("file", error.file()),
            ("line", line.as_deref()),
            ("routine", error.routine()),
        ];
        Self {
            message: error.message().to_owned(),
            code: error.code().code().to_owned(),
            severity: error.severity().to_owned(),
            position,
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            context: error.where_().map(str::to_owned),
            internal_query,
            others: others
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?.to_owned())))
                .collect(),
            text: text.to_owned(),
            as_query: false,
        }
    }

    /// A statement that PostgreSQL would take, and this way of running it does not.
    pub(crate) fn unsupported(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            code: "0A000".to_owned(),
            severity: "ERROR".to_owned(),
            position: None,
            detail: None,
            hint: None,
            context: None,
            internal_query: None,
            others: Vec::new(),
            text: String::new(),
            as_query: false,
        }
    }

    /// The fields that say more than code and message do.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                fields.insert(key.to_owned(), json!(value));
            }
        };
        put("message", Some(&self.message));
        put("code", Some(&self.code));
        put("severity", Some(&self.severity));
        put("detail", self.detail.as_deref());
        put("hint", self.hint.as_deref());
        let position = self.position.map(|position| position.to_string());
        put("position", position.as_deref());
        put("where", self.context.as_deref());
        put("internalQuery", self.internal_query.as_deref());
        for (key, value) in &self.others {
            put(key, Some(value));
        }
        let formatted = self.formatted();
        put("formattedError", Some(&formatted));
        fields
    }

    /// The error as psql shows it, with the line and a mark under the character.
    pub(crate) fn formatted(&self) -> String {
        let mut out = format!("{}:  {}: {}\n", self.severity, self.code, self.message);
        if let Some(position) = self.position
            && let Some((number, line, column)) = locate(&self.text, position)
        {
            let label = format!("LINE {number}: ");
            let indent = " ".repeat(label.chars().count() + column);
            out.push_str(&format!("{label}{line}\n{indent}^\n"));
        }
        for (label, value) in [
            ("DETAIL", &self.detail),
            ("HINT", &self.hint),
            ("QUERY", &self.internal_query),
            ("CONTEXT", &self.context),
        ] {
            if let Some(value) = value {
                out.push_str(&format!("{label}:  {value}\n"));
            }
        }
        out
    }
}

/// Line number, line, and column from 0 of the character `position` from 1.
fn locate(text: &str, position: usize) -> Option<(usize, &str, usize)> {
    let mut left = position.checked_sub(1)?;
    for (index, line) in text.split('\n').enumerate() {
        let length = line.chars().count();
        if left <= length {
            return Some((index + 1, line, left));
        }
        left -= length + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn a_position_counts_characters() {
        assert_eq!(locate("选择 1;\nselec", 7), Some((2, "selec", 0)));
        assert_eq!(locate("a", 1), Some((1, "a", 0)));
        assert_eq!(locate("a", 9), None);
        assert_eq!(locate("a", 0), None);
    }
}

//! The SQL that Hearth sends for a request, read back from PostgreSQL's log: the limit runs just
//! that, and follows when Hearth changes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, ensure};

/// One statement with the values bound to it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Statement {
    /// Its text, parameters as `$1`.
    pub(crate) sql: String,
    /// The values in text form; none is NULL.
    pub(crate) values: Vec<Option<String>>,
}

/// A reading position in the log.
pub(crate) struct Log<'a> {
    path: &'a Path,
    from: u64,
}

impl<'a> Log<'a> {
    /// At the present end of the log.
    pub(crate) fn end_of(path: &'a Path) -> anyhow::Result<Self> {
        let from = std::fs::metadata(path).context("PostgreSQL's log")?.len();
        Ok(Self { path, from })
    }

    /// The statements that the login of callers' requests has run on `database` since.
    pub(crate) fn statements(&self, database: &str) -> anyhow::Result<Vec<Statement>> {
        let mut file = File::open(self.path)?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let statements = parse(&text, database);
        ensure!(
            !statements.is_empty(),
            "no statement of a caller in PostgreSQL's log"
        );
        Ok(statements)
    }
}

/// Entries begin with a time and `[pid] user@database `; lines that go on begin with a tab.
fn parse(log: &str, database: &str) -> Vec<Statement> {
    let of = format!("@{database} ");
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), entries.last_mut()) {
            (Some(more), Some(entry)) => {
                entry.push('\n');
                entry.push_str(more);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    let mut statements: Vec<Statement> = Vec::new();
    for entry in entries {
        let Some((who, message)) = entry.split_once(&of) else {
            continue;
        };
        let login = who.rsplit(' ').next().unwrap_or_default();
        if !login.starts_with("authenticator") {
            continue;
        }
        if let Some(detail) = message.strip_prefix("DETAIL:  ")
            && let Some((_, list)) = detail.split_once("arameters: ")
            && let Some(last) = statements.last_mut()
        {
            last.values = values(list);
        } else if let Some(logged) = message.strip_prefix("LOG:  ")
            && let Some((_, sql)) = logged
                .split_once("statement: ")
                .filter(|(before, _)| before.is_empty())
                .or_else(|| logged.strip_prefix("execute ")?.split_once(": "))
        {
            statements.push(Statement {
                sql: sql.trim().trim_end_matches(';').to_owned(),
                values: Vec::new(),
            });
        }
    }
    statements
}

/// Takes `$1 = 'it''s', $2 = NULL` apart.
fn values(list: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = list;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            rest = value.strip_prefix("NULL").unwrap_or("");
            continue;
        };
        let mut text = String::new();
        let mut characters = quoted.char_indices().peekable();
        rest = "";
        while let Some((at, c)) = characters.next() {
            if c != '\'' {
                text.push(c);
            } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
                text.push('\'');
            } else {
                rest = &quoted[at + 1..];
                break;
            }
        }
        values.push(Some(text));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_values_are_read_back() {
        let log = "2026-01-01 00:00:00.000 UTC [7] authenticator@app_bench LOG:  statement: begin\n\
            2026-01-01 00:00:00.000 UTC [7] authenticator@app_bench LOG:  execute s1: select $1,\n\
            \t$2, ': '\n\
            2026-01-01 00:00:00.000 UTC [7] authenticator@app_bench DETAIL:  Parameters: \
            $1 = 'it''s, $2 = x', $2 = NULL, $3 = ''\n\
            2026-01-01 00:00:00.000 UTC [8] other@app_bench LOG:  statement: select 1\n\
            2026-01-01 00:00:00.000 UTC [7] authenticator@app_bench LOG:  execute s0/p1: commit\n";
        let found = parse(log, "app_bench");
        let sql: Vec<&str> = found.iter().map(|s| s.sql.as_str()).collect();
        assert_eq!(sql, ["begin", "select $1,\n$2, ': '", "commit"]);
        let expected = [Some("it's, $2 = x".to_owned()), None, Some(String::new())];
        assert_eq!(found[1].values, expected);
    }
}

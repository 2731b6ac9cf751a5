//! Runs a script statement by statement and keeps a bounded part of the results.
//!
//! A script is one transaction, as in the simple protocol, unless it controls transactions itself
//! or holds a statement that cannot run inside one. A query is read through a cursor, so that
//! PostgreSQL computes no more rows than are kept; where a cursor is not possible the surplus is
//! read and dropped.

use std::time::Duration;

use futures_util::{StreamExt, pin_mut};
use hearth_pg::identifier::literal;
use serde_json::Value;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::failure::SqlFailure;
use super::split::{Statement, split};
use super::value;
use crate::error::AdminError;
use crate::owner::Session;

/// Bytes of results that are kept of one run.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// As whom a script runs.
#[derive(Debug, Clone)]
pub(crate) enum As {
    /// The owner itself.
    Owner,
    /// A role of the instant API, with the claims of a token.
    Caller {
        /// The role.
        role: &'static str,
        /// `request.jwt.claims`.
        claims: String,
    },
}

/// What is to be run.
pub(crate) struct Job<'j> {
    /// The script.
    pub(crate) script: &'j str,
    /// Values for `$1` … of its only statement.
    pub(crate) parameters: &'j [Value],
    /// As whom.
    pub(crate) role: As,
    /// Time for the whole script.
    pub(crate) timeout: Duration,
    /// Rows kept of each statement.
    pub(crate) max_rows: usize,
    /// Only queries, in a read-only transaction.
    pub(crate) read_only: bool,
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) kind: Type,
}

/// What one statement answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// `SELECT`, `CREATE TABLE` …
    pub(crate) command: String,
    /// Columns.
    pub(crate) fields: Vec<Field>,
    /// The rows that were kept.
    pub(crate) rows: Vec<Vec<Value>>,
    /// Rows returned or changed; unknown where a query was cut.
    pub(crate) row_count: Option<u64>,
    /// There are more rows.
    pub(crate) truncated: bool,
}

/// Runs `job` on a fresh `session`.
///
/// # Errors
/// PostgreSQL's refusal of the first statement that fails; nothing of the script is kept then,
/// unless it commits by itself.
pub(crate) async fn run(session: &Session, job: &Job<'_>) -> Result<Vec<Answer>, AdminError> {
    let statements = split(job.script);
    if !job.parameters.is_empty() && statements.len() > 1 {
        return Err(AdminError::Meta(
            "cannot insert multiple commands into a prepared statement".to_owned(),
        ));
    }
    let client = session.client()?;
    prepare_session(client, job).await?;
    // A block or procedure may commit where nothing is around it.
    let only = match statements.as_slice() {
        [only] => matches!(only.word(0), "DO" | "CALL"),
        _ => false,
    };
    let alone = !job.read_only && (only || statements.iter().any(stands_alone));
    let mut engine = Engine {
        client,
        job,
        transaction: !alone,
        bytes_left: MAX_BYTES,
    };
    if engine.transaction {
        let begin = if job.read_only {
            "begin read only"
        } else {
            "begin"
        };
        client.batch_execute(begin).await?;
    }
    let mut answers = Vec::new();
    for statement in &statements {
        answers.push(engine.statement(statement).await?);
    }
    if engine.transaction {
        // Deferred constraints are checked now.
        client
            .batch_execute("commit")
            .await
            .map_err(|e| refusal(e, job.script, 0))?;
    }
    Ok(answers)
}

async fn prepare_session(client: &Client, job: &Job<'_>) -> Result<(), AdminError> {
    let timeout = job.timeout.as_millis().to_string();
    client
        .execute(
            "select set_config('statement_timeout', $1, false)",
            &[&timeout],
        )
        .await?;
    if let As::Caller { role, claims } = &job.role {
        client
            .execute(
                "select set_config('request.jwt.claims', $1, false), set_config('role', $2, false)",
                &[claims, role],
            )
            .await?;
    }
    Ok(())
}

/// Statements that control transactions, or cannot run inside one.
fn stands_alone(statement: &Statement<'_>) -> bool {
    let has = |word: &str| statement.words.iter().any(|w| w == word);
    match statement.word(0) {
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE"
        | "VACUUM" | "CLUSTER" | "CHECKPOINT" => true,
        "PREPARE" => statement.word(1) == "TRANSACTION",
        "CREATE" | "DROP" => {
            has("CONCURRENTLY")
                || matches!(
                    statement.word(1),
                    "DATABASE" | "TABLESPACE" | "SUBSCRIPTION"
                )
        }
        "REINDEX" => true,
        "ALTER" => matches!(statement.word(1), "SYSTEM" | "DATABASE" | "SUBSCRIPTION"),
        "DISCARD" => statement.word(1) == "ALL",
        _ => false,
    }
}

/// How a statement's rows are asked for. Places in an error's words are the user's own only in the
/// first case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Via {
    Itself,
    Cursor,
    Execute,
}

struct Engine<'e> {
    client: &'e Client,
    job: &'e Job<'e>,
    transaction: bool,
    bytes_left: usize,
}

impl Engine<'_> {
    async fn statement(&mut self, statement: &Statement<'_>) -> Result<Answer, AdminError> {
        let refused = |e| refusal(e, self.job.script, statement.offset);
        if statement.word(0) == "COPY" {
            // Its rows travel outside of statements; files of the server are out of reach anyway.
            return Err(AdminError::Sql(Box::new(SqlFailure::unsupported(
                "COPY is not possible here: use psql with the application's connection string, \
                 or import and export of the table editor",
            ))));
        }
        // Names the columns and their types, and refuses anything that is not one statement.
        let prepared = self.client.prepare(statement.text).await.map_err(refused)?;
        let fields: Vec<Field> = prepared
            .columns()
            .iter()
            .map(|column| Field {
                name: column.name().to_owned(),
                kind: column.type_().clone(),
            })
            .collect();
        let query = !fields.is_empty()
            && matches!(
                statement.word(0),
                "SELECT" | "VALUES" | "TABLE" | "WITH" | ""
            );
        if self.job.read_only && !query && !matches!(statement.word(0), "SHOW" | "EXPLAIN") {
            return Err(AdminError::Forbidden { role: "viewer" });
        }
        let mut answer = Answer {
            command: statement.command(),
            fields,
            ..Answer::default()
        };
        if !self.job.parameters.is_empty() {
            self.with_parameters(statement, &mut answer).await?;
        } else if query && self.transaction && self.declare(statement).await? {
            let fetch = format!(
                "fetch forward {} from hearth_cursor",
                self.job.max_rows.saturating_add(1)
            );
            self.read(&fetch, statement, Via::Cursor, &mut answer)
                .await?;
            self.client
                .batch_execute("close hearth_cursor")
                .await
                .map_err(refused)?;
        } else if query && self.job.read_only {
            return Err(AdminError::Forbidden { role: "viewer" });
        } else {
            self.read(statement.text, statement, Via::Itself, &mut answer)
                .await?;
        }
        Ok(answer)
    }

    /// Opens a cursor for a query. False where it cannot have one: it changes data in its `with`.
    async fn declare(&self, statement: &Statement<'_>) -> Result<bool, AdminError> {
        const LEAD: &str = "declare hearth_cursor no scroll cursor for ";
        let declare = format!("{LEAD}{}", statement.text);
        let may_fail = matches!(statement.word(0), "WITH" | "");
        if may_fail {
            self.client.batch_execute("savepoint hearth_query").await?;
        }
        match self.client.batch_execute(&declare).await {
            Ok(()) => {
                if may_fail {
                    self.client
                        .batch_execute("release savepoint hearth_query")
                        .await?;
                }
                Ok(true)
            }
            Err(error) if may_fail && error.code().is_some_and(|c| c.code() == "0A000") => {
                self.client
                    .batch_execute("rollback to savepoint hearth_query")
                    .await?;
                Ok(false)
            }
            Err(error) => Err(self.refused_behind(error, statement, LEAD)),
        }
    }

    /// Runs the statement with values, which SQL's own `execute` takes as literals of any type.
    async fn with_parameters(
        &mut self,
        statement: &Statement<'_>,
        answer: &mut Answer,
    ) -> Result<(), AdminError> {
        const LEAD: &str = "prepare hearth_statement as ";
        let prepare = format!("{LEAD}{}", statement.text);
        self.client
            .batch_execute(&prepare)
            .await
            .map_err(|e| self.refused_behind(e, statement, LEAD))?;
        let values: Vec<String> = self.job.parameters.iter().map(as_literal).collect();
        let execute = format!("execute hearth_statement ({})", values.join(", "));
        self.read(&execute, statement, Via::Execute, answer).await
    }

    fn refused_behind(
        &self,
        error: tokio_postgres::Error,
        statement: &Statement<'_>,
        lead: &str,
    ) -> AdminError {
        let mut error = refusal(error, self.job.script, statement.offset);
        if let AdminError::Sql(failure) = &mut error {
            failure.position = failure
                .position
                .and_then(|position| position.checked_sub(lead.len()));
        }
        error
    }

    /// Sends `sql` and keeps what it answers, as far as the limits go.
    async fn read(
        &mut self,
        sql: &str,
        statement: &Statement<'_>,
        via: Via,
        answer: &mut Answer,
    ) -> Result<(), AdminError> {
        let refused = |e| {
            let mut error = refusal(e, self.job.script, statement.offset);
            if let AdminError::Sql(failure) = &mut error
                && via != Via::Itself
            {
                failure.position = None;
            }
            error
        };
        let messages = self.client.simple_query_raw(sql).await.map_err(refused)?;
        pin_mut!(messages);
        let mut seen = 0_u64;
        let mut completed = None;
        while let Some(message) = messages.next().await {
            match message.map_err(refused)? {
                SimpleQueryMessage::Row(row) => {
                    seen += 1;
                    let size: usize = (0..row.len())
                        .map(|i| row.get(i).map_or(4, str::len) + 16)
                        .sum();
                    if answer.truncated
                        || answer.rows.len() >= self.job.max_rows
                        || size > self.bytes_left
                    {
                        answer.truncated = true;
                        continue;
                    }
                    self.bytes_left -= size;
                    let cells = (0..row.len()).map(|i| {
                        let kind = answer.fields.get(i).map_or(&Type::TEXT, |f| &f.kind);
                        value::to_json(kind, row.get(i))
                    });
                    answer.rows.push(cells.collect());
                }
                SimpleQueryMessage::RowDescription(columns) if answer.fields.is_empty() => {
                    // `explain`, `show` and the like name theirs only now.
                    let columns = columns.iter().map(|column| Field {
                        name: column.name().to_owned(),
                        kind: Type::TEXT,
                    });
                    answer.fields = columns.collect();
                }
                SimpleQueryMessage::CommandComplete(count) => completed = Some(count),
                _ => {}
            }
        }
        let cut = answer.truncated && via == Via::Cursor;
        answer.row_count = match completed {
            _ if cut => None,
            Some(count) if seen == 0 => Some(count),
            _ => Some(seen),
        };
        Ok(())
    }
}

fn refusal(error: tokio_postgres::Error, script: &str, offset: usize) -> AdminError {
    match error.as_db_error() {
        Some(db) => AdminError::Sql(Box::new(SqlFailure::new(db, script, offset))),
        None => error.into(),
    }
}

/// A JSON value as node-postgres sends it: as text, whose type PostgreSQL infers.
fn as_literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => literal(text),
        Value::Array(items) => literal(&as_array(items)),
        other => literal(&other.to_string()),
    }
}

fn as_array(items: &[Value]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| match item {
            Value::Null => "NULL".to_owned(),
            Value::Array(items) => as_array(items),
            Value::String(text) => quoted(text),
            other => quoted(&other.to_string()),
        })
        .collect();
    format!("{{{}}}", items.join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

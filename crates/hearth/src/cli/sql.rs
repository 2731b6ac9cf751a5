//! `hearth sql`: SQL as the owner of an application, the rights that the console's SQL editor has.

use std::fmt::Write;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use futures_util::TryStreamExt;
use hearth_admin::{ScriptCommand, script_commands};
use hearth_core::AppRef;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Common, output};
use crate::database::OpenDatabase;

#[derive(Debug, Args)]
pub(crate) struct SqlArgs {
    #[command(flatten)]
    common: Common,
    /// The application [default: the default application].
    #[arg(long, value_name = "REF")]
    app: Option<AppRef>,
    /// A file of statements; `-` reads standard input.
    #[arg(short, long, value_name = "FILE", conflicts_with = "command")]
    file: Option<PathBuf>,
    /// The statements themselves.
    #[arg(short, long, value_name = "SQL")]
    command: Option<String>,
}

/// Where the SQL came from, in messages.
struct Script {
    name: String,
    sql: String,
}

impl Script {
    fn read(command: Option<String>, file: Option<PathBuf>) -> anyhow::Result<Self> {
        match (command, file) {
            (Some(sql), _) => Ok(Self {
                name: "-c".to_owned(),
                sql,
            }),
            (None, Some(path)) if path.as_os_str() != "-" => Ok(Self {
                sql: std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?,
                name: path.display().to_string(),
            }),
            _ => {
                let mut sql = String::new();
                std::io::stdin()
                    .read_to_string(&mut sql)
                    .context("cannot read standard input")?;
                Ok(Self {
                    name: "standard input".to_owned(),
                    sql,
                })
            }
        }
    }
}

pub(crate) async fn run(args: SqlArgs) -> anyhow::Result<ExitCode> {
    let config = args.common.config()?;
    let script = Script::read(args.command, args.file)?;
    let commands = script_commands(&script.sql);
    anyhow::ensure!(
        !commands.is_empty(),
        "{}: there is no SQL to run",
        script.name
    );
    let database = OpenDatabase::open(&config).await?;
    let app = match &args.app {
        Some(reference) => database
            .registry
            .get(reference)
            .with_context(|| format!("there is no application {reference}"))?,
        None => database
            .registry
            .default_app()
            .context("there is no application yet")?,
    };
    let client = database.owner_client(&app.reference).await?;
    let mut messages = Vec::new();
    let result = collect(&client, &script.sql, &mut messages).await;
    drop(client);
    database.close().await?;
    if let Err(error) = result {
        anyhow::bail!(explain(&script, &commands, completed(&messages), &error));
    }
    print(&commands, messages);
    Ok(ExitCode::SUCCESS)
}

/// Runs `sql`; `messages` has what came before an error, too.
async fn collect(
    client: &Client,
    sql: &str,
    messages: &mut Vec<SimpleQueryMessage>,
) -> Result<(), tokio_postgres::Error> {
    let mut stream = std::pin::pin!(client.simple_query_raw(sql).await?);
    while let Some(message) = stream.try_next().await? {
        messages.push(message);
    }
    Ok(())
}

/// How many commands were carried out.
fn completed(messages: &[SimpleQueryMessage]) -> usize {
    let complete =
        |message: &&SimpleQueryMessage| matches!(message, SimpleQueryMessage::CommandComplete(_));
    messages.iter().filter(complete).count()
}

/// The error with its place in the script, and what has become of the rest.
fn explain(
    script: &Script,
    commands: &[ScriptCommand],
    completed: usize,
    error: &tokio_postgres::Error,
) -> String {
    let Some(refusal) = error.as_db_error() else {
        return hearth_pg::connect::describe(error);
    };
    let position = match refusal.position() {
        Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
        _ => None,
    };
    let line = match position {
        Some(position) => {
            let before = script.sql.chars().take(position.saturating_sub(1));
            Some(1 + before.filter(|c| *c == '\n').count())
        }
        None => commands.get(completed).map(|command| command.line),
    };
    let place = line.map_or_else(String::new, |line| format!(":{line}"));
    let mut text = format!("{}{place}: {}", script.name, refusal.message());
    for (name, more) in [("detail", refusal.detail()), ("hint", refusal.hint())] {
        if let Some(more) = more {
            let _ = write!(text, "\n  {name}: {more}");
        }
    }
    let at = position.and_then(|position| script.sql.chars().nth(position.saturating_sub(1)));
    if at == Some('\\') {
        text.push_str("\n  hint: psql's own commands, which begin with \\, are not known here.");
    }
    // PostgreSQL runs them as one transaction, unless one of them ends it, or might in its body.
    let ends = |command: &ScriptCommand| {
        matches!(
            command.tag.as_str(),
            "COMMIT" | "PREPARE" | "CALL" | "DO" | "ROLLBACK"
        )
    };
    if commands.len() > 1 && !commands.iter().take(completed).any(ends) {
        text.push_str("\n  Nothing was changed: the statements before it were undone.");
    }
    text
}

#[allow(clippy::print_stdout, reason = "this is the command's output")]
fn print(commands: &[ScriptCommand], messages: Vec<SimpleQueryMessage>) {
    let mut header: Vec<String> = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    // Names only if they can be told apart as PostgreSQL did.
    let known = completed(&messages) == commands.len();
    let mut number = 0;
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                header = columns.iter().map(|c| c.name().to_owned()).collect();
                rows.clear();
            }
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|i| row.get(i).unwrap_or("NULL").to_owned());
                rows.push(cells.collect());
            }
            SimpleQueryMessage::CommandComplete(count) => {
                let command = commands.get(number).filter(|_| known);
                number += 1;
                if header.is_empty() {
                    println!("{}", done(number, command, count));
                    continue;
                }
                let names: Vec<&str> = header.iter().map(String::as_str).collect();
                output::table(&names, &rows);
                println!("({} rows)", rows.len());
                header.clear();
                rows.clear();
            }
            _ => {}
        }
    }
}

/// What is said of the command `number`, which answered without rows.
fn done(number: usize, command: Option<&ScriptCommand>, count: u64) -> String {
    match command.map(|command| command.tag.as_str()) {
        None => format!("{number}: OK, {count} rows"),
        Some(tag @ ("INSERT" | "UPDATE" | "DELETE" | "MERGE" | "SELECT")) => {
            format!("{tag} {count}")
        }
        Some(tag) if count > 0 => format!("{tag} {count}"),
        Some(tag) => tag.to_owned(),
    }
}

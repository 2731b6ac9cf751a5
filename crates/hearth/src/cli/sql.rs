//! `hearth sql`: SQL as the owner of an application, the rights that the console's SQL editor has.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use hearth_core::AppRef;
use tokio_postgres::SimpleQueryMessage;

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

#[allow(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) async fn run(args: SqlArgs) -> anyhow::Result<ExitCode> {
    let config = args.common.config()?;
    let sql = match (args.command, args.file) {
        (Some(sql), _) => sql,
        (None, Some(path)) if path.as_os_str() != "-" => std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        _ => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read standard input")?;
            text
        }
    };
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
    let result = client.simple_query(&sql).await;
    database.close().await?;
    let messages = result.map_err(|e| anyhow::anyhow!(hearth_pg::connect::describe(&e)))?;
    let mut header: Vec<String> = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
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
            SimpleQueryMessage::CommandComplete(count) if header.is_empty() => {
                println!("OK, {count} rows");
            }
            SimpleQueryMessage::CommandComplete(_) => {
                let names: Vec<&str> = header.iter().map(String::as_str).collect();
                output::table(&names, &rows);
                println!("({} rows)", rows.len());
                header.clear();
                rows.clear();
            }
            _ => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

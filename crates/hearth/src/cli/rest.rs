//! `hearth rest`: the instant API alone, in PostgREST's place.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use hearth_postgrest::config::EXAMPLE;
use hearth_postgrest::{Source, dump_config, dump_schema, ready};

use crate::telemetry;

/// The flags are PostgREST's.
#[derive(Debug, Args)]
#[command(
    display_name = "PostgREST",
    version = concat!("16.1 (Hearth ", env!("CARGO_PKG_VERSION"), ")"),
    after_help = "Settings are PostgREST's: a file, variables (PGRST_DB_URI for db-uri), and settings in the \
                  database. `hearth rest --example` shows all of them."
)]
pub(crate) struct RestArgs {
    /// Configuration file (postgrest.conf).
    #[arg(value_name = "FILENAME")]
    file: Option<PathBuf>,
    /// Show a configuration file with every setting and end.
    #[arg(short, long)]
    example: bool,
    /// Show the configuration in force and end.
    #[arg(long, conflicts_with = "example")]
    dump_config: bool,
    /// Show the schema as JSON and end (for debugging: its form may change).
    #[arg(long, conflicts_with_all = ["example", "dump_config"])]
    dump_schema: bool,
    /// Ask the running server's admin server whether it is ready.
    #[arg(long, conflicts_with_all = ["example", "dump_config", "dump_schema"])]
    ready: bool,
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command's output"
)]
pub(crate) async fn run(args: RestArgs) -> anyhow::Result<ExitCode> {
    if args.example {
        print!("{EXAMPLE}");
        return Ok(ExitCode::SUCCESS);
    }
    let source = Source::new(args.file);
    if args.dump_config {
        print!("{}", dump_config(&source).await?);
    } else if args.dump_schema {
        println!("{}", dump_schema(&source).await?);
    } else if args.ready {
        match ready(&source.read(&[], None)?).await {
            Ok(url) => println!("OK: {url}"),
            Err(error) => {
                eprintln!("ERROR: {error}");
                return Ok(ExitCode::FAILURE);
            }
        }
    } else {
        telemetry::start_plain()?;
        return Ok(hearth_postgrest::run(source).await?);
    }
    Ok(ExitCode::SUCCESS)
}

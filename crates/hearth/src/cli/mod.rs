//! The commands: raw flags become checked settings, then one file per command.

mod admin;
mod apps;
mod output;
mod rest;
mod serve;
mod sql;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use hearth_config::ServerConfig;
use serde::Serialize;

/// A self-hosted backend compatible with MemFire Cloud and Supabase: cloud database, instant API,
/// users, object storage and realtime on a real PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "hearth", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in the foreground; Ctrl-C stops it cleanly, PostgreSQL included.
    Serve(serve::ServeArgs),
    /// The instant API alone, configured like PostgREST: a drop-in replacement.
    Rest(rest::RestArgs),
    /// Addresses and keys of an application, named as the Supabase CLI names them.
    Status(status::StatusArgs),
    /// List, create, delete, pause and resume applications.
    Apps(apps::AppsArgs),
    /// Run SQL as the owner of an application.
    Sql(sql::SqlArgs),
    /// Administrators of the console.
    Admin(admin::AdminArgs),
}

/// Where the server is: flags that every command has.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub(crate) struct Common {
    /// Configuration file [default: hearth.toml in the working directory, if there is one].
    #[arg(long, value_name = "FILE", global = true)]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Where everything is kept [default: .hearth].
    #[arg(long, value_name = "DIR", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// An existing PostgreSQL (15 or newer) instead of Hearth's own.
    #[arg(long, value_name = "URL", global = true, hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
}

impl Common {
    /// The checked settings, without those that only `serve` has flags for.
    pub(crate) fn config(&self) -> anyhow::Result<ServerConfig> {
        Ok(hearth_config::load(self.config.as_deref(), self)?)
    }
}

pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Rest(args) => rest::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Apps(args) => apps::run(args).await,
        Command::Sql(args) => sql::run(args).await,
        Command::Admin(args) => admin::run(args).await,
    }
}

/// Says why the command failed, causes included, and gives its exit code.
#[allow(
    clippy::print_stderr,
    reason = "this is the program's own error output"
)]
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // Some errors repeat their cause in their own words.
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    eprintln!("hearth: {text}");
    ExitCode::FAILURE
}

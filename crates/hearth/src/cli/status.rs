//! `hearth status`: what a client needs of an application.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use hearth_core::AppRef;

use super::{Common, output};
use crate::database::{OpenDatabase, Source};
use crate::runtime_file::RuntimeFile;

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    common: Common,
    /// The application [default: the default application].
    #[arg(long, value_name = "REF")]
    app: Option<AppRef>,
    /// The table shows the address of PostgreSQL's administrator, too.
    #[arg(long)]
    admin: bool,
    /// Output format.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Env,
    Json,
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command's output"
)]
pub(crate) async fn run(args: StatusArgs) -> anyhow::Result<ExitCode> {
    let config = args.common.config()?;
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
    let password = database.registry.owner_password(&app.reference)?;
    let is_default = database
        .registry
        .default_app()
        .is_some_and(|d| d.reference == app.reference);
    let base = database.base_url(&config);
    let api_url = if is_default {
        base.clone()
    } else {
        format!("{base}/apps/{}", app.reference)
    };
    let mut entries = vec![
        ("REF", app.reference.to_string()),
        ("NAME", app.name.clone()),
        ("API_URL", api_url),
        ("DB_URL", database.owner_url(&app.reference, &password)),
        ("JWT_SECRET", app.jwt_secret.expose().to_owned()),
        ("ANON_KEY", app.keys.anon.clone()),
        (
            "SERVICE_ROLE_KEY",
            app.keys.service_role.expose().to_owned(),
        ),
        ("PUBLISHABLE_KEY", app.keys.publishable.clone()),
        ("SECRET_KEY", app.keys.secret.expose().to_owned()),
        ("STUDIO_URL", format!("{base}/console")),
        (
            "MAILBOX_URL",
            format!("{base}/console/app/{}/auth/mailbox", app.reference),
        ),
    ];
    // It opens every database: on a screen it is only wanted by name, tools read it by key.
    let shown = args.admin || !matches!(args.output, Format::Table);
    if let Some(url) = database.admin_url().filter(|_| shown) {
        entries.push(("ADMIN_DB_URL", url));
    }
    let running = match &database.source {
        Source::Beside(_) => true,
        Source::External => RuntimeFile::read(&config.data_dir).is_some(),
        Source::Embedded(_) => false,
    };
    database.close().await?;
    if !running {
        eprintln!("Hearth is not running here; start it with `hearth serve`");
    }
    match args.output {
        Format::Table => {
            let rows: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| vec![key.to_owned(), value])
                .collect();
            output::table(&["", ""], &rows);
        }
        Format::Env => {
            for (key, value) in entries {
                println!(
                    "{key}=\"{}\"",
                    value.replace('\\', "\\\\").replace('"', "\\\"")
                );
            }
        }
        Format::Json => {
            let object: serde_json::Map<_, _> = entries
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v.into()))
                .collect();
            println!("{}", serde_json::to_string_pretty(&object)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

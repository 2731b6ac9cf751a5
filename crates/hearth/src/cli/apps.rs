//! `hearth apps …`: works on the control database, whether the server runs or not; a running
//! server hears of it at once.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hearth_apps::app::AppState;
use hearth_apps::{AppSettings, NewApp};
use hearth_core::AppRef;

use super::{Common, output};
use crate::database::OpenDatabase;

#[derive(Debug, Args)]
pub(crate) struct AppsArgs {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: AppsCommand,
}

#[derive(Debug, Subcommand)]
enum AppsCommand {
    /// All applications.
    List,
    /// Make an application.
    Create {
        /// Its name, any text.
        name: String,
        /// Its reference, in its address [default: 20 random letters].
        #[arg(long = "ref", value_name = "REF")]
        reference: Option<AppRef>,
    },
    /// Delete an application with its database and objects.
    Delete {
        /// Which.
        reference: AppRef,
        /// Its reference once more, to say that all its data may go.
        #[arg(long, value_name = "REF")]
        confirm: Option<AppRef>,
    },
    /// Refuse an application's requests until it is resumed.
    Pause {
        /// Which.
        reference: AppRef,
    },
    /// Answer a paused application's requests again.
    Resume {
        /// Which.
        reference: AppRef,
    },
}

#[allow(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) async fn run(args: AppsArgs) -> anyhow::Result<ExitCode> {
    let config = args.common.config()?;
    if let AppsCommand::Delete { reference, confirm } = &args.command
        && confirm.as_ref() != Some(reference)
    {
        anyhow::bail!(
            "this deletes the database and all objects of {reference}; \
             say so with --confirm {reference}"
        );
    }
    let database = OpenDatabase::open(&config).await?;
    let registry = &database.registry;
    match args.command {
        AppsCommand::List => {
            let default = registry.default_app().map(|app| app.reference.clone());
            let rows: Vec<_> = registry
                .list()
                .iter()
                .map(|app| {
                    let state = match app.state {
                        AppState::Active => "active",
                        AppState::Paused => "paused",
                    };
                    let mark = if default.as_ref() == Some(&app.reference) {
                        "default"
                    } else {
                        ""
                    };
                    vec![
                        app.reference.to_string(),
                        app.name.clone(),
                        state.to_owned(),
                        app.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                        mark.to_owned(),
                    ]
                })
                .collect();
            output::table(&["REF", "NAME", "STATE", "CREATED (UTC)", ""], &rows);
        }
        AppsCommand::Create { name, reference } => {
            let settings = AppSettings::default();
            let app = registry
                .create(NewApp {
                    name,
                    reference,
                    is_default: false,
                    settings,
                })
                .await?;
            println!("REF=\"{}\"", app.reference);
            println!(
                "API_URL=\"{}/apps/{}\"",
                database.base_url(&config),
                app.reference
            );
            println!("ANON_KEY=\"{}\"", app.keys.anon);
        }
        AppsCommand::Delete { reference, .. } => {
            registry.delete(&reference).await?;
            crate::compose::delete_objects(&config, &reference).await?;
            println!("deleted {reference}");
        }
        AppsCommand::Pause { reference } => {
            registry.set_state(&reference, AppState::Paused).await?;
            println!("paused {reference}");
        }
        AppsCommand::Resume { reference } => {
            registry.set_state(&reference, AppState::Active).await?;
            println!("resumed {reference}");
        }
    }
    database.close().await?;
    Ok(ExitCode::SUCCESS)
}

//! `hearth admin …`: the way back into the console for whoever has the machine.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use hearth_admin::Admin;
use hearth_core::Secret;

use super::Common;
use crate::compose;
use crate::database::OpenDatabase;

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Give an administrator a new password and end their sessions. The password is that of the
    /// environment variable HEARTH_ADMIN_PASSWORD, or a random one, which is printed.
    Password {
        /// Whose; an unknown name is made an owner.
        #[arg(default_value = "admin")]
        username: String,
    },
}

#[allow(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) async fn run(args: AdminArgs) -> anyhow::Result<ExitCode> {
    let config = args.common.config()?;
    let AdminCommand::Password { username } = args.command;
    let given = std::env::var("HEARTH_ADMIN_PASSWORD")
        .ok()
        .filter(|password| !password.is_empty())
        .map(Secret::new);
    let set = given.is_some();
    let database = OpenDatabase::open(&config).await?;
    let admin = Admin::new(
        compose::admin_config(&config, &database),
        database.registry.clone(),
    );
    let result = admin.reset_password(&username, given).await;
    drop(admin);
    database.close().await?;
    let password = result.context("the password could not be set")?;
    println!("USERNAME=\"{username}\"");
    if !set {
        println!("PASSWORD=\"{}\"", password.expose());
    }
    Ok(ExitCode::SUCCESS)
}

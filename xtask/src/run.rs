//! `cargo x run`: from a clone to a running chat room.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::shell::{cargo, root, run as run_command, say, target};
use crate::{frontend, postgres};

/// Prepares, builds, and becomes `hearth serve --demo`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let bin = if takes_another_database(args) {
        None
    } else {
        postgres::ensure()?
    };
    frontend::build()?;
    say("building Hearth (the first time takes some minutes)");
    run_command(cargo().args(["build", "--release", "--package", "hearth"]))?;

    say("starting Hearth; Ctrl-C stops it");
    let mut command = Command::new(target().join("release/hearth"));
    command.current_dir(root()).args(["serve", "--demo"]);
    let has_data_dir = args
        .iter()
        .any(|a| a == "--data-dir" || a.starts_with("--data-dir="));
    if !has_data_dir && std::env::var_os("HEARTH_DATA_DIR").is_none() {
        command.args(["--data-dir", ".hearth"]);
    }
    command.args(args);
    if let Some(bin) = bin {
        command.env("HEARTH_PG_BIN", bin);
    }
    become_it(command)
}

fn takes_another_database(args: &[String]) -> bool {
    args.iter()
        .any(|a| a == "--database-url" || a.starts_with("--database-url="))
        || std::env::var_os("HEARTH_DATABASE_URL").is_some()
}

/// This process turns into the other one, so that signals and exit codes need no passing on.
#[cfg(unix)]
fn become_it(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<ExitCode> {
    let status = command.status().context("cannot run hearth")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

//! `cargo x bench`: the benchmarks of `bench/`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::shell::{cargo, root, run, say};
use crate::{frontend, postgres};

/// Builds the release binary and hands it to the load generator.
pub(crate) fn bench(args: &[String]) -> Result<ExitCode> {
    if !root().join("bench/Cargo.toml").is_file() {
        bail!("there is no bench/ in this tree");
    }
    let bin = postgres::ensure()?;
    frontend::build()?;
    say("building Hearth and its benchmarks");
    run(cargo().args(["build", "--release", "--package", "hearth"]))?;
    let mut command = cargo();
    command
        .args(["run", "--release", "--package", "hearth-bench", "--"])
        .args(args);
    command.env("HEARTH_BIN", crate::shell::target().join("release/hearth"));
    if let Some(bin) = bin {
        command.env("HEARTH_PG_BIN", bin);
    }
    run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

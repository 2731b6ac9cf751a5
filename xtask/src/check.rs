//! `cargo x check`: the gate before a merge.

use std::process::ExitCode;

use anyhow::Result;

use crate::shell::{cargo, run, say};
use crate::tidy;

/// Formatting, clippy, tidy.
pub(crate) fn check() -> Result<ExitCode> {
    say("formatting");
    run(cargo().args(["fmt", "--all", "--check"]))?;
    say("clippy");
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    say("tidy");
    tidy::tidy()
}

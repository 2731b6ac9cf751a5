//! The one PostgreSQL that all tests of a run share. It runs under a program of the testkit, which
//! starts it as Hearth would and stops it when its standard input ends: also when this process is
//! killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{say, target};

/// A running cluster; dropping it stops it.
pub(crate) struct TestCluster {
    child: Child,
    pub(crate) url: String,
}

/// Starts it in `target/test-pg`.
pub(crate) fn start(bin: Option<&Path>) -> Result<TestCluster> {
    say("starting PostgreSQL for the tests");
    let mut command = Command::new(target().join("debug/hearth-test-cluster"));
    command
        .arg(target().join("test-pg"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if let Some(bin) = bin {
        command.env("HEARTH_PG_BIN", bin);
    }
    // It ends after this process, not with the same Ctrl-C.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("cannot run hearth-test-cluster")?;
    let mut url = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut url)?;
    }
    let url = url.trim().to_owned();
    if url.is_empty() {
        let status = child.wait()?;
        bail!("PostgreSQL for the tests did not start ({status})");
    }
    Ok(TestCluster { child, url })
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

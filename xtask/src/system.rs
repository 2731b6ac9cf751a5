//! Packages of the operating system, installed where we may.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{run, say, succeeds, which};

/// Installs Debian packages as root or through a sudo that asks nothing. `needed_for` completes
/// the sentence of the refusal.
pub(crate) fn install(packages: &[&str], needed_for: &str) -> Result<()> {
    let list = packages.join(" ");
    let Some(mut command) = apt_get() else {
        bail!(
            "{needed_for} needs the system package {list}, and this user may not install it. \
             Install it (Debian, Ubuntu: `sudo apt-get install {list}`) and try again"
        );
    };
    say(format!("installing {list} with apt-get"));
    run(command.args(["-qq", "update"]))?;
    let Some(mut command) = apt_get() else {
        bail!("apt-get is gone")
    };
    run(command
        .args([
            "-qq",
            "-o",
            "Dpkg::Use-Pty=0",
            "install",
            "--yes",
            "--no-install-recommends",
        ])
        .args(packages))
}

fn apt_get() -> Option<Command> {
    which("apt-get")?;
    if is_root() {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Some(command);
    }
    if which("sudo").is_some() && succeeds(Command::new("sudo").args(["-n", "true"])) {
        let mut command = Command::new("sudo");
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        return Some(command);
    }
    None
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

//! The suite of the Python SDK, in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::npm::{Stamp, shown};
use crate::shell::{run, say, succeeds, target, which};
use crate::system;

/// Makes the environment with what `dir`'s requirements.txt lists, and gives its Python.
pub(crate) fn environment(dir: &Path) -> Result<PathBuf> {
    let requirements = dir.join("requirements.txt");
    let home = target().join("python").join(shown(dir).replace('/', "_"));
    let python = home.join("bin/python");
    let stamp = Stamp::new("pip", dir, std::slice::from_ref(&requirements))?;
    if stamp.is_current() && python.is_file() {
        return Ok(python);
    }
    say(format!("Python packages of {}", shown(dir)));
    make(&home)?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(&requirements))?;
    stamp.set()?;
    Ok(python)
}

fn make(home: &Path) -> Result<()> {
    let attempt = || {
        let mut command = Command::new("python3");
        succeeds(command.args(["-m", "venv", "--clear"]).arg(home))
    };
    if attempt() {
        return Ok(());
    }
    if which("python3").is_none() {
        system::install(&["python3", "python3-venv"], "the Python suite")?;
    } else {
        // Debian packs it apart.
        system::install(&["python3-venv"], "the Python suite")?;
    }
    if !attempt() {
        bail!("`python3 -m venv` does not work here");
    }
    Ok(())
}

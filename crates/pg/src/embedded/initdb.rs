//! Making a cluster: `initdb` into a directory of another name, which takes its place by one
//! rename when it is complete. What an interrupted start left behind is made anew.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use hearth_core::Secret;
use tokio::process::Command;

use super::EmbeddedError;
use super::account::{Account, give, run_as};
use super::install::Binaries;
use super::place::Places;
use super::record::write_private;

/// The superuser of a cluster.
pub(super) const ADMIN: &str = "supabase_admin";

/// The major version of the cluster, or `None` where there is none yet.
pub(super) fn major_version(cluster: &Path) -> Result<Option<u32>, EmbeddedError> {
    let version = cluster.join("PG_VERSION");
    match std::fs::read_to_string(&version) {
        Ok(text) => super::install::major_of(text.trim())
            .map(Some)
            .ok_or_else(|| EmbeddedError::NotACluster {
                dir: cluster.to_owned(),
            }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let occupied = std::fs::read_dir(cluster).is_ok_and(|mut dir| dir.next().is_some());
            if occupied {
                Err(EmbeddedError::NotACluster {
                    dir: cluster.to_owned(),
                })
            } else {
                Ok(None)
            }
        }
        Err(e) => Err(EmbeddedError::io("cannot read", &version)(e)),
    }
}

/// Makes the cluster. Its locale is fixed, so that it sorts the same on every machine.
pub(super) async fn create(
    binaries: &Binaries,
    places: &Places,
    account: Option<&Account>,
    password: &Secret,
) -> Result<(), EmbeddedError> {
    tracing::info!(dir = %places.cluster.display(), version = %binaries.version, "making the cluster");
    let mut refused = None;
    for locale in locales(binaries.major) {
        match attempt(binaries, places, account, password, locale).await {
            Err(EmbeddedError::Initdb { output }) if output.contains("locale") => {
                refused.get_or_insert(EmbeddedError::Initdb { output });
            }
            result => return result,
        }
    }
    Err(refused.unwrap_or(EmbeddedError::Initdb {
        output: "no locale to try".to_owned(),
    }))
}

/// The system's `C.UTF-8` where it has one, PostgreSQL's own, plain `C`.
fn locales(major: u32) -> &'static [&'static [&'static str]] {
    const ALL: [&[&str]; 3] = [
        &["--locale=C.UTF-8"],
        &["--locale=C"],
        &[
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ],
    ];
    const SINCE_17: [&[&str]; 3] = [ALL[0], ALL[2], ALL[1]];
    if major >= 17 {
        &SINCE_17
    } else {
        &[ALL[0], ALL[1]]
    }
}

async fn attempt(
    binaries: &Binaries,
    places: &Places,
    account: Option<&Account>,
    password: &Secret,
    locale: &[&str],
) -> Result<(), EmbeddedError> {
    let unfinished = places.home.join("postgres.new");
    remove_dir(&unfinished)?;
    std::fs::create_dir(&unfinished).map_err(EmbeddedError::io("cannot create", &unfinished))?;
    give(&unfinished, account)?;
    let password_file = PasswordFile::write(&places.home, password, account)?;

    let mut command = Command::new(binaries.bin.join("initdb"));
    super::process::clean_environment(&mut command);
    command
        .arg("--pgdata")
        .arg(&unfinished)
        .args([
            "--username",
            ADMIN,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--data-checksums",
        ])
        .args(locale)
        .arg("--pwfile")
        .arg(&password_file.0)
        .current_dir(&unfinished)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    run_as(&mut command, account);
    let output = command.output().await.map_err(EmbeddedError::io(
        "cannot run",
        &binaries.bin.join("initdb"),
    ))?;
    if !output.status.success() {
        let _ = remove_dir(&unfinished);
        let mut text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if text.is_empty() {
            text = format!("it ended with {}", output.status);
        }
        return Err(EmbeddedError::Initdb { output: text });
    }
    // An empty directory of that name may stand there; anything else was refused before.
    let _ = std::fs::remove_dir(&places.cluster);
    std::fs::rename(&unfinished, &places.cluster)
        .map_err(EmbeddedError::io("cannot put into place", &places.cluster))?;
    std::fs::File::open(&places.home)
        .and_then(|dir| dir.sync_all())
        .map_err(EmbeddedError::io("cannot sync", &places.home))
}

fn remove_dir(dir: &Path) -> Result<(), EmbeddedError> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::io("cannot remove", dir)(e))
        }
        _ => Ok(()),
    }
}

/// The password on its way to `initdb`; gone when dropped.
struct PasswordFile(PathBuf);

impl PasswordFile {
    fn write(
        home: &Path,
        password: &Secret,
        account: Option<&Account>,
    ) -> Result<Self, EmbeddedError> {
        let file = Self(home.join("initdb.password"));
        write_private(&file.0, password.expose().as_bytes())?;
        give(&file.0, account)?;
        Ok(file)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

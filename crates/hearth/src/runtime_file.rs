//! `<data_dir>/server.json`: where the running server and its PostgreSQL are, for the commands
//! that work beside it. Readable by its owner only.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hearth_core::Secret;
use hearth_pg::Server;
use serde::{Deserialize, Serialize};

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RuntimeFile {
    /// Process id of the server.
    pub(crate) pid: u32,
    /// Its address, `http://host:port`.
    pub(crate) url: String,
    /// Host or socket directory of PostgreSQL.
    pub(crate) pg_host: String,
    /// Its port.
    pub(crate) pg_port: u16,
    /// Loopback TCP port, for `DB_URL`.
    pub(crate) pg_tcp_port: u16,
    /// The admin's user name.
    pub(crate) admin_user: String,
    /// The admin's password.
    pub(crate) admin_password: Secret,
}

impl RuntimeFile {
    /// Describes the running server.
    pub(crate) fn of(server: &Server, tcp_port: u16, url: String) -> Self {
        use tokio_postgres::config::Host;
        let host = match server.base.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(path)) => path.to_string_lossy().into_owned(),
            None => "127.0.0.1".to_owned(),
        };
        Self {
            pid: std::process::id(),
            url,
            pg_host: host,
            pg_port: server.base.get_ports().first().copied().unwrap_or(5432),
            pg_tcp_port: tcp_port,
            admin_user: server.admin_user.clone(),
            admin_password: server.admin_password.clone(),
        }
    }

    fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("server.json")
    }

    /// Writes the file; a reader sees the old one or the new one, never a half.
    pub(crate) fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        let aside = data_dir.join("server.json.new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&aside)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        std::fs::rename(aside, Self::path(data_dir))?;
        Ok(())
    }

    /// Reads the file, if there is one.
    pub(crate) fn read(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(Self::path(data_dir)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Removes the file when the server stops.
    pub(crate) fn remove(data_dir: &Path) {
        let _ = std::fs::remove_file(Self::path(data_dir));
    }
}

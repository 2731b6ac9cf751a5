//! A PostgreSQL for one run of the tests, in the directory given: prints its URL, runs until its
//! standard input ends, then stops and leaves nothing behind. `cargo x test` starts it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hearth_pg::embedded::{Embedded, EmbeddedConfig};
use tokio::io::AsyncReadExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let dir = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .context("usage: … DIRECTORY")?;
    let settings = [
        // Nobody will miss it after a crash of the machine.
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("max_connections", "400"),
        ("max_replication_slots", "100"),
        ("max_wal_senders", "100"),
    ];
    let config = EmbeddedConfig {
        data_dir: dir.clone(),
        bin: std::env::var_os("HEARTH_PG_BIN").map(PathBuf::from),
        port: None,
        settings: settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    let embedded = Embedded::start(config).await?;
    let server = embedded.server();
    announce(&format!(
        "postgres://{}:{}@127.0.0.1:{}/{}",
        server.admin_user,
        server.admin_password.expose(),
        embedded.tcp_port(),
        server.maintenance_database
    ));
    let mut rest = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut rest).await;
    embedded.stop().await;
    remove(&dir)
}

#[allow(
    clippy::print_stdout,
    reason = "the answer to whoever started this program"
)]
fn announce(url: &str) {
    println!("{url}");
}

/// Removes the cluster, also where it lies elsewhere and is only linked.
fn remove(dir: &Path) -> Result<()> {
    let cluster = dir.join("postgres");
    if let Ok(elsewhere) = std::fs::read_link(&cluster)
        && let Some(home) = elsewhere.parent()
    {
        std::fs::remove_dir_all(home).with_context(|| format!("{}", home.display()))?;
    }
    std::fs::remove_dir_all(dir).with_context(|| format!("{}", dir.display()))
}

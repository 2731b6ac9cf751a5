//! A data directory of its own for each test, and a hand on the cluster in it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth_pg::Login;
use hearth_pg::connect::connect;
use hearth_pg::embedded::{Embedded, EmbeddedConfig, EmbeddedError, State};
use tempfile::TempDir;
use tokio_postgres::Client;

/// A data directory below the system's temporary one, which the PostgreSQL user can reach too.
pub(crate) struct Lab {
    base: TempDir,
    pub(crate) config: EmbeddedConfig,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::below("")
    }

    /// With `path` between the temporary directory and the data directory.
    pub(crate) fn below(path: &str) -> Self {
        let base = tempfile::Builder::new()
            .prefix("hearth-pg-")
            .permissions(std::fs::Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        let config = EmbeddedConfig {
            data_dir: base.path().join(path).join("data"),
            bin: std::env::var_os("HEARTH_PG_BIN").map(PathBuf::from),
            port: None,
            // The tests end processes, never the machine.
            settings: [("shared_buffers", "16MB"), ("fsync", "off")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        Self { base, config }
    }

    pub(crate) fn base(&self) -> &Path {
        self.base.path()
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.config.data_dir
    }

    pub(crate) fn cluster(&self) -> PathBuf {
        self.data_dir().join("postgres").canonicalize().unwrap()
    }

    pub(crate) async fn start(&self) -> Embedded {
        self.try_start().await.unwrap()
    }

    pub(crate) async fn try_start(&self) -> Result<Embedded, EmbeddedError> {
        Embedded::start(self.config.clone()).await
    }

    /// The refusal in words, with its cause.
    pub(crate) async fn refusal(&self) -> String {
        match self.try_start().await {
            Ok(_) => panic!("it started"),
            Err(error) => hearth_pg::connect::describe(&error),
        }
    }
}

pub(crate) async fn client(embedded: &Embedded) -> Client {
    let config = embedded.server().config(&Login::Admin, "postgres");
    connect(&config).await.unwrap().0
}

/// The one value of the one row of `sql`, as text.
pub(crate) async fn text(embedded: &Embedded, sql: &str) -> String {
    let sql = format!("select ({sql})::text");
    client(embedded)
        .await
        .query_one(&sql, &[])
        .await
        .unwrap()
        .get(0)
}

pub(crate) async fn execute(embedded: &Embedded, sql: &str) {
    client(embedded).await.batch_execute(sql).await.unwrap();
}

/// Waits until the state has changed away from `Running` and back.
pub(crate) async fn restarted(embedded: &Embedded, act: impl FnOnce()) {
    let mut state = embedded.state();
    state.borrow_and_update();
    act();
    let wait = async {
        state
            .wait_for(|state| *state == State::Restarting)
            .await
            .unwrap();
        state
            .wait_for(|state| *state == State::Running)
            .await
            .unwrap();
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .unwrap();
}

/// Ends the postmaster without warning.
pub(crate) fn kill_hard(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// Lets the cluster run on without a Hearth, as after `kill -9` of Hearth.
pub(crate) async fn orphan(embedded: Embedded) -> u32 {
    let pid = embedded.pid().unwrap();
    embedded.leave().await;
    pid
}

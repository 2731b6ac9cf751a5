//! The postmaster as a process: starting it, waiting until it takes connections, ending it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::EmbeddedError;
use super::account::{Account, run_as};
use super::install::Binaries;
use super::place::Places;
use super::status::{self, PidFile};

/// How long a fast shutdown may take before it is cut short.
const FAST_SHUTDOWN: Duration = Duration::from_secs(30);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(5);
/// Beyond this size the log is put aside, and the one put aside before is dropped.
const LOG_LIMIT: u64 = 16 << 20;

/// All that is needed to start the cluster's postmaster, now or after a crash.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) binaries: Binaries,
    pub(super) account: Option<Account>,
    pub(super) places: Places,
    pub(super) arguments: Vec<String>,
}

/// A running postmaster: a child of ours, or one that an earlier Hearth left behind. Dropped while
/// it runs (a start that is given up, a runtime that ends), it is asked to shut down.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: i32,
    cluster: PathBuf,
    /// It is known to have ended, or was let go.
    done: bool,
    child: Option<Child>,
    /// The length of the log before this one wrote to it.
    log_start: u64,
}

impl Launch {
    /// Starts a postmaster and returns at once; see [`Launch::ready`].
    pub(super) fn spawn(&self) -> Result<Postmaster, EmbeddedError> {
        self.clear_the_way();
        let log = &self.places.log;
        rotate_log(log);
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(log)
            .map_err(EmbeddedError::io("cannot open", log))?;
        let log_start = file.metadata().map_or(0, |meta| meta.len());
        let stderr = file
            .try_clone()
            .map_err(EmbeddedError::io("cannot open", log))?;

        let program = self.program();
        let mut command = Command::new(&program);
        clean_environment(&mut command);
        command
            .args(&self.arguments)
            .current_dir(&self.places.cluster)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(stderr)
            // A Ctrl-C in the terminal goes to Hearth alone, which decides the order of things.
            .process_group(0);
        run_as(&mut command, self.account.as_ref());
        let child = command
            .spawn()
            .map_err(EmbeddedError::io("cannot run", &program))?;
        let pid = child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .unwrap_or_default();
        Ok(Postmaster {
            pid,
            cluster: self.places.cluster.clone(),
            done: false,
            child: Some(child),
            log_start,
        })
    }

    fn program(&self) -> PathBuf {
        self.binaries.program()
    }

    /// Removes what keeps PostgreSQL from starting after a crash although nothing is running: lock
    /// files whose numbers may belong to other programs now, and processes without a postmaster.
    fn clear_the_way(&self) {
        let cluster = &self.places.cluster;
        if let Some(file) = PidFile::read(cluster)
            && !status::is_postgres_of(file.pid, cluster)
        {
            tracing::info!(
                pid = file.pid,
                "removing the pid file of a PostgreSQL that is gone"
            );
            let _ = std::fs::remove_file(cluster.join("postmaster.pid"));
            let socket_lock = format!(".s.PGSQL.{}.lock", file.port);
            let _ = std::fs::remove_file(self.places.sockets.join(socket_lock));
            self.end_stragglers();
        }
    }

    /// Ends the processes of a postmaster that is gone; their work is lost already.
    pub(super) fn end_stragglers(&self) {
        for pid in status::stragglers(&self.places.cluster) {
            status::signal(pid, Signal::SIGQUIT);
        }
    }

    /// Waits until PostgreSQL takes connections, however long recovery takes, or has given up.
    pub(super) async fn ready(&self, postmaster: &mut Postmaster) -> Result<(), EmbeddedError> {
        let started = Instant::now();
        let mut told = started;
        loop {
            if PidFile::read(&self.places.cluster)
                .is_some_and(|file| file.ready && file.pid == postmaster.pid)
            {
                return Ok(());
            }
            if let Ok(how) = timeout(Duration::from_millis(1), postmaster.wait()).await {
                return Err(EmbeddedError::Start {
                    how,
                    log: tail(&self.places.log, postmaster.log_start),
                });
            }
            if told.elapsed() > Duration::from_secs(10) {
                told = Instant::now();
                tracing::info!(
                    seconds = started.elapsed().as_secs(),
                    "PostgreSQL is recovering"
                );
            }
        }
    }

    /// The postmaster that runs on the cluster already, and whether it was started in just the
    /// way that this value would start it.
    pub(super) fn running(&self) -> Option<(Postmaster, bool)> {
        let cluster = &self.places.cluster;
        let file = PidFile::read(cluster)?;
        if !status::is_postgres_of(file.pid, cluster) {
            return None;
        }
        let log_start = std::fs::metadata(&self.places.log).map_or(0, |meta| meta.len());
        let postmaster = Postmaster {
            pid: file.pid,
            cluster: cluster.clone(),
            done: false,
            child: None,
            log_start,
        };
        let told = std::fs::read_to_string(cluster.join("postmaster.opts")).unwrap_or_default();
        Some((postmaster, told.trim_end() == self.postmaster_opts()))
    }

    /// What PostgreSQL writes about its own start.
    fn postmaster_opts(&self) -> String {
        let mut line = self.program().display().to_string();
        for argument in &self.arguments {
            line.push_str(&format!(" \"{argument}\""));
        }
        line
    }

    /// Ends the postmaster: sessions are cut, transactions rolled back, everything is written.
    pub(super) async fn stop(&self, postmaster: &mut Postmaster) {
        for (signal, patience) in [
            (Signal::SIGINT, FAST_SHUTDOWN),
            (Signal::SIGQUIT, IMMEDIATE_SHUTDOWN),
            (Signal::SIGKILL, IMMEDIATE_SHUTDOWN),
        ] {
            status::signal(postmaster.pid, signal);
            if timeout(patience, postmaster.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(%signal, seconds = patience.as_secs(), "PostgreSQL does not stop");
        }
    }
}

impl Postmaster {
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits for its end, and says how it ended. May be dropped and called again.
    pub(super) async fn wait(&mut self) -> String {
        let how = match &mut self.child {
            Some(child) => match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            },
            None => {
                while status::is_postgres_of(self.pid, &self.cluster) {
                    sleep(Duration::from_millis(100)).await;
                }
                "gone".to_owned()
            }
        };
        self.done = true;
        how
    }

    /// Lets it run on when this value is dropped.
    pub(super) fn leave(&mut self) {
        self.done = true;
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if !self.done && status::is_postgres_of(self.pid, &self.cluster) {
            status::signal(self.pid, Signal::SIGINT);
        }
    }
}

/// PostgreSQL's programs take settings from `PG*` and the locale from `LC_*`: neither may leak in.
pub(super) fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PG") || text.starts_with("LC_") || text == "LANG" {
            command.env_remove(&name);
        }
    }
    command.env("LC_ALL", "C");
}

/// Puts an overlong log aside. PostgreSQL holds the file open for appending, so it is copied and
/// emptied rather than renamed.
pub(super) fn rotate_log(log: &Path) {
    if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
        let rotated = std::fs::copy(log, log.with_extension("log.1"))
            .and_then(|_| File::options().write(true).open(log)?.set_len(0));
        if let Err(error) = rotated {
            tracing::warn!(%error, "could not rotate PostgreSQL's log");
        }
    }
}

/// The last lines of the log that were written since it had the length `start`.
fn tail(log: &Path, start: u64) -> String {
    const MOST: u64 = 4096;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(
            start.max(length.saturating_sub(MOST)).min(length),
        ))?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

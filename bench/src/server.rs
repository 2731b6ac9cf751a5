//! Hearth under measurement: a real `hearth serve` on a fresh data directory, with one application
//! and the chat room's table.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::http::Connection;

/// The application's reference: the default one, which answers at the root.
pub(crate) const APP: &str = "default";
/// Rows of its table.
pub(crate) const ROWS: u64 = 100_000;

/// The `hearth` program with a data directory.
pub(crate) struct Hearth {
    program: PathBuf,
    data_dir: PathBuf,
    port: u16,
    running: Option<Child>,
    /// Addresses and keys, as `hearth status` names them.
    status: Value,
}

impl Hearth {
    /// Starts a server on the empty directory `data_dir` and fills its application.
    pub(crate) async fn prepare(program: PathBuf, data_dir: PathBuf) -> anyhow::Result<Self> {
        let mut hearth = Self {
            program,
            data_dir,
            port: free_port()?,
            running: None,
            status: Value::Null,
        };
        hearth.spawn()?;
        hearth
            .answering("/healthz", Duration::from_secs(60))
            .await?;
        let status = hearth
            .command(&["status", "--app", APP, "-o", "json"])
            .await?;
        hearth.status = serde_json::from_slice(&status).context("hearth status -o json")?;
        // The last one may not stand in a block of several statements.
        for sql in [
            include_str!("../sql/tutorial.sql"),
            include_str!("../sql/fill.sql"),
            include_str!("../sql/more.sql"),
            "vacuum analyze messages",
            "vacuum analyze rooms",
            "vacuum analyze posts",
            "vacuum analyze people",
        ] {
            let sql = format!("--command={sql}");
            hearth.command(&["sql", "--app", APP, &sql]).await?;
        }
        Ok(hearth)
    }

    /// Starts the server and returns at once.
    pub(crate) fn spawn(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.data_dir.with_extension("log"))?;
        let child = Command::new(&self.program)
            .arg("serve")
            .args(["--port", &self.port.to_string(), "--log", "warn"])
            .arg("--data-dir")
            .arg(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        self.running = Some(child);
        Ok(())
    }

    /// Stops the server in order, PostgreSQL included.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.running.take() else {
            return Ok(());
        };
        if let Some(pid) = child.id() {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(pid)?);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)?;
        }
        match tokio::time::timeout(Duration::from_secs(40), child.wait()).await {
            Ok(status) => ensure!(
                status?.success(),
                "hearth serve failed: {}",
                self.log_tail()
            ),
            Err(_) => child.kill().await?,
        }
        Ok(())
    }

    /// Waits until a GET of `path` (with the anon key) answers 200, and says how long it took.
    pub(crate) async fn answering(
        &mut self,
        path: &str,
        most: Duration,
    ) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut request = Vec::new();
        self.head("GET", path, "anon", "", &mut request);
        loop {
            if let Ok(mut connection) = Connection::open(self.address()).await
                && let Ok(answer) = connection.call(&request, &[]).await
                && answer.status == 200
            {
                return Ok(started.elapsed());
            }
            if let Some(child) = &mut self.running
                && let Some(status) = child.try_wait()?
            {
                bail!("hearth serve ended ({status}): {}", self.log_tail());
            }
            ensure!(
                started.elapsed() < most,
                "no answer from {path}: {}",
                self.log_tail()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Runs another command of the program beside the server, and gives its output.
    pub(crate) async fn command(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = Command::new(&self.program)
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.data_dir)
            .stdin(Stdio::null())
            .output()
            .await?;
        ensure!(
            output.status.success(),
            "hearth {}: {}",
            arguments.first().unwrap_or(&""),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The process of the server.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        let child = self.running.as_ref();
        child
            .and_then(Child::id)
            .context("hearth serve does not run")
    }

    /// The process of its PostgreSQL.
    pub(crate) fn postmaster(&self) -> anyhow::Result<u32> {
        let path = self.cluster().join("postmaster.pid");
        let text = std::fs::read_to_string(path).context("postmaster.pid")?;
        Ok(text.lines().next().unwrap_or_default().trim().parse()?)
    }

    /// PostgreSQL's directory.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.data_dir.join("postgres")
    }

    /// One of the values that `hearth status` gives.
    pub(crate) fn value(&self, name: &str) -> anyhow::Result<&str> {
        self.status
            .get(name)
            .and_then(Value::as_str)
            .with_context(|| format!("hearth status does not say {name}"))
    }

    /// Parameters of a connection as `url` (`DB_URL` or `ADMIN_DB_URL`), by the socket that Hearth
    /// itself uses: TCP would cost PostgreSQL more.
    pub(crate) fn database(&self, url: &str) -> anyhow::Result<tokio_postgres::Config> {
        let given: tokio_postgres::Config = self.value(url)?.parse()?;
        let file = std::fs::read_to_string(self.data_dir.join("server.json"))?;
        let file: Value = serde_json::from_str(&file)?;
        let (Some(host), Some(port)) = (file["pg_host"].as_str(), file["pg_port"].as_u64()) else {
            return Ok(given);
        };
        let mut config = tokio_postgres::Config::new();
        config.host(host).port(u16::try_from(port)?);
        config.dbname(format!("app_{APP}"));
        config.user(given.get_user().unwrap_or_default());
        config.password(given.get_password().unwrap_or_default());
        Ok(config)
    }

    /// Writes the head of a request below the application's address, with the headers that the
    /// clients send and a key (`anon` or `service_role`), to `out`.
    pub(crate) fn head(&self, method: &str, path: &str, key: &str, more: &str, out: &mut Vec<u8>) {
        let named = if key == "anon" {
            "ANON_KEY"
        } else {
            "SERVICE_ROLE_KEY"
        };
        let key = self.value(named).unwrap_or_default();
        out.extend_from_slice(
            format!(
                "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\napikey: {key}\r\n\
                 authorization: Bearer {key}\r\nx-client-info: hearth-bench\r\naccept: */*\r\n\
                 user-agent: node\r\n{more}\r\n",
                port = self.port
            )
            .as_bytes(),
        );
    }

    fn log_tail(&self) -> String {
        tail(&self.data_dir.with_extension("log"))
    }
}

fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// A loopback port that nobody uses at this moment.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

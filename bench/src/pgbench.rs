//! pgbench: what PostgreSQL alone needs for the same transaction on the same cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::process::Command;
use tokio_postgres::config::Host;

use crate::cases::Case;
use crate::figures::{Measured, Times};
use crate::process;

/// A script for pgbench with the values it is called with.
pub(crate) struct Script {
    text: String,
    values: Vec<(&'static str, String)>,
    /// How often it is run before it counts.
    warm: u64,
}

impl Script {
    /// The whole transaction of a request in one pipeline, which is one round trip, as Hearth does
    /// it. Variables of the script are bound as parameters (`-M prepared`).
    pub(crate) fn of(case: &Case) -> Self {
        let rights = include_str!("../sql/limit/rights.sql");
        let limit = case.limit;
        let draw = match case.keys {
            0 => String::new(),
            keys => format!("\\set key random(1, {keys})\n"),
        };
        let text =
            format!("{draw}\\startpipeline\nbegin;\n{rights}{limit}commit;\n\\endpipeline\n");
        let (path, _) = case.path.split_once('?').unwrap_or((case.path, ""));
        let values = [
            ("search_path", "\"public\", \"extensions\""),
            (
                "claims",
                r#"{"iss":"supabase","ref":"bench","role":"anon","iat":1764000000,"exp":2079576000}"#,
            ),
            ("method", case.method),
            ("path", path.trim_start_matches("/rest/v1")),
            (
                "headers",
                r#"{"host":"127.0.0.1:8000","x-client-info":"hearth-bench","accept":"*/*","user-agent":"node"}"#,
            ),
            ("body", &case.body()),
        ];
        let values = values.map(|(name, value)| (name, value.to_owned()));
        let rows = ("rows", case.rows.to_string());
        Self {
            text,
            values: values.into_iter().chain([rows]).collect(),
            warm: if case.body_rows > 1 { 3 } else { 20 },
        }
    }
}

/// The program, on the search path or where Debian puts it; the newest wins.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join("pgbench"));
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/pgbench"))
        .collect();
    installed.sort();
    on_path
        .chain(installed.into_iter().rev())
        .find(|p| p.is_file())
}

/// pgbench on one cluster.
pub(crate) struct Pgbench<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// How to connect.
    pub(crate) config: &'a tokio_postgres::Config,
    /// The process of the cluster.
    pub(crate) postmaster: u32,
    /// A directory for its files.
    pub(crate) scratch: &'a Path,
}

impl Pgbench<'_> {
    /// Runs `script` for `time` on `connections` connections.
    ///
    /// The cost of connecting, preparing and filling caches is measured by a short run before, and
    /// taken off.
    pub(crate) async fn run(
        &self,
        script: &Script,
        connections: usize,
        time: Duration,
    ) -> anyhow::Result<Measured> {
        let warm_each = script.warm;
        let seconds = time.as_secs_f64().round().max(1.0);
        let (few, _) = self
            .measure(script, connections, &["-t", &warm_each.to_string()])
            .await?;
        let (all, mut times) = self
            .measure(script, connections, &["-T", &seconds.to_string()])
            .await?;
        let warm = warm_each * connections as u64;
        let count = times.count();
        ensure!(count > warm, "pgbench did {count} transactions only");
        Ok(Measured {
            per_second: count as f64 / seconds,
            p50_us: times.percentile(0.50),
            p99_us: times.percentile(0.99),
            cpu_us: all.saturating_sub(few).as_secs_f64() * 1e6 / (count - warm) as f64,
            postgres_cpu_us: 0.0,
        })
    }

    /// PostgreSQL's CPU time over one run, and the times of its transactions.
    async fn measure(
        &self,
        script: &Script,
        connections: usize,
        length: &[&str],
    ) -> anyhow::Result<(Duration, Times)> {
        let dir = tempfile::tempdir_in(self.scratch)?;
        let file = dir.path().join("script.sql");
        std::fs::write(&file, &script.text)?;
        let mut command = Command::new(self.program);
        command
            .args(["--no-vacuum", "--protocol=prepared", "--log"])
            .args(["--client", &connections.to_string()])
            // Beyond that one thread has enough to do.
            .args(["--jobs", if connections > 16 { "2" } else { "1" }])
            .args(length)
            .arg("--log-prefix")
            .arg(dir.path().join("log"))
            .arg("--file")
            .arg(&file);
        for (name, value) in &script.values {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        self.connection(&mut command)?;
        let before = process::tree_cpu(self.postmaster);
        let output = command.kill_on_drop(true).output().await?;
        // Backends end a moment after their client; the postmaster then has their time.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let cpu = process::tree_cpu(self.postmaster).saturating_sub(before);
        if !output.status.success() {
            bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
        }
        let mut times = Times::default();
        for entry in std::fs::read_dir(dir.path())?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("log.") {
                for line in std::fs::read_to_string(entry.path())?.lines() {
                    let micros = line.split(' ').nth(2).and_then(|n| n.parse().ok());
                    times.add(Duration::from_micros(micros.context("pgbench's log")?));
                }
            }
        }
        Ok((cpu, times))
    }

    fn connection(&self, command: &mut Command) -> anyhow::Result<()> {
        match self.config.get_hosts().first() {
            Some(Host::Unix(dir)) => command.env("PGHOST", dir),
            Some(Host::Tcp(host)) => command.env("PGHOST", host),
            None => bail!("no host to connect to"),
        };
        let password = self.config.get_password().unwrap_or_default();
        command
            .env(
                "PGPORT",
                self.config.get_ports().first().unwrap_or(&5432).to_string(),
            )
            .env("PGUSER", self.config.get_user().unwrap_or_default())
            .env("PGPASSWORD", String::from_utf8_lossy(password).as_ref())
            .env("PGDATABASE", self.config.get_dbname().unwrap_or_default());
        Ok(())
    }
}

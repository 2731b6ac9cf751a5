//! pgbench: what PostgreSQL alone needs for the same transaction on the same cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::process::Command;
use tokio_postgres::config::Host;

use crate::captured::Statement;
use crate::figures::{Measured, Times};
use crate::process;

/// The value that stands for the key in the captured statements; pgbench draws keys in its place.
pub(crate) const KEY: &str = "77777";

/// A script for pgbench with the values it is called with.
pub(crate) struct Script {
    text: String,
    values: Vec<(String, String)>,
}

impl Script {
    /// All statements in one pipeline: one round trip, as Hearth does it. A parameter `$n` becomes
    /// a variable, which pgbench binds (`-M prepared`); a variable without a value is NULL.
    ///
    /// Hearth leaves `begin` and `commit` to the protocol. The limit has them all the same: it is
    /// the transaction that has to be done, and stays comparable however Hearth does it.
    pub(crate) fn pipeline(statements: &[Statement], rows: u64) -> Self {
        let mut text = format!("\\set key random(1, {rows})\n\\startpipeline\n");
        let is_open = statements
            .first()
            .is_some_and(|first| first.sql.starts_with("begin"));
        if !is_open {
            text.push_str("begin;\n");
        }
        let mut values = Vec::new();
        for (number, statement) in statements.iter().enumerate() {
            text.push_str(&with_variables(&statement.sql, |n| {
                match statement.values.get(n.wrapping_sub(1)) {
                    Some(Some(value)) if value == KEY => "key".to_owned(),
                    _ => format!("s{number}_p{n}"),
                }
            }));
            text.push_str(";\n");
            for (index, value) in statement.values.iter().enumerate() {
                if let Some(value) = value {
                    values.push((format!("s{number}_p{}", index + 1), value.clone()));
                }
            }
        }
        if !is_open {
            text.push_str("commit;\n");
        }
        text.push_str("\\endpipeline\n");
        Self { text, values }
    }
}

/// `sql` with `:name` for each `$n` outside of quotes.
fn with_variables(sql: &str, name: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if quote.is_none() && c == '$' && digits > 0 {
            out.push(':');
            out.push_str(&name(rest[1..=digits].parse().unwrap_or_default()));
            rest = &rest[1 + digits..];
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
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
        const WARM: u64 = 20;
        let seconds = time.as_secs_f64().round().max(1.0);
        let (few, _) = self
            .measure(script, connections, &["-t", &WARM.to_string()])
            .await?;
        let (all, mut times) = self
            .measure(script, connections, &["-T", &seconds.to_string()])
            .await?;
        let warm = WARM * connections as u64;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_variables() {
        let sql = "select $1, '$2', \"a$3\", x::text, $12 from 表";
        let out = with_variables(sql, |n| format!("p{n}"));
        assert_eq!(out, "select :p1, '$2', \"a$3\", x::text, :p12 from 表");
    }

    #[test]
    fn the_key_is_drawn() {
        let statement = Statement {
            sql: "select $1, $2, $3".to_owned(),
            values: vec![Some("a".to_owned()), Some(KEY.to_owned()), None],
        };
        let script = Script::pipeline(&[statement], 9);
        assert!(script.text.contains("select :s0_p1, :key, :s0_p3;"));
        assert!(
            script
                .text
                .starts_with("\\set key random(1, 9)\n\\startpipeline\nbegin;\n")
        );
        assert!(script.text.ends_with(";\ncommit;\n\\endpipeline\n"));
    }
}

//! Cold start on an existing data directory, beside PostgreSQL's own start on the same cluster, and
//! memory at rest.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::figures::median;
use crate::process;
use crate::report::{Bound, Figure, Report};
use crate::server::Hearth;

const FIRST_REQUEST: &str = "/rest/v1/messages?select=id&limit=1";
/// What a start leaves to do in the background is over by then.
const REST: Duration = Duration::from_secs(3);

/// Stops and starts Hearth, and PostgreSQL alone, in turns; Hearth runs again afterwards.
pub(crate) async fn measure(
    hearth: &mut Hearth,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let after_load = process::memory(hearth.pid()?);
    let postgres = Postgres::of(hearth.postmaster()?)?;
    let mut starts = Vec::new();
    let mut alone = Vec::new();
    let mut idle = Vec::new();
    let mut idle_postgres = Vec::new();
    for _ in 0..runs {
        hearth.stop().await?;
        alone.push(postgres.start_and_stop(hearth).await?.as_secs_f64() * 1e3);
        let started = Instant::now();
        hearth.spawn()?;
        hearth
            .answering(FIRST_REQUEST, Duration::from_secs(60))
            .await?;
        starts.push(started.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(REST).await;
        idle.push(process::memory(hearth.pid()?));
        idle_postgres.push(process::tree_memory(hearth.postmaster()?));
    }
    let mib = |kilobytes: u64| kilobytes as f64 / 1024.0;
    report.figures.push(Figure {
        name: "cold start to the first REST answer".to_owned(),
        unit: "ms",
        hearth: median(starts),
        limit_name: "PostgreSQL alone, to the first connection".to_owned(),
        limit: Some(median(alone)),
        target: Some(Bound::Times(1.5)),
    });
    for (name, hearth, limit, target) in [
        (
            "memory at rest, resident",
            median(idle.iter().map(|m| mib(m.rss_kb))),
            median(idle_postgres.iter().map(|m| mib(m.rss_kb))),
            Some(Bound::AtMost(32.0)),
        ),
        (
            "memory at rest, proportional",
            median(idle.iter().map(|m| mib(m.pss_kb))),
            median(idle_postgres.iter().map(|m| mib(m.pss_kb))),
            None,
        ),
    ] {
        report.figures.push(Figure {
            name: name.to_owned(),
            unit: "MiB",
            hearth,
            limit_name: "PostgreSQL's processes".to_owned(),
            limit: Some(limit),
            target,
        });
    }
    report.figures.push(Figure {
        name: "memory after all the load above, resident".to_owned(),
        unit: "MiB",
        hearth: mib(after_load.rss_kb),
        limit_name: String::new(),
        limit: None,
        target: None,
    });
    Ok(())
}

/// How Hearth started its PostgreSQL, read off the running process.
struct Postgres {
    program: String,
    arguments: Vec<String>,
    user: u32,
    group: u32,
}

impl Postgres {
    fn of(postmaster: u32) -> anyhow::Result<Self> {
        let program = std::fs::read_link(format!("/proc/{postmaster}/exe"))?;
        let line = std::fs::read_to_string(format!("/proc/{postmaster}/cmdline"))?;
        let owner = std::fs::metadata(format!("/proc/{postmaster}"))?;
        Ok(Self {
            program: program.display().to_string(),
            arguments: line
                .split_terminator('\0')
                .skip(1)
                .map(str::to_owned)
                .collect(),
            user: owner.uid(),
            group: owner.gid(),
        })
    }

    /// The time from its start to the first answered connection.
    async fn start_and_stop(&self, hearth: &Hearth) -> anyhow::Result<Duration> {
        // The socket's place is known from the running server only; TCP does for one connection.
        let config: tokio_postgres::Config = hearth.value("ADMIN_DB_URL")?.parse()?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(hearth.cluster())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if nix::unistd::Uid::effective().is_root() {
            command.uid(self.user).gid(self.group);
        }
        let started = Instant::now();
        let mut child = command.spawn().context("cannot start PostgreSQL alone")?;
        let took = loop {
            if let Ok((client, connection)) = config.connect(tokio_postgres::NoTls).await {
                let driver = tokio::spawn(connection);
                client.simple_query("select 1").await?;
                driver.abort();
                break started.elapsed();
            }
            ensure!(
                child.try_wait()?.is_none(),
                "PostgreSQL alone did not start"
            );
            ensure!(
                started.elapsed() < Duration::from_secs(60),
                "PostgreSQL alone is not ready"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        if let Some(pid) = child.id() {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(pid)?);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?;
        }
        child.wait().await?;
        Ok(took)
    }
}

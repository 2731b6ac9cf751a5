//! `make bench`: what Hearth costs, each figure beside its limit on the same machine in the same
//! run. Loopback only, bounded in count and time, on a data directory of its own that is removed
//! afterwards. docs/BENCH.md says what the figures mean.

mod broadcaster;
mod cases;
mod fanout;
mod figures;
mod http;
mod listeners;
mod pgbench;
mod process;
mod report;
mod rest;
mod server;
mod sockets;
mod start;
mod static_server;
mod storage;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use report::Report;
use server::Hearth;

/// Measures Hearth beside its limits.
#[derive(Debug, Parser)]
#[command(name = "hearth-bench", version)]
struct Cli {
    #[command(subcommand)]
    limit: Option<LimitServer>,
    #[command(flatten)]
    options: Options,
}

/// The limits' servers, each a process of its own; started by the benchmark itself.
#[derive(Debug, Subcommand)]
enum LimitServer {
    /// Sends each message to all other sockets.
    #[command(hide = true)]
    BareBroadcaster {
        #[arg(long)]
        port: u16,
    },
    /// Serves and takes files.
    #[command(hide = true)]
    StaticServer {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        root: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Runs of which each figure is the median.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=20))]
    runs: u64,
    /// Seconds of each run of the instant API.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=30))]
    seconds: u64,
    /// Only these requests to the instant API: one, list, thousand, embed, insert, bulk, rpc.
    #[arg(long, value_delimiter = ',', value_parser = cases::CASES.map(|case| case.short))]
    cases: Vec<String>,
    /// Connections to the instant API.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 100], value_parser = clap::value_parser!(u64).range(1..=150))]
    connections: Vec<u64>,
    /// Sockets of the fan-out.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    sockets: u64,
    /// Folder for the results [default: bench in cargo's target folder].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The program to measure [default: built from this source].
    #[arg(long, value_name = "FILE", env = "HEARTH_BIN")]
    hearth: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The instant API beside pgbench.
    Rest,
    /// The schema cache over ten thousand tables.
    Schema,
    /// Sockets beside a bare broadcaster.
    Fanout,
    /// Sockets that listen to different rows.
    Listeners,
    /// Objects beside a static file server.
    Storage,
    /// Cold start and memory at rest.
    Start,
}

// One thread: the load generator leaves the other cores to what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    process::raise_open_files();
    match cli.limit {
        Some(LimitServer::BareBroadcaster { port }) => broadcaster::serve(port).await,
        Some(LimitServer::StaticServer { port, root }) => static_server::serve(port, &root),
        None => bench(cli.options).await,
    }
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command's output"
)]
async fn bench(options: Options) -> anyhow::Result<()> {
    let program = match options.hearth.clone() {
        Some(program) => program,
        None => build()?,
    };
    // PostgreSQL may run as another user, who must reach its cluster.
    let permissions = std::fs::Permissions::from_mode(0o711);
    let scratch = tempfile::Builder::new()
        .prefix("hearth-bench-")
        .permissions(permissions)
        .tempdir()?;
    let begun = Instant::now();
    eprintln!("preparing: a fresh data directory, {} rows", server::ROWS);
    let mut hearth = Hearth::prepare(program, scratch.path().join("data")).await?;
    let runs = usize::try_from(options.runs)?;
    let mut report = Report {
        date: chrono::Utc::now().format("%Y-%m-%d").to_string(),
        machine: machine(&hearth),
        runs,
        ..Report::default()
    };
    let parts = [
        Part::Rest,
        Part::Fanout,
        Part::Listeners,
        Part::Storage,
        Part::Start,
        Part::Schema,
    ];
    for part in parts {
        if !options.only.is_empty() && !options.only.contains(&part) {
            continue;
        }
        eprintln!(
            "measuring: {part:?} ({} s so far)",
            begun.elapsed().as_secs()
        );
        let result = match part {
            Part::Rest => {
                let time = Duration::from_secs(options.seconds);
                let extent = rest::Extent {
                    runs,
                    time,
                    cases: &options.cases,
                    connections: &options.connections,
                };
                rest::measure(&hearth, scratch.path(), &extent, &mut report).await
            }
            Part::Schema => rest::measure_schema(&hearth, &mut report).await,
            Part::Fanout => {
                let sockets = usize::try_from(options.sockets)?;
                fanout::measure(&hearth, sockets, runs, &mut report).await
            }
            Part::Listeners => {
                let sockets = usize::try_from(options.sockets)?;
                listeners::measure(&hearth, sockets, runs, &mut report).await
            }
            Part::Storage => storage::measure(&hearth, scratch.path(), runs, &mut report).await,
            Part::Start => start::measure(&mut hearth, runs, &mut report).await,
        };
        // One part that fails leaves the others their figures.
        if let Err(error) = result {
            report.absent.push(format!("{part:?}: {error:#}"));
        }
    }
    hearth.stop().await?;
    let out = options.out.clone().map_or_else(default_out, Ok)?;
    write(&report, &out)?;
    println!("{}", report.markdown());
    eprintln!(
        "{} s; written to {}",
        begun.elapsed().as_secs(),
        out.display()
    );
    ensure!(report.absent.is_empty(), "not everything was measured");
    Ok(())
}

/// The release build, from the sources that this program was built from.
fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "hearth"])
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "hearth could not be built");
    // Cargo puts both programs side by side.
    let beside = std::env::current_exe()?.with_file_name("hearth");
    ensure!(
        beside.is_file(),
        "there is no {}; name one with HEARTH_BIN",
        beside.display()
    );
    Ok(beside)
}

fn default_out() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("cargo's target folder")?;
    Ok(target.join("bench"))
}

fn write(report: &Report, out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)?;
    let name = chrono::Utc::now().format("%Y%m%dT%H%M%SZ").to_string();
    std::fs::write(out.join(format!("{name}.md")), report.markdown())?;
    std::fs::write(
        out.join(format!("{name}.json")),
        serde_json::to_vec_pretty(report)?,
    )?;
    Ok(())
}

/// The machine's shape.
fn machine(hearth: &Hearth) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?
                .split_once(':')
                .map(|m| m.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let kilobytes: f64 = read("/proc/meminfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or_default();
    let postgres = read(&hearth.cluster().join("PG_VERSION").display().to_string());
    format!(
        "{cores} cores ({model}), {:.0} GiB, Linux {}, PostgreSQL {}",
        kilobytes / f64::from(1 << 20),
        read("/proc/sys/kernel/osrelease")
            .split('-')
            .next()
            .unwrap_or_default()
            .trim(),
        postgres.trim()
    )
}

//! The instant API as `anon` under row level security, beside pgbench running the transaction in
//! which PostgreSQL does the whole work.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::Rng;

use crate::cases::{CASES, Case, KEY};
use crate::figures::Measured;
use crate::http::{self, Until};
use crate::pgbench::{self, Pgbench, Script};
use crate::process::CpuPair;
use crate::report::{Figure, Operation, Report};
use crate::server::{APP, Hearth};

/// What is measured, and how long.
pub(crate) struct Extent<'a> {
    /// Runs of which each figure is the median.
    pub(crate) runs: usize,
    /// Of each run.
    pub(crate) time: Duration,
    /// Only these cases, by their short names; empty: all.
    pub(crate) cases: &'a [String],
    /// Connections at once, one figure for each.
    pub(crate) connections: &'a [u64],
}

/// Measures each case on each number of connections.
pub(crate) async fn measure(
    hearth: &Hearth,
    scratch: &Path,
    extent: &Extent<'_>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let program = pgbench::find();
    let config = hearth.database("DB_URL")?;
    let asked =
        |case: &&Case| extent.cases.is_empty() || extent.cases.iter().any(|c| c == case.short);
    for case in CASES.iter().filter(asked) {
        let body: Arc<[u8]> = case.body().into_bytes().into();
        let template = Arc::new(Template::of(hearth, case, body.len()));
        let script = Script::of(case);
        for connections in extent.connections {
            let connections = usize::try_from(*connections)?;
            let mut of_hearth = Vec::new();
            let mut of_limit = Vec::new();
            let mut missing = None;
            for _ in 0..extent.runs {
                let time = extent.time;
                of_hearth.push(run(hearth, case, &template, &body, connections, time).await?);
                let limit = match &program {
                    Some(program) => {
                        let pgbench = Pgbench {
                            program,
                            config: &config,
                            postmaster: hearth.postmaster()?,
                            scratch,
                        };
                        let run = pgbench.run(&script, connections, time).await;
                        run.map_err(|error| format!("{error:#}"))
                    }
                    None => Err("not installed (Debian: postgresql-contrib)".to_owned()),
                };
                match limit {
                    Ok(limit) => of_limit.push(limit),
                    Err(why) => missing = Some(why),
                }
                if case.body_rows > 0 {
                    // Every run inserts into the same: nothing.
                    let empty = "--command=truncate inbox";
                    hearth.command(&["sql", "--app", APP, empty]).await?;
                }
            }
            report.operations.push(Operation {
                name: case.name.to_owned(),
                connections,
                hearth: Measured::median(&of_hearth).context("no runs")?,
                limit_name: "pgbench, whole transaction".to_owned(),
                limit: Measured::median(&of_limit).ok_or(missing.unwrap_or_default()),
                target: case.target,
            });
        }
    }
    Ok(())
}

/// A request's head, in two parts around the key.
struct Template(Vec<u8>, Vec<u8>);

impl Template {
    fn of(hearth: &Hearth, case: &Case, body: usize) -> Self {
        let headers = match body {
            0 => String::new(),
            length => format!(
                "content-type: application/json\r\nprefer: return=minimal\r\n\
                 content-length: {length}\r\n"
            ),
        };
        let (before, after) = case.path.split_once(KEY).unwrap_or((case.path, ""));
        let mut whole = Vec::new();
        let path = format!("{before}\u{1}{after}");
        hearth.head(case.method, &path, "anon", &headers, &mut whole);
        let at = whole.iter().position(|byte| *byte == 1).unwrap_or(0);
        let after = whole.split_off(at + 1);
        whole.pop();
        // Without a key in the path, the mark stood at its end and nothing takes its place.
        Self(whole, after)
    }

    fn write(&self, key: Option<u64>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
        if let Some(key) = key {
            out.extend_from_slice(key.to_string().as_bytes());
        }
        out.extend_from_slice(&self.1);
    }
}

async fn run(
    hearth: &Hearth,
    case: &Case,
    template: &Arc<Template>,
    body: &Arc<[u8]>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let template = template.clone();
    let keys = case.keys;
    let head = move |_: usize, _: u64, out: &mut Vec<u8>| {
        let key = (keys > 0).then(|| rand::rng().random_range(1..=keys));
        template.write(key, out);
    };
    // Connections to PostgreSQL are opened and statements prepared outside of the measurement.
    let warm = Until::Count(if case.body_rows > 1 { 3 } else { 30 });
    let address = hearth.address();
    http::load(address, connections, warm, head.clone(), body.clone()).await?;
    let (pid, postmaster) = (hearth.pid()?, hearth.postmaster()?);
    let before = CpuPair::now(pid, postmaster);
    let until = Until::Elapsed(time);
    let mut load = http::load(address, connections, until, head, body.clone()).await?;
    let ops = load.times.count();
    let (cpu_us, postgres_cpu_us) = CpuPair::now(pid, postmaster).per_op(before, ops);
    Ok(Measured {
        per_second: ops as f64 / load.elapsed.as_secs_f64(),
        p50_us: load.times.percentile(0.50),
        p99_us: load.times.percentile(0.99),
        cpu_us,
        postgres_cpu_us,
    })
}

/// How long the first answer takes where ten thousand tables have to be read into the schema cache
/// before it.
pub(crate) async fn measure_schema(hearth: &Hearth, report: &mut Report) -> anyhow::Result<()> {
    const APP: &str = "many";
    const TABLES: &str = "do $$ begin for i in 1..1000 loop execute format('create table many_%s \
        (id int primary key, name text not null, other_id int references many_0, a int default 1, \
        b text, c jsonb, d timestamptz default now(), e numeric)', FIRST + i); end loop; end $$";
    hearth
        .command(&["apps", "create", "Many tables", "--ref", APP])
        .await?;
    let first = "--command=create table many_0 (id int primary key)";
    hearth.command(&["sql", "--app", APP, first]).await?;
    for thousand in 0..10 {
        let sql = TABLES.replace("FIRST", &(thousand * 1000).to_string());
        let sql = format!("--command={sql}");
        hearth.command(&["sql", "--app", APP, &sql]).await?;
    }
    let status = hearth
        .command(&["status", "--app", APP, "-o", "json"])
        .await?;
    let status: serde_json::Value = serde_json::from_slice(&status)?;
    let key = status["ANON_KEY"].as_str().context("ANON_KEY")?;
    let request = format!(
        "GET /apps/{APP}/rest/v1/many_7777?select=id,many_0(id) HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         apikey: {key}\r\n\r\n"
    );
    let ask = async || {
        let mut connection = http::Connection::open(hearth.address()).await?;
        let started = Instant::now();
        let answer = connection.call(request.as_bytes(), &[]).await?;
        anyhow::ensure!(answer.status == 200, "status {}", answer.status);
        anyhow::Ok(started.elapsed().as_secs_f64() * 1e3)
    };
    let first = ask().await?;
    let next = ask().await?;
    report.figures.push(Figure {
        name: "first answer over 10,000 tables, schema cache included".to_owned(),
        unit: "ms",
        hearth: first,
        limit_name: "the next answer".to_owned(),
        limit: Some(next),
        target: None,
    });
    Ok(())
}

//! The instant API: 50 rows, one row by its key, one inserted row, as `anon` under row level
//! security, beside pgbench running the transaction that Hearth sends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rand::Rng;

use crate::captured::{Log, Statement};
use crate::figures::Measured;
use crate::http::{self, Connection, Until};
use crate::pgbench::{self, Pgbench, Script};
use crate::process::CpuPair;
use crate::report::{Operation, Report};
use crate::server::{APP, Hearth, ROWS};

const ROW: &[u8] =
    br##"{"username":"bench","bgcolor":"#336699","text":"one row, inserted by the benchmark"}"##;

/// One kind of request.
struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    headers: &'static str,
    body: &'static [u8],
    target: Option<f64>,
}

const CASES: [Case; 3] = [
    Case {
        name: "REST, list of 50 rows",
        method: "GET",
        path: "/rest/v1/messages?select=*&order=id.desc&limit=50",
        headers: "",
        body: b"",
        target: Some(1.5),
    },
    Case {
        name: "REST, one row by key",
        method: "GET",
        path: "/rest/v1/messages?select=*&id=eq.KEY",
        headers: "",
        body: b"",
        target: Some(2.0),
    },
    Case {
        name: "REST, insert of one row",
        method: "POST",
        path: "/rest/v1/messages",
        headers: "content-type: application/json\r\nprefer: return=minimal\r\n",
        body: ROW,
        target: None,
    },
];

/// Measures all cases on 1 and 16 connections.
pub(crate) async fn measure(
    hearth: &Hearth,
    scratch: &Path,
    runs: usize,
    time: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let program = pgbench::find();
    let config = hearth.database("DB_URL")?;
    for case in &CASES {
        let template = Arc::new(Template::of(hearth, case));
        let statements = capture(hearth, &template, case.body).await;
        let script = match &statements {
            Ok(statements) => Ok(Script::pipeline(statements, ROWS)),
            Err(error) => Err(format!("{error:#}")),
        };
        for connections in [1, 16] {
            let mut of_hearth = Vec::new();
            let mut of_limit = Vec::new();
            let mut missing = None;
            for _ in 0..runs {
                of_hearth.push(run(hearth, &template, case.body, connections, time).await?);
                let limit = match (&script, &program) {
                    (Ok(script), Some(program)) => {
                        let pgbench = Pgbench {
                            program,
                            config: &config,
                            postmaster: hearth.postmaster()?,
                            scratch,
                        };
                        let run = pgbench.run(script, connections, time).await;
                        run.map_err(|error| format!("{error:#}"))
                    }
                    (Err(why), _) => Err(why.clone()),
                    (_, None) => Err("not installed (Debian: postgresql-contrib)".to_owned()),
                };
                match limit {
                    Ok(limit) => of_limit.push(limit),
                    Err(why) => missing = Some(why),
                }
            }
            report.operations.push(Operation {
                name: case.name.to_owned(),
                connections,
                hearth: Measured::median(&of_hearth).context("no runs")?,
                limit_name: "pgbench, same SQL".to_owned(),
                limit: Measured::median(&of_limit).ok_or(missing.unwrap_or_default()),
                target: case.target,
            });
        }
        report
            .sql
            .push((case.name.to_owned(), statements.unwrap_or_default()));
    }
    Ok(())
}

/// A request's head, in two parts around the key.
struct Template(Vec<u8>, Vec<u8>);

impl Template {
    fn of(hearth: &Hearth, case: &Case) -> Self {
        let mut headers = case.headers.to_owned();
        if !case.body.is_empty() {
            headers.push_str(&format!("content-length: {}\r\n", case.body.len()));
        }
        let (before, after) = case.path.split_once("KEY").unwrap_or((case.path, ""));
        let mut whole = Vec::new();
        hearth.head(
            case.method,
            &format!("{before}\u{1}{after}"),
            "anon",
            &headers,
            &mut whole,
        );
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

    fn has_key(&self) -> bool {
        self.0.ends_with(b"eq.")
    }
}

async fn run(
    hearth: &Hearth,
    template: &Arc<Template>,
    body: &'static [u8],
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let template = template.clone();
    let head = move |_: usize, _: u64, out: &mut Vec<u8>| {
        let key = template
            .has_key()
            .then(|| rand::rng().random_range(1..=ROWS));
        template.write(key, out);
    };
    // Connections to PostgreSQL are opened and statements prepared outside of the measurement.
    http::load(
        hearth.address(),
        connections,
        Until::Count(30),
        head.clone(),
        body,
    )
    .await?;
    let (pid, postmaster) = (hearth.pid()?, hearth.postmaster()?);
    let before = CpuPair::now(pid, postmaster);
    let mut load = http::load(
        hearth.address(),
        connections,
        Until::Elapsed(time),
        head,
        body,
    )
    .await?;
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

/// The statements that PostgreSQL receives for one request.
async fn capture(
    hearth: &Hearth,
    template: &Template,
    body: &[u8],
) -> anyhow::Result<Vec<Statement>> {
    let (admin, connection) = hearth
        .database("ADMIN_DB_URL")?
        .connect(tokio_postgres::NoTls)
        .await?;
    tokio::spawn(connection);
    let mut request = Vec::new();
    let key = template
        .has_key()
        .then(|| pgbench::KEY.parse().unwrap_or(1));
    template.write(key, &mut request);
    let mut connection = Connection::open(hearth.address()).await?;
    // The first time statements are prepared, and the schema is read.
    connection.call(&request, body).await?;
    let log = hearth.postgres_log();
    let settle = || tokio::time::sleep(Duration::from_millis(200));
    admin
        .batch_execute("alter system set log_statement = 'all'")
        .await?;
    admin.batch_execute("select pg_reload_conf()").await?;
    settle().await;
    let position = Log::end_of(&log)?;
    let answer = connection.call(&request, body).await;
    settle().await;
    let statements = position.statements(&format!("app_{APP}"));
    admin
        .batch_execute("alter system reset log_statement")
        .await?;
    admin.batch_execute("select pg_reload_conf()").await?;
    settle().await;
    answer?;
    statements
}

//! Fan-out: one inserted row, and one broadcast, to a thousand sockets, beside a bare broadcaster
//! sending a message of the same text.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::SinkExt;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::figures::{Measured, Times};
use crate::process::{self, CpuPair};
use crate::report::{Bound, Figure, Operation, Report};
use crate::server::{Hearth, free_port};
use crate::sockets::{self, Clients, Crowd, mark};

const TOPIC: &str = "realtime:bench";
/// How many messages may be under way, and how many there are in one run.
const SERIES: [(usize, usize); 2] = [(1, 60), (16, 240)];

/// Measures changes and broadcast.
pub(crate) async fn measure(
    hearth: &Hearth,
    count: usize,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let key = hearth.value("ANON_KEY")?;
    let path = format!("/realtime/v1/websocket?apikey={key}&vsn=1.0.0");
    let join = join_message(key);
    let (pid, postmaster) = (hearth.pid()?, hearth.postmaster()?);
    let address = hearth.address();

    // What the first listener starts for all is no cost of a connection.
    let first = sockets::open(address, &path, Some(&join), changes_flow).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = process::memory(pid).rss_kb;
    let same = |_| join.clone();
    let crowd = Crowd {
        count,
        each: count,
        join: Some(&same),
    };
    let mut clients = Clients::connect(address, &path, crowd, changes_flow).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let hearth_kb = process::memory(pid).rss_kb.saturating_sub(before) as f64 / count as f64;
    drop(first);

    let mut inserter = Inserter::start(hearth)?;
    let mut publisher = sockets::open(address, &path, Some(&join), changes_flow).await?;
    let cpu = || CpuPair::now(pid, postmaster);
    let mut of_changes = Vec::new();
    let mut of_broadcast = Vec::new();
    for series in SERIES {
        let mut changes = Vec::new();
        let mut broadcasts = Vec::new();
        for _ in 0..runs {
            let insert = async |number| inserter.insert(number);
            let run = run(&mut clients, series, insert, cpu).await?;
            changes.push(run.measured(&inserter.answered(series.1).await?));
            let send = async |number| {
                publisher
                    .send(Message::text(broadcast_message(number)))
                    .await?;
                Ok(())
            };
            let run = self::run(&mut clients, series, send, cpu).await?;
            broadcasts.push(run.measured(&run.sent));
        }
        of_changes.push(Measured::median(&changes).context("no runs")?);
        of_broadcast.push(Measured::median(&broadcasts).context("no runs")?);
    }
    let change = clients
        .book
        .sample()
        .context("no change arrived")?
        .to_owned();
    drop(clients);

    let broadcast = broadcast_message(0);
    let (limit_kb, change_limit) = limit(count, runs, &change).await?;
    let (_, broadcast_limit) = limit(count, runs, &broadcast).await?;
    for (name, of_hearth, of_limit) in [
        ("fan-out of an inserted row", of_changes, change_limit),
        ("fan-out of a broadcast", of_broadcast, broadcast_limit),
    ] {
        for ((outstanding, _), (hearth, limit)) in
            SERIES.into_iter().zip(of_hearth.into_iter().zip(of_limit))
        {
            report.operations.push(Operation {
                name: format!("{name}, {outstanding} under way (per delivery)"),
                connections: count,
                hearth,
                limit_name: "bare broadcaster".to_owned(),
                limit: Ok(limit),
                target: Some(2.0),
            });
        }
    }
    report.figures.push(Figure {
        name: format!("memory of a connection that listens, of {count}"),
        unit: "kB",
        hearth: hearth_kb,
        limit_name: "bare broadcaster".to_owned(),
        limit: Some(limit_kb),
        target: Some(Bound::AtMost(16.0)),
    });
    Ok(())
}

/// What one run of a series left behind.
struct Run {
    elapsed: Duration,
    /// When each message was handed over for sending.
    sent: HashMap<usize, Instant>,
    receipts: Vec<(usize, Instant)>,
    cpu: (f64, f64),
}

impl Run {
    /// The figures, times counted from `starts`.
    fn measured(&self, starts: &HashMap<usize, Instant>) -> Measured {
        let mut times = Times::default();
        for (number, received) in &self.receipts {
            if let Some(start) = starts.get(number) {
                times.add(received.saturating_duration_since(*start));
            }
        }
        Measured {
            per_second: self.receipts.len() as f64 / self.elapsed.as_secs_f64(),
            p50_us: times.percentile(0.50),
            p99_us: times.percentile(0.99),
            cpu_us: self.cpu.0,
            postgres_cpu_us: self.cpu.1,
        }
    }
}

/// Sends `series.1` messages, at most `series.0` of them not yet received by everybody.
async fn run(
    clients: &mut Clients,
    (outstanding, messages): (usize, usize),
    mut send: impl AsyncFnMut(usize) -> anyhow::Result<()>,
    cpu: impl Fn() -> CpuPair,
) -> anyhow::Result<Run> {
    // The first message after a pause finds everything asleep.
    let warm = clients.numbers(1)?;
    send(warm).await?;
    clients.book.wait(warm, warm + 1, 1).await?;
    let first = clients.numbers(messages)?;
    let last = first + messages;
    clients.receipts();
    let mut sent = HashMap::new();
    let before = cpu();
    let started = Instant::now();
    for number in first..last {
        let must = (number + 1 - first).saturating_sub(outstanding);
        clients.book.wait(first, last, must).await?;
        sent.insert(number, Instant::now());
        send(number).await?;
    }
    clients.book.wait(first, last, messages).await?;
    let elapsed = started.elapsed();
    let receipts = clients.receipts();
    let cpu = cpu().per_op(before, receipts.len() as u64);
    Ok(Run {
        elapsed,
        sent,
        receipts,
        cpu,
    })
}

/// Memory of a connection, and the figures of all series, of the bare broadcaster sending `text`.
async fn limit(count: usize, runs: usize, text: &str) -> anyhow::Result<(f64, Vec<Measured>)> {
    let (mut server, address) = spawn_self("bare-broadcaster").await?;
    let pid = server.id().context("the bare broadcaster ended")?;
    let before = process::memory(pid).rss_kb;
    let crowd = Crowd {
        count,
        each: count,
        join: None,
    };
    let mut clients = Clients::connect(address, "/", crowd, |_| true).await?;
    let kilobytes = process::memory(pid).rss_kb.saturating_sub(before) as f64 / count as f64;
    let mut publisher = sockets::open(address, "/", None, |_| true).await?;
    let (head, tail) = text
        .split_once(&mark(0))
        .unwrap_or_else(|| around_mark(text));
    let mut medians = Vec::new();
    for series in SERIES {
        let mut measured = Vec::new();
        for _ in 0..runs {
            let send = async |number| {
                let text = format!("{head}{}{tail}", mark(number));
                publisher.send(Message::text(text)).await?;
                Ok(())
            };
            let mut run = run(&mut clients, series, send, || CpuPair::now(pid, pid)).await?;
            // There is no PostgreSQL here.
            run.cpu.1 = 0.0;
            measured.push(run.measured(&run.sent));
        }
        medians.push(Measured::median(&measured).context("no runs")?);
    }
    drop(clients);
    server.kill().await?;
    Ok((kilobytes, medians))
}

/// What stands before and behind the number in a message.
fn around_mark(text: &str) -> (&str, &str) {
    let at = text.match_indices('#').map(|(at, _)| at).find(|at| {
        text.get(at + 1..at + 8)
            .is_some_and(|m| m.ends_with('#') && m[..6].parse::<u32>().is_ok())
    });
    at.map_or((text, ""), |at| (&text[..at], &text[at + 8..]))
}

/// Starts one of the limits' servers: this program, in a process of its own.
pub(crate) async fn spawn_self(command: &str) -> anyhow::Result<(Child, SocketAddr)> {
    let port = free_port()?;
    let child = Command::new(std::env::current_exe()?)
        .args([command, "--port", &port.to_string()])
        .kill_on_drop(true)
        .spawn()?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    wait_for(address).await?;
    Ok((child, address))
}

/// Waits until somebody listens at `address`.
pub(crate) async fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..1000 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anyhow::bail!("nobody listens at {address}")
}

fn join_message(key: &str) -> String {
    serde_json::json!({
        "topic": TOPIC, "event": "phx_join", "ref": "1", "join_ref": "1",
        "payload": {
            "config": {
                "broadcast": {"ack": false, "self": false},
                "presence": {"key": "", "enabled": false},
                "postgres_changes": [{"event": "INSERT", "schema": "public", "table": "messages"}],
                "private": false,
            },
            "access_token": key,
        },
    })
    .to_string()
}

fn broadcast_message(number: usize) -> String {
    serde_json::json!({
        "topic": TOPIC, "event": "broadcast", "ref": "2", "join_ref": "1",
        "payload": {"type": "broadcast", "event": "line", "payload": {
            "username": "bench", "bgColor": "blue", "text": mark(number),
        }},
    })
    .to_string()
}

/// After the answer to its join a client is told that changes flow.
pub(crate) fn changes_flow(text: &str) -> bool {
    text.contains(r#""extension":"postgres_changes""#) && text.contains(r#""status":"ok""#)
}

/// Inserts rows from a thread of its own, so that the moment of a commit is not taken late while
/// the clients' thread is busy.
struct Inserter {
    numbers: mpsc::UnboundedSender<usize>,
    answers: mpsc::UnboundedReceiver<anyhow::Result<(usize, Instant)>>,
}

impl Inserter {
    fn start(hearth: &Hearth) -> anyhow::Result<Self> {
        let config = hearth.database("DB_URL")?;
        let (numbers, mut wanted) = mpsc::unbounded_channel::<usize>();
        let (done, answers) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || {
            let work = async {
                let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                let client = std::sync::Arc::new(client);
                let insert = client
                    .prepare("insert into messages (username, bgColor, text) values ('bench', 'blue', $1)")
                    .await?;
                while let Some(number) = wanted.recv().await {
                    let (client, insert, done) = (client.clone(), insert.clone(), done.clone());
                    // Several at once are pipelined on the connection, a transaction each.
                    tokio::spawn(async move {
                        let result = client.execute(&insert, &[&mark(number)]).await;
                        let answer = result.map(|_| (number, Instant::now()));
                        let _ = done.send(answer.map_err(anyhow::Error::from));
                    });
                }
                anyhow::Ok(())
            };
            if let Err(error) = runtime.block_on(work) {
                let _ = done.send(Err(error));
            }
        });
        Ok(Self { numbers, answers })
    }

    fn insert(&self, number: usize) -> anyhow::Result<()> {
        self.numbers
            .send(number)
            .context("the inserting thread ended")
    }

    /// When the commits of the last run (and of its warm-up) were answered.
    async fn answered(&mut self, messages: usize) -> anyhow::Result<HashMap<usize, Instant>> {
        let mut starts = HashMap::new();
        for _ in 0..=messages {
            let (number, at) = self
                .answers
                .recv()
                .await
                .context("the inserting thread ended")??;
            starts.insert(number, at);
        }
        Ok(starts)
    }
}

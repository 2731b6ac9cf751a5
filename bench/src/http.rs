//! A load generator for HTTP/1.1: each connection has one request outstanding. Requests are bytes
//! made beforehand and answers are hardly looked at, so that the two cores are left to the server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::figures::Times;

/// One kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// An answer.
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// The first part of the body (all of it, if it was short).
    pub(crate) body: Vec<u8>,
}

/// How the end of a body is found.
enum Length {
    Known(u64),
    Chunked,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 1 << 16],
            filled: 0,
        })
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn call(&mut self, head: &[u8], body: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(head).await?;
        if !body.is_empty() {
            self.stream.write_all(body).await?;
        }
        let end = self.read_head().await?;
        let (status, length) = parse_head(&self.buffer[..end])?;
        let body = match length {
            Length::Known(length) => self.read_known(end, length).await?,
            Length::Chunked => self.read_chunked(end).await?,
        };
        Ok(Answer { status, body })
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
        ensure!(read > 0, "the server closed the connection");
        self.filled += read;
        Ok(())
    }

    async fn read_head(&mut self) -> anyhow::Result<usize> {
        loop {
            let seen = &self.buffer[..self.filled];
            if let Some(at) = find(seen, b"\r\n\r\n") {
                return Ok(at + 4);
            }
            ensure!(self.filled < 1 << 17, "the answer's head has no end");
            self.fill().await?;
        }
    }

    /// Keeps what arrived with the head and reads over the rest.
    async fn read_known(&mut self, start: usize, length: u64) -> anyhow::Result<Vec<u8>> {
        let here = u64::try_from(self.filled - start)?;
        ensure!(here <= length, "the server sent more than it announced");
        let mut body = self.buffer[start..self.filled].to_vec();
        let mut left = length - here;
        self.filled = 0;
        while left > 0 {
            let most =
                usize::try_from(left).map_or(self.buffer.len(), |n| n.min(self.buffer.len()));
            let read = self.stream.read(&mut self.buffer[..most]).await?;
            ensure!(read > 0, "the server closed the connection");
            if body.len() < 1 << 16 {
                body.extend_from_slice(&self.buffer[..read]);
            }
            left -= u64::try_from(read)?;
        }
        Ok(body)
    }

    async fn read_chunked(&mut self, start: usize) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        let mut at = start;
        loop {
            let Some(line) = find(&self.buffer[at..self.filled], b"\r\n") else {
                self.fill().await?;
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[at..at + line])?;
            let size = usize::from_str_radix(text.split(';').next().unwrap_or("").trim(), 16)?;
            while self.filled < at + line + 2 + size + 2 {
                self.fill().await?;
            }
            body.extend_from_slice(&self.buffer[at + line + 2..at + line + 2 + size]);
            at += line + 2 + size + 2;
            if size == 0 {
                ensure!(
                    self.filled == at,
                    "the server sent more than the last chunk"
                );
                self.filled = 0;
                return Ok(body);
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn parse_head(head: &[u8]) -> anyhow::Result<(u16, Length)> {
    let text = std::str::from_utf8(head).context("the answer's head is not text")?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status: u16 = first.split(' ').nth(1).unwrap_or("").parse()?;
    if status == 204 || status == 304 {
        return Ok((status, Length::Known(0)));
    }
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, Length::Known(value.trim().parse()?)));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok((status, Length::Chunked));
        }
    }
    bail!("the answer has no length: {first}")
}

/// When a load ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// So long.
    Elapsed(Duration),
    /// So many requests on each connection.
    Count(u64),
}

/// A load's outcome.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Times of the requests.
    pub(crate) times: Times,
}

/// Sends requests on `connections` connections. `head` writes the request's head for a connection
/// and a running number; any status but 2xx ends the load as an error.
pub(crate) async fn load<F>(
    address: SocketAddr,
    connections: usize,
    until: Until,
    head: F,
    body: impl AsRef<[u8]> + Clone + Send + Sync + 'static,
) -> anyhow::Result<Load>
where
    F: Fn(usize, u64, &mut Vec<u8>) + Clone + Send + 'static,
{
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let tasks: Vec<_> = open
        .into_iter()
        .enumerate()
        .map(|(index, mut connection)| {
            let head = head.clone();
            let body = body.clone();
            tokio::spawn(async move {
                let mut times = Times::default();
                let mut bytes = Vec::with_capacity(1024);
                let mut number = 0;
                loop {
                    match until {
                        Until::Elapsed(time) if started.elapsed() >= time => break,
                        Until::Count(count) if number >= count => break,
                        _ => {}
                    }
                    bytes.clear();
                    head(index, number, &mut bytes);
                    let sent = Instant::now();
                    let answer = connection.call(&bytes, body.as_ref()).await?;
                    times.add(sent.elapsed());
                    if !(200..300).contains(&answer.status) {
                        let text = String::from_utf8_lossy(&answer.body).into_owned();
                        bail!("status {}: {text}", answer.status);
                    }
                    number += 1;
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut load = Load::default();
    for task in tasks {
        load.times.append(&task.await??);
    }
    load.elapsed = started.elapsed();
    Ok(load)
}

//! Many WebSocket clients in one process, and the book they keep: which message reached how many
//! of them, and when.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Most messages of one series.
const SERIES: usize = 1 << 17;
/// Servers close a socket that says nothing.
const HEARTBEAT: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<TcpStream>;

/// What the clients have received. Messages carry their number as [`mark`] writes it.
pub(crate) struct Book {
    /// Deliveries of each message.
    delivered: Vec<AtomicU32>,
    /// Told whenever a message has reached everybody.
    complete: Notify,
    /// How many clients get each message.
    clients: u32,
    /// The first message that carried a number, as it came.
    sample: OnceLock<String>,
}

/// A message's number, to be part of its text.
pub(crate) fn mark(number: usize) -> String {
    format!("#{number:06}#")
}

fn number_in(text: &str) -> Option<usize> {
    text.match_indices('#').find_map(|(at, _)| {
        let marked = text.get(at + 1..at + 8)?;
        marked.strip_suffix('#')?.parse().ok()
    })
}

impl Book {
    fn new(clients: usize) -> Self {
        Self {
            delivered: (0..SERIES).map(|_| AtomicU32::new(0)).collect(),
            complete: Notify::new(),
            clients: u32::try_from(clients).unwrap_or(u32::MAX),
            sample: OnceLock::new(),
        }
    }

    /// The first message that carried a number, as it came.
    pub(crate) fn sample(&self) -> Option<&str> {
        self.sample.get().map(String::as_str)
    }

    fn note(&self, number: usize) {
        if let Some(count) = self.delivered.get(number)
            && count.fetch_add(1, Ordering::Relaxed) + 1 == self.clients
        {
            self.complete.notify_one();
        }
    }

    /// How many of the messages `first..last` have reached everybody.
    pub(crate) fn completed(&self, first: usize, last: usize) -> usize {
        let all = |count: &&AtomicU32| count.load(Ordering::Relaxed) >= self.clients;
        self.delivered[first..last].iter().filter(all).count()
    }

    /// Waits until at least `count` of the messages `first..last` have reached everybody.
    pub(crate) async fn wait(&self, first: usize, last: usize, count: usize) -> anyhow::Result<()> {
        let waiting = async {
            while self.completed(first, last) < count {
                self.complete.notified().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .is_err()
        {
            let counts: Vec<u32> = self.delivered[first..last]
                .iter()
                .map(|c| c.load(Ordering::Relaxed))
                .collect();
            bail!(
                "deliveries are missing after 20 s, of {} each: {counts:?}",
                self.clients
            );
        }
        Ok(())
    }
}

/// Clients that are to be connected.
#[derive(Clone, Copy)]
pub(crate) struct Crowd<'a> {
    /// How many.
    pub(crate) count: usize,
    /// How many of them get each message.
    pub(crate) each: usize,
    /// What each, by its number, sends to join.
    pub(crate) join: Option<&'a dyn Fn(usize) -> String>,
}

/// Connected clients.
pub(crate) struct Clients {
    /// Their book.
    pub(crate) book: Arc<Book>,
    tasks: Vec<JoinHandle<()>>,
    receipts: mpsc::UnboundedReceiver<(usize, Instant)>,
    next: usize,
}

impl Clients {
    /// Opens the crowd's sockets to `path`; `joined` says whether a message means that the client is
    /// ready, where it joins.
    pub(crate) async fn connect(
        address: SocketAddr,
        path: &str,
        crowd: Crowd<'_>,
        joined: fn(&str) -> bool,
    ) -> anyhow::Result<Self> {
        let Crowd { count, join, .. } = crowd;
        let book = Arc::new(Book::new(crowd.each));
        let (noted, receipts) = mpsc::unbounded_channel();
        let mut clients = Self {
            book,
            tasks: Vec::new(),
            receipts,
            next: 0,
        };
        // Not all at once: joining is not what is measured, and an application has a limit of
        // joins per second.
        for _ in 0..count.div_ceil(50) {
            let now = (count - clients.tasks.len()).min(50);
            let from = clients.tasks.len();
            let opening = (from..from + now).map(async |number| {
                let join = join.map(|join| join(number));
                open(address, path, join.as_deref(), joined).await
            });
            for socket in futures_util::future::try_join_all(opening).await? {
                // A bare broadcaster would send heartbeats on to everybody.
                let reading = read(socket, clients.book.clone(), noted.clone(), join.is_some());
                clients.tasks.push(tokio::spawn(reading));
            }
            if join.is_some() {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        }
        Ok(clients)
    }

    /// The first of `count` new message numbers.
    pub(crate) fn numbers(&mut self, count: usize) -> anyhow::Result<usize> {
        let first = self.next;
        self.next += count;
        ensure!(self.next <= SERIES, "the series is too long");
        Ok(first)
    }

    /// The receipts so far: which message, when.
    pub(crate) fn receipts(&mut self) -> Vec<(usize, Instant)> {
        let mut all = Vec::new();
        while let Ok(receipt) = self.receipts.try_recv() {
            all.push(receipt);
        }
        all
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Opens one socket, and waits until it is ready where `join` is given.
pub(crate) async fn open(
    address: SocketAddr,
    path: &str,
    join: Option<&str>,
    joined: fn(&str) -> bool,
) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}{path}");
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream)
        .await
        .context("the handshake of a socket")?;
    if let Some(join) = join {
        socket.send(Message::text(join)).await?;
        let waiting = async {
            while let Some(message) = socket.next().await {
                if let Message::Text(text) = message?
                    && joined(&text)
                {
                    return Ok(());
                }
            }
            bail!("the socket was closed")
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .context("a join was not answered")??;
    }
    Ok(socket)
}

async fn read(
    mut socket: Socket,
    book: Arc<Book>,
    noted: mpsc::UnboundedSender<(usize, Instant)>,
    beats: bool,
) {
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    if let Some(number) = number_in(&text) {
                        let _ = book.sample.get_or_init(|| text.to_string());
                        let _ = noted.send((number, Instant::now()));
                        book.note(number);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            _ = beat.tick(), if beats => {
                let text = r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"0"}"#;
                if socket.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found() {
        assert_eq!(number_in(&format!("\"text\":\"{}\"", mark(17))), Some(17));
        assert_eq!(number_in("\"bgColor\":\"#336\""), None);
        assert_eq!(number_in("no"), None);
    }

    #[tokio::test]
    async fn every_client_hears_what_one_publishes() {
        let port = crate::server::free_port().unwrap();
        let server = crate::broadcaster::serve(port);
        let work = async {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            crate::fanout::wait_for(address).await.unwrap();
            let crowd = Crowd {
                count: 60,
                each: 60,
                join: None,
            };
            let mut clients = Clients::connect(address, "/", crowd, |_| true)
                .await
                .unwrap();
            let mut publisher = open(address, "/", None, |_| true).await.unwrap();
            let first = clients.numbers(3).unwrap();
            for number in first..first + 3 {
                publisher.send(Message::text(mark(number))).await.unwrap();
            }
            clients.book.wait(first, first + 3, 3).await.unwrap();
            assert_eq!(clients.receipts().len(), 180);
            assert_eq!(clients.book.sample(), Some("#000000#"));
        };
        tokio::select! {
            ended = server => panic!("the server ended: {ended:?}"),
            () = work => {}
        }
    }
}

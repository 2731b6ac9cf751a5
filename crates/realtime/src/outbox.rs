//! What waits to be written to one socket: a queue bounded in bytes. Publishers only push; the
//! socket's writer takes everything that waits and writes it at once.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// Why a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// WebSocket close code.
    pub code: u16,
    /// Reason in words.
    pub reason: &'static str,
}

impl Close {
    /// The client closed, or is gone: nothing more is said.
    pub const PEER: Self = Self {
        code: 0,
        reason: "",
    };
    /// The client sent a frame that WebSocket does not allow.
    pub const PROTOCOL: Self = Self {
        code: 1002,
        reason: "protocol error",
    };
    /// The client sent a frame that is too large.
    pub const TOO_LARGE: Self = Self {
        code: 1009,
        reason: "the frame is too large",
    };
    /// The server stops.
    pub const SHUTDOWN: Self = Self {
        code: 1001,
        reason: "Realtime is restarting",
    };
    /// Changes were lost with the replication slot: the client joins again and is told.
    pub const LOST: Self = Self {
        code: 1012,
        reason: "changes were lost",
    };
    /// The client does not read what it asked for.
    pub const SLOW: Self = Self {
        code: 1008,
        reason: "the client reads too slowly",
    };
    /// The client joins too often.
    pub const JOINS: Self = Self {
        code: 1008,
        reason: "too many joins per second",
    };
    /// The client said nothing for too long.
    pub const IDLE: Self = Self {
        code: 1000,
        reason: "no heartbeat",
    };
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    /// Bytes in `frames` and in the batch that is being written.
    bytes: usize,
    close: Option<Close>,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

/// The queue of one socket.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Queue>,
    limit: usize,
}

impl Outbox {
    /// An empty queue of at most `limit` bytes (a single larger frame passes when nothing waits).
    pub fn new(limit: usize) -> Self {
        Self {
            queue: Mutex::default(),
            limit,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame. A frame too many closes the socket instead: it reads too slowly.
    pub fn push(&self, frame: Bytes) {
        let mut queue = self.lock();
        if queue.close.is_some() {
            return;
        }
        if queue.bytes > 0 && queue.bytes + frame.len() > self.limit {
            drop(queue);
            self.close(Close::SLOW);
            return;
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        let writer = queue.writer.take();
        drop(queue);
        if let Some(writer) = writer {
            writer.wake();
        }
    }

    /// Closes the socket: what waits is written first, unless the socket is too slow for it.
    pub fn close(&self, close: Close) {
        let mut queue = self.lock();
        if queue.close.is_some() {
            return;
        }
        if close == Close::SLOW {
            queue.frames = VecDeque::new();
        }
        queue.close = Some(close);
        let wakers = [queue.writer.take(), queue.reader.take()];
        drop(queue);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Whether the socket is being closed.
    pub fn is_closed(&self) -> bool {
        self.lock().close.is_some()
    }

    /// Waits until the socket is to be closed; for its reader.
    pub async fn closed(&self) -> Close {
        std::future::poll_fn(|context| {
            let mut queue = self.lock();
            match &queue.close {
                Some(close) => Poll::Ready(close.clone()),
                None => {
                    queue.reader = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Everything that waits, once something does, into `batch`; for the writer, which says how
    /// many bytes of the batch before it has written. Ready with the reason when the queue is
    /// empty and the socket is to be closed.
    pub fn poll_take(
        &self,
        context: &mut Context<'_>,
        batch: &mut VecDeque<Bytes>,
        written: &mut usize,
    ) -> Poll<Option<Close>> {
        let mut queue = self.lock();
        queue.bytes = queue.bytes.saturating_sub(std::mem::take(written));
        if !queue.frames.is_empty() {
            if batch.is_empty() {
                std::mem::swap(batch, &mut queue.frames);
            } else {
                batch.append(&mut queue.frames);
            }
            return Poll::Ready(None);
        }
        if let Some(close) = &queue.close {
            return Poll::Ready(Some(close.clone()));
        }
        // A burst's memory is not kept while the socket idles.
        if queue.frames.capacity() > 64 {
            queue.frames = VecDeque::new();
        }
        queue.writer = Some(context.waker().clone());
        Poll::Pending
    }

    /// Says how much of a batch has been written, where that takes several writes.
    pub fn wrote(&self, bytes: usize) {
        let mut queue = self.lock();
        queue.bytes = queue.bytes.saturating_sub(bytes);
    }

    /// For a writer whose socket takes nothing more: ready once the socket has been given up.
    pub fn poll_given_up(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.lock();
        if queue.close.as_ref() == Some(&Close::SLOW) || queue.close.as_ref() == Some(&Close::PEER)
        {
            return Poll::Ready(());
        }
        queue.writer = Some(context.waker().clone());
        Poll::Pending
    }

    /// Whether so little waits that a client that is behind can be given more.
    pub fn has_room(&self) -> bool {
        self.waiting() <= self.limit / 8
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.lock().bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_closes_the_socket_and_keeps_nothing() {
        let outbox = Outbox::new(10);
        outbox.push(Bytes::from_static(b"a frame beyond the limit passes alone"));
        assert!(!outbox.is_closed());
        outbox.push(Bytes::from_static(b"x"));
        assert!(outbox.is_closed());
        let mut batch = VecDeque::new();
        let mut context = Context::from_waker(Waker::noop());
        let taken = outbox.poll_take(&mut context, &mut batch, &mut 0);
        assert_eq!(taken, Poll::Ready(Some(Close::SLOW)));
    }

    #[test]
    fn what_was_queued_before_an_orderly_close_is_still_written() {
        let outbox = Outbox::new(100);
        outbox.push(Bytes::from_static(b"last words"));
        outbox.close(Close::SHUTDOWN);
        outbox.push(Bytes::from_static(b"too late"));
        let mut batch = VecDeque::new();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(
            outbox.poll_take(&mut context, &mut batch, &mut 0),
            Poll::Ready(None)
        );
        assert_eq!(batch.len(), 1);
        batch.clear();
        let taken = outbox.poll_take(&mut context, &mut batch, &mut 10);
        assert_eq!(taken, Poll::Ready(Some(Close::SHUTDOWN)));
    }
}

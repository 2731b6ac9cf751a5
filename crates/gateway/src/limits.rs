//! The largest body that a service gets to see. Storage has limits of its own.
//!
//! A client that is refused before it has sent everything would see its connection break instead
//! of the answer, so what is left of a body is read and thrown away, within bounds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::timeout;

/// At most so many times the limit is read and thrown away before the connection is cut.
const DISCARD_FACTOR: usize = 8;

/// Says whether a limited body turned out to be too long while it was read.
#[derive(Debug, Clone, Default)]
pub struct Exceeded(Arc<AtomicBool>);

impl Exceeded {
    /// True once more than the limit came in.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// `body`, which ends with an error after `limit` bytes, and the sign that says it did.
pub fn limit(body: Body, limit: usize) -> (Body, Exceeded) {
    let exceeded = Exceeded::default();
    // An empty body, as nearly all reads have, needs no wrapping.
    if body.is_end_stream() {
        return (body, exceeded);
    }
    let limited = Limited {
        body,
        left: limit,
        discard: limit.saturating_mul(DISCARD_FACTOR),
        exceeded: exceeded.clone(),
    };
    (Body::new(limited), exceeded)
}

/// A client that sends nothing for so long is waiting for the answer.
const DISCARD_PAUSE: Duration = Duration::from_millis(500);

/// Reads `body` to its end, to a pause, or to the bound of what is thrown away for `limit`.
pub async fn discard(body: Body, limit: usize) {
    let mut body = body.into_data_stream();
    let mut left = limit.saturating_mul(DISCARD_FACTOR);
    while let Ok(Some(Ok(data))) = timeout(DISCARD_PAUSE, body.next()).await {
        let Some(rest) = left.checked_sub(data.len()) else {
            return;
        };
        left = rest;
    }
}

struct Limited {
    body: Body,
    left: usize,
    discard: usize,
    exceeded: Exceeded,
}

#[derive(Debug, thiserror::Error)]
#[error("the request body is too large")]
struct TooLarge;

impl HttpBody for Limited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
            let length = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                _ => 0,
            };
            let over = self.exceeded.get();
            if !over && let Some(left) = self.left.checked_sub(length) {
                self.left = left;
                return Poll::Ready(frame);
            }
            self.exceeded.0.store(true, Ordering::Relaxed);
            match (frame, self.discard.checked_sub(length)) {
                (Some(Ok(_)), Some(left)) => self.discard = left,
                _ => return Poll::Ready(Some(Err(axum::Error::new(TooLarge)))),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

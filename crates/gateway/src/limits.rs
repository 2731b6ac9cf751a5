//! The largest body that a service gets to see. Storage has limits of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

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
    (
        Body::new(Limited {
            body,
            left: limit,
            exceeded: exceeded.clone(),
        }),
        exceeded,
    )
}

struct Limited {
    body: Body,
    left: usize,
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
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len()) {
                Some(left) => self.left = left,
                None => {
                    self.exceeded.0.store(true, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(axum::Error::new(TooLarge))));
                }
            }
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

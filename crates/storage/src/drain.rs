//! Bodies of refused uploads. A server that closes a connection while the client still sends makes
//! the client's kernel throw the answer away; so what is left of the body is read, within bounds,
//! before the refusal goes out.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;

/// Most bytes that are read in vain.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Longest time for it.
const MAX_TIME: Duration = Duration::from_secs(5);

/// A body that comes back to its [`Remainder`] when nobody wants it any more.
struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
}

/// Where a lent body comes back to.
pub(crate) struct Remainder(oneshot::Receiver<Body>);

/// Lends `body` to a handler.
pub(crate) fn lend(body: Body) -> (Body, Remainder) {
    let (back, remainder) = oneshot::channel();
    (
        Body::new(Lent {
            body,
            back: Some(back),
        }),
        Remainder(remainder),
    )
}

impl Remainder {
    /// Reads what the handler left.
    pub(crate) async fn drain(mut self) {
        let Ok(body) = self.0.try_recv() else { return };
        let mut stream = body.into_data_stream();
        let reading = async {
            let mut seen = 0;
            while let Some(Ok(chunk)) = stream.next().await {
                seen += chunk.len();
                if seen > MAX_BYTES {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(MAX_TIME, reading).await;
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        // A body that failed has nothing left.
        if let Poll::Ready(None | Some(Err(_))) = frame {
            self.back = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take()
            && !self.body.is_end_stream()
        {
            let _ = back.send(std::mem::replace(&mut self.body, Body::empty()));
        }
    }
}

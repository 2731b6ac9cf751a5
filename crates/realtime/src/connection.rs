//! The WebSocket of one client: handshake, reading side, writing side.
//!
//! Reading is tungstenite's (masks, fragments, UTF-8, control frames). Writing is ours: frames
//! come encoded out of the [`Outbox`], shared by many sockets, and all that wait go out in one
//! vectored write. What tungstenite itself wants to write (pongs, close replies) joins that queue.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::Response;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::frame::wire;
use crate::limits::MAX_FRAME_BYTES;
use crate::outbox::{Close, Outbox};

/// Most frames in one vectored write.
const FRAMES_PER_WRITE: usize = 64;
/// How long a close frame may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// Clients' frames are small; a larger one grows the buffer while it is read.
const READ_BUFFER: usize = 1024;

type Io = TokioIo<Upgraded>;
/// The reading side.
pub type Reader = WebSocketStream<ReadSide>;

/// Checks the handshake's headers and answers it: the response to send, or nothing if the request
/// is no WebSocket handshake.
pub fn accept(headers: &HeaderMap) -> Option<Response> {
    let has = |name: header::HeaderName, wanted: &str| {
        headers.get_all(name).iter().any(|value| {
            let parts = value.to_str().unwrap_or_default().split(',');
            parts
                .into_iter()
                .any(|part| part.trim().eq_ignore_ascii_case(wanted))
        })
    };
    if !has(header::CONNECTION, "upgrade")
        || !has(header::UPGRADE, "websocket")
        || !has(header::SEC_WEBSOCKET_VERSION, "13")
    {
        return None;
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    // Phoenix offers its own name; some clients close if none of theirs is chosen.
    if has(header::SEC_WEBSOCKET_PROTOCOL, "phoenix") {
        answer.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("phoenix"),
        );
    }
    Some(response)
}

/// Splits an upgraded connection. The writer runs until the outbox is closed or the client gone.
pub async fn open(upgraded: Upgraded, outbox: Arc<Outbox>) -> (Reader, WriteHalf<Io>) {
    let (read, write) = tokio::io::split(TokioIo::new(upgraded));
    let side = ReadSide {
        io: read,
        outbox,
        pending: BytesMut::new(),
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let reader = WebSocketStream::from_raw_socket(side, Role::Server, Some(config)).await;
    (reader, write)
}

/// What tungstenite takes for the connection: it reads the socket and writes into the outbox.
pub struct ReadSide {
    io: ReadHalf<Io>,
    outbox: Arc<Outbox>,
    pending: BytesMut,
}

impl AsyncRead for ReadSide {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for ReadSide {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pending.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.pending.is_empty() {
            let frame = std::mem::take(&mut self.pending).freeze();
            self.outbox.push(frame);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Writes what the outbox holds until it is closed, then closes the connection.
pub async fn write(mut io: WriteHalf<Io>, outbox: Arc<Outbox>) {
    let mut batch = VecDeque::new();
    let mut written = 0;
    loop {
        let next =
            std::future::poll_fn(|context| outbox.poll_take(context, &mut batch, &mut written));
        match next.await {
            None => match write_batch(&mut io, &outbox, &mut batch, &mut written).await {
                Ok(Written::All) => {
                    if batch.capacity() > FRAMES_PER_WRITE {
                        batch = VecDeque::new();
                    }
                }
                // In the middle of a frame no close frame can be said.
                Ok(Written::Part) => break,
                Err(_) => {
                    outbox.close(Close::PEER);
                    break;
                }
            },
            Some(close) => {
                if close.code != 0 {
                    let frame = wire::close(close.code, close.reason);
                    let _ = tokio::time::timeout(CLOSE_PATIENCE, io.write_all(&frame)).await;
                }
                break;
            }
        }
    }
    let _ = tokio::time::timeout(CLOSE_PATIENCE, io.shutdown()).await;
}

enum Written {
    All,
    Part,
}

async fn write_batch(
    io: &mut WriteHalf<Io>,
    outbox: &Outbox,
    batch: &mut VecDeque<Bytes>,
    written: &mut usize,
) -> io::Result<Written> {
    let mut inside_frame = false;
    while !batch.is_empty() {
        let step = std::future::poll_fn(|context| {
            let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(batch.iter()) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            match Pin::new(&mut *io).poll_write_vectored(context, &slices[..count]) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                // A socket that takes nothing more is given up once too much waits for it.
                Poll::Pending => outbox.poll_given_up(context).map(|()| None),
            }
        });
        let Some(result) = step.await else {
            batch.clear();
            return Ok(if inside_frame {
                Written::Part
            } else {
                Written::All
            });
        };
        let mut count = result?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        *written += count;
        while let Some(frame) = batch.front_mut() {
            if count < frame.len() {
                frame.advance(count);
                break;
            }
            count -= frame.len();
            batch.pop_front();
        }
        inside_frame = count > 0;
        if !batch.is_empty() {
            outbox.wrote(std::mem::take(written));
        }
    }
    Ok(Written::All)
}

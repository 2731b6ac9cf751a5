//! The listening socket and its connections: HTTP/1 and HTTP/2, kept alive, drained on shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

use crate::stack::Gateway;

/// A slow or silent client has so long to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}{}", hint(source))]
pub struct ListenError {
    address: String,
    source: std::io::Error,
}

fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            " (choose another port with --port; with make: make run ARGS=\"--port 9210\")"
        }
        std::io::ErrorKind::PermissionDenied => " (ports below 1024 need more rights)",
        _ => "",
    }
}

/// A bound socket that does not answer yet.
pub struct Listener {
    socket: TcpListener,
    max_header_bytes: usize,
}

impl Listener {
    /// Binds `host:port`; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn bind(host: &str, port: u16, max_header_bytes: usize) -> Result<Self, ListenError> {
        let failed = |source| ListenError {
            address: format!("{host}:{port}"),
            source,
        };
        let socket = TcpListener::bind((host, port)).await.map_err(failed)?;
        Ok(Self {
            socket,
            max_header_bytes,
        })
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers requests until `stop` completes, then lets those under way finish, at most for
    /// `drain`.
    pub async fn serve(
        self,
        gateway: Arc<Gateway>,
        stop: impl Future<Output = ()>,
        drain: Duration,
    ) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(self.max_header_bytes.max(8192))
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.max_header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(256);
        let builder = Arc::new(builder);
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer) = tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, or a client that left: neither ends the server.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = &mut stop => break,
            };
            let _ = stream.set_nodelay(true);
            let gateway = gateway.clone();
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                gateway.clone().handle(request.map(Body::new), peer)
            });
            let connection = builder
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .into_owned();
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection ended");
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(drain, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were still under way when the time to finish them ran out");
        }
    }
}

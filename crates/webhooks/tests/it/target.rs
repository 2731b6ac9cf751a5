//! The server that webhooks go to.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::Notify;

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Inner {
    came: Mutex<Vec<Came>>,
    news: Notify,
    status: AtomicU16,
}

/// A server on a port of its own; `/slow` never answers, `/moved` redirects.
pub(crate) struct Target {
    inner: Arc<Inner>,
    pub(crate) url: String,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        inner.status.store(200, Ordering::SeqCst);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    /// What it answers from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.inner.status.store(status, Ordering::SeqCst);
    }

    /// Waits until `count` requests have come.
    pub(crate) async fn requests(&self, count: usize) -> Vec<Came> {
        let waiting = async {
            loop {
                let news = self.inner.news.notified();
                let came = self.inner.came.lock().unwrap().clone();
                if came.len() >= count {
                    return came;
                }
                news.await;
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        came.expect("the requests did not come")
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path().to_owned();
    inner.came.lock().unwrap().push(Came {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    });
    inner.news.notify_waiters();
    match path.as_str() {
        "/slow" => std::future::pending().await,
        "/moved" => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        _ => {
            let status = inner.status.load(Ordering::SeqCst);
            StatusCode::from_u16(status).unwrap().into_response()
        }
    }
}

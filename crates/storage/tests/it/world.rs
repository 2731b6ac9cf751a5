//! An application with storage, and requests to it.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use hearth_apps::{AppSettings, Bearer, RequestContext};
use hearth_core::{Clock, SystemClock};
use hearth_storage::{Storage, StorageConfig};
use hearth_testkit::TestApp;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

pub const ALICE: &str = "11111111-1111-4111-8111-111111111111";

pub struct World {
    pub app: TestApp,
    pub storage: Arc<Storage>,
    pub directory: tempfile::TempDir,
    router: Router,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// The four fields of an error.
    #[track_caller]
    pub fn expect_error(&self, http: u16, status: &str, error: &str, code: &str, message: &str) {
        let expected = format!(
            "{{\"statusCode\":{},\"error\":{},\"message\":{},\"code\":{}}}",
            Value::from(status),
            Value::from(error),
            Value::from(message),
            Value::from(code)
        );
        assert_eq!(self.text(), expected);
        assert_eq!(self.status.as_u16(), http);
        assert_eq!(
            self.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
}

pub struct Asking<'w> {
    world: &'w World,
    context: RequestContext,
    request: http::request::Builder,
}

impl Asking<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub async fn send(self, body: impl Into<Body>) -> Answer {
        let mut request = self.request.body(body.into()).unwrap();
        request.extensions_mut().insert(self.context);
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn json(self, body: Value) -> Answer {
        self.header("content-type", "application/json")
            .send(body.to_string())
            .await
    }

    pub async fn empty(self) -> Answer {
        self.send(Body::empty()).await
    }

    /// Uploads `body` as a plain text.
    pub async fn upload(self, body: &str) -> Answer {
        self.header("content-type", "text/plain")
            .send(body.to_owned())
            .await
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(AppSettings::default()).await
    }

    pub async fn with(settings: AppSettings) -> Self {
        Self::with_clock(settings, Arc::new(SystemClock)).await
    }

    pub async fn with_clock(settings: AppSettings, clock: Arc<dyn Clock>) -> Self {
        let sets = [hearth_storage::migrations()];
        let app = TestApp::create_with(&sets, settings, clock).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("objects");
        let storage = Storage::new(StorageConfig { root }).unwrap();
        let router = hearth_storage::router(storage.clone());
        Self {
            app,
            storage,
            directory,
            router,
        }
    }

    /// The same application with its bytes elsewhere.
    pub fn over(mut self, storage: Arc<Storage>) -> Self {
        self.router = hearth_storage::router(storage.clone());
        self.storage = storage;
        self
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub fn ask(&self, context: RequestContext, method: Method, path: &str) -> Asking<'_> {
        let request = Request::builder().method(method).uri(path);
        Asking {
            world: self,
            context,
            request,
        }
    }

    pub fn service(&self, method: Method, path: &str) -> Asking<'_> {
        self.ask(self.app.service(), method, path)
    }

    pub fn anon(&self, method: Method, path: &str) -> Asking<'_> {
        self.ask(self.app.anon(), method, path)
    }

    pub fn alice(&self, method: Method, path: &str) -> Asking<'_> {
        self.ask(self.app.user(ALICE), method, path)
    }

    /// Without any key or token.
    pub fn stranger(&self, method: Method, path: &str) -> Asking<'_> {
        let mut context = self.app.context(Bearer::Absent);
        context.api_key = None;
        self.ask(context, method, path)
    }

    pub async fn sql(&self, sql: &str) {
        self.app.sql(sql).await.unwrap();
    }

    /// A bucket that everybody may do everything in.
    pub async fn open_bucket(&self, name: &str, public: bool) {
        self.sql(&format!(
            "insert into storage.buckets (id, name, public) values ('{name}', '{name}', {public});
             create policy \"{name} objects\" on storage.objects for all to public
               using (bucket_id = '{name}') with check (bucket_id = '{name}');"
        ))
        .await;
    }

    /// Files in the store: as many as there are versions, if nothing was left behind.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        fn walk(path: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, into)
                } else {
                    into.push(path)
                }
            }
        }
        let mut files = Vec::new();
        walk(self.directory.path(), &mut files);
        files
    }

    pub async fn count(&self, table: &str) -> i64 {
        let client = self.app.superuser().await.unwrap();
        let sql = format!("select count(*) from storage.{table}");
        client.query_one(&sql, &[]).await.unwrap().get(0)
    }
}

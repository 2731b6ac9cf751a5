//! An application with the auth service, and requests made as somebody.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hearth_apps::{AppSettings, Bearer};
use hearth_auth::{Auth, AuthConfig};
use hearth_core::clock::ManualClock;
use hearth_jwt::ApiKeyKind;
use hearth_testkit::TestApp;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Where the manual clock starts.
pub const START: i64 = 1_800_000_000;

/// An application with its auth service.
pub struct Client {
    pub app: TestApp,
    pub auth: Arc<Auth>,
    pub clock: ManualClock,
    router: Router,
}

/// An answer, its body read as JSON (`null` where it is none).
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

/// A request that is being written.
pub struct Call<'c> {
    client: &'c Client,
    method: &'static str,
    path: String,
    bearer: Bearer,
    peer: Option<IpAddr>,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Client {
    /// Default settings.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Settings as `change` leaves them.
    pub async fn with(change: impl FnOnce(&mut AppSettings)) -> Self {
        Self::with_config(AuthConfig::default(), change).await
    }

    /// A configuration of the server, and settings as `change` leaves them.
    pub async fn with_config(config: AuthConfig, change: impl FnOnce(&mut AppSettings)) -> Self {
        // Shown for tests that fail.
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::ERROR)
            .with_test_writer()
            .try_init();
        let clock = ManualClock::at(START);
        let mut settings = AppSettings::default();
        change(&mut settings);
        let sets = [hearth_auth::migrations()];
        let app = TestApp::create_with(&sets, settings, Arc::new(clock.clone()))
            .await
            .unwrap();
        let auth = Auth::new(config);
        let router = hearth_auth::router(auth.clone());
        Self {
            app,
            auth,
            clock,
            router,
        }
    }

    /// Changes settings at run time.
    pub fn set(&self, change: impl FnOnce(&mut AppSettings)) {
        let mut settings = (*self.app.app.settings()).clone();
        change(&mut settings);
        self.app.app.settings.store(Arc::new(settings));
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.request("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call<'_> {
        let mut call = self.request("POST", path);
        call.body = body.to_string();
        call
    }

    pub fn put(&self, path: &str, body: Value) -> Call<'_> {
        let mut call = self.request("PUT", path);
        call.body = body.to_string();
        call
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.request("DELETE", path)
    }

    /// With the anon key, as clients without a user send it.
    pub fn request(&self, method: &'static str, path: &str) -> Call<'_> {
        Call {
            client: self,
            method,
            path: path.to_owned(),
            bearer: Bearer::Absent,
            peer: None,
            headers: Vec::new(),
            body: String::new(),
        }
        .token(&self.app.app.keys.anon)
    }

    /// Signs `email` up; the session.
    pub async fn sign_up(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": "secret-1"});
        self.post("/signup", body).send().await.expect(200).json
    }

    /// Signs `email` in; the session.
    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.post("/token?grant_type=password", body).send().await
    }

    /// Refreshes.
    pub async fn refresh(&self, token: &Value) -> Answer {
        let body = json!({"refresh_token": token});
        self.post("/token?grant_type=refresh_token", body)
            .send()
            .await
    }

    /// One value out of the database, as text.
    pub async fn value(&self, sql: &str) -> Option<String> {
        let client = self.app.superuser().await.unwrap();
        let sql = format!("select ({sql})::text");
        client.query_one(&sql, &[]).await.unwrap().get(0)
    }
}

impl Call<'_> {
    pub fn bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = bearer;
        self
    }

    /// With a token, verified as the gateway does.
    pub fn token(self, token: &str) -> Self {
        let verified = self.client.app.app.verifier.verify(token);
        self.bearer(verified.map_or_else(Bearer::Invalid, Bearer::Token))
    }

    /// As the user of a session.
    pub fn session(self, session: &Value) -> Self {
        self.token(session["access_token"].as_str().unwrap())
    }

    /// With the service key.
    pub fn service(self) -> Self {
        self.bearer(Bearer::Key(ApiKeyKind::Secret))
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// As supabase-js asks: errors in the dated shape.
    pub fn versioned(self) -> Self {
        self.header("x-supabase-api-version", "2024-01-01")
    }

    pub fn body(mut self, text: &str) -> Self {
        text.clone_into(&mut self.body);
        self
    }

    /// From another address than the server's own machine.
    pub fn at_address(mut self, address: &str) -> Self {
        self.peer = Some(address.parse().unwrap());
        self
    }

    pub async fn send(self) -> Answer {
        let mut context = self.client.app.context(self.bearer);
        context.peer = self.peer.unwrap_or(context.peer);
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header("content-type", "application/json")
            .extension(context);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let response = self.client.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }
}

impl Answer {
    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Refused with this status, code and words, in the legacy shape.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str, words: &str) {
        let wanted = json!({"code": status, "error_code": code, "msg": words});
        assert_eq!(self.json, wanted, "{}", self.text);
        assert_eq!(self.status.as_u16(), status);
        assert_eq!(self.headers["x-sb-error-code"], code);
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// The claims of a session's access token.
pub fn claims(session: &Value) -> Value {
    use base64::Engine;
    let token = session["access_token"].as_str().unwrap();
    let body = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(body)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

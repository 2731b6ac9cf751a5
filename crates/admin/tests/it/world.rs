//! A registry of the test's own with one application, and a browser that talks to it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use hearth_admin::{Admin, AdminConfig, Template};
use hearth_apps::database::PoolSizes;
use hearth_apps::registry::RegistryOptions;
use hearth_apps::seal::MasterKey;
use hearth_apps::{App, AppSettings, Bearer, Client, NewApp, Registry, RequestContext};
use hearth_core::{AppRef, Claims, RequestId, Secret, SystemClock};
use hearth_pg::embedded::ServerLog;
use hearth_pg::{bootstrap, provision};
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct World {
    pub(crate) admin: Arc<Admin>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) app: Arc<App>,
    pub(crate) forgotten: Arc<Mutex<Vec<String>>>,
    /// Where the console finds PostgreSQL's log.
    pub(crate) log: PathBuf,
    control: String,
}

impl World {
    /// A signed-out world: administrator `admin` with [`PASSWORD`], one application.
    pub(crate) async fn new() -> Self {
        let server = hearth_testkit::server::shared().unwrap();
        let control = format!("hearth_admin_{}", AppRef::random());
        let key = std::env::temp_dir().join(format!("{control}.key"));
        let options = RegistryOptions {
            control_database: control.clone(),
            key: MasterKey::load_or_create(&key).unwrap(),
            sets: vec![bootstrap::MIGRATIONS],
            pool_sizes: PoolSizes::default(),
            clock: Arc::new(SystemClock),
            own_server: false,
        };
        std::fs::remove_file(&key).unwrap();
        let registry = Registry::open(server, options).await.unwrap();
        let app = registry
            .create(NewApp {
                name: "测试".to_owned(),
                reference: None,
                is_default: true,
                settings: AppSettings::default(),
            })
            .await
            .unwrap();
        let forgotten = Arc::new(Mutex::new(Vec::new()));
        let seen = forgotten.clone();
        let log = std::env::temp_dir().join(format!("{control}.log"));
        let config = AdminConfig {
            database_address: ("127.0.0.1".to_owned(), 5432),
            templates: vec![Template {
                name: "chatroom",
                sql: "create table public.messages (id int)".to_owned(),
            }],
            forget_objects: Arc::new(move |reference| {
                seen.lock().unwrap().push(reference.to_string());
                Box::pin(async { Ok(()) })
            }),
            server_log: Some(ServerLog::at(&log)),
        };
        let admin = Admin::new(config, registry.clone());
        admin
            .first_administrator(Some(Secret::new(PASSWORD)))
            .await
            .unwrap()
            .expect("the first administrator");
        Self {
            admin,
            registry,
            app,
            forgotten,
            log,
            control,
        }
    }

    /// A browser without a session.
    pub(crate) fn browser(&self) -> Browser {
        Browser {
            router: hearth_admin::router(self.admin.clone()),
            cookie: None,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            headers: vec![("x-hearth-console".to_owned(), "1".to_owned())],
            base: "/console/api".to_owned(),
        }
    }

    /// A browser in which `username` has signed in.
    pub(crate) async fn signed_in(&self, username: &str, password: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(username, password).await;
        browser
    }

    /// The owner's browser, with paths below the application's `/pg`.
    pub(crate) async fn pg(&self) -> Browser {
        let mut browser = self.signed_in("admin", PASSWORD).await;
        browser.base = format!("/console/api/apps/{}/pg", self.app.reference);
        browser
    }

    /// `/pg` with a token of `role`.
    pub(crate) async fn with_key(
        &self,
        role: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from(body.to_string()))
            .unwrap();
        request.extensions_mut().insert(RequestContext {
            app: self.app.clone(),
            request_id: RequestId::new(),
            api_key: None,
            bearer: Bearer::Token(Claims::of_role(role)),
            base_url: "http://localhost".into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        });
        let router = hearth_admin::pg_router(self.admin.clone());
        let (status, _, body) = answer(router, request).await;
        (status, body)
    }

    /// Takes everything away again.
    pub(crate) async fn close(self) {
        let _ = std::fs::remove_file(&self.log);
        for app in self.registry.list() {
            app.database.close();
            provision::drop_application(self.registry.server(), &app.reference)
                .await
                .unwrap();
        }
        let client = provision::admin(self.registry.server()).await.unwrap();
        for name in [self.control.clone(), format!("{}_template", self.control)] {
            client
                .batch_execute(&format!("drop database {name} with (force)"))
                .await
                .unwrap();
        }
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Option<String>,
    pub(crate) peer: IpAddr,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) base: String,
}

impl Browser {
    pub(crate) async fn sign_in(&mut self, username: &str, password: &str) {
        let body = json!({"username": username, "password": password});
        let (status, headers, body) = self.full("POST", "/session", body).await;
        assert_eq!(status, 200, "{body}");
        let cookie = headers[header::SET_COOKIE].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    }

    pub(crate) async fn full(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(Client {
            origin: "http://localhost:8000".into(),
            peer: self.peer,
            https: false,
        });
        answer(self.router.clone(), request).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, _, body) = self.full(method, path, body).await;
        (status, body)
    }

    /// A request that has to succeed.
    pub(crate) async fn must(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, body) = self.send(method, path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {body}");
        body
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.must("GET", path, Value::Null).await
    }

    /// The code of a request that has to fail.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.send(method, path, body).await;
        assert!(!status.is_success(), "{method} {path}: {status} {body}");
        let code = body["code"].as_str().unwrap_or_default().to_owned();
        assert!(body["message"].is_string(), "{body}");
        (status.as_u16(), code)
    }
}

async fn answer(router: Router, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            panic!("no JSON: {:?}", String::from_utf8_lossy(&bytes));
        })
    };
    (parts.status, parts.headers, body)
}

//! A database as a user of PostgREST has it, and `hearth rest` on it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hearth_jwt::{SigningKey, mint};
use hearth_pg::connect::connect;
use serde_json::Value;
use tokio_postgres::Config;

use crate::server::{HEARTH, free_port, kill, temp_dir};

pub(crate) const SECRET: &str = "reallyreallyreallyreallyverysafe";

/// A database of a test's own with the roles `login`, `anon` and `member`.
pub(crate) struct Database {
    pub(crate) config: Config,
    pub(crate) name: String,
    dir: tempfile::TempDir,
}

const SCHEMA: &str = "
    create schema api;
    create table api.items (id int primary key, name text);
    insert into api.items values (1, 'one'), (2, 'two');
    create table api.secrets (id int primary key);
    insert into api.secrets values (7);
    create function api.said(name text) returns text language sql stable
      as $$ select current_setting(name, true) $$;
    create function api.sleep(seconds float) returns text language sql
      as $$ select 'slept' from (select pg_sleep(seconds)) s $$;
    grant usage on schema api to {anon}, {member};
    grant select on api.items to {anon}, {member};
    grant select on api.secrets to {member};
";

impl Database {
    pub(crate) async fn create() -> Self {
        let url = std::env::var("HEARTH_TEST_DATABASE_URL").unwrap();
        let mut config: Config = url.parse().unwrap();
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        let name = format!("alone_{}", hearth_core::Secret::random_hex(6).expose());
        let (server, _task) = connect(&config).await.unwrap();
        server
            .batch_execute(&format!("create database {name}"))
            .await
            .unwrap();
        config.dbname(&name);
        let database = Self {
            config,
            name,
            dir: temp_dir(),
        };
        let (login, anon, member) = (
            database.role("login"),
            database.role("anon"),
            database.role("member"),
        );
        database
            .sql(&format!(
                "create role {login} login noinherit password 'secret'; create role {anon}; \
                 create role {member}; grant {anon}, {member} to {login}"
            ))
            .await;
        let schema = SCHEMA.replace("{anon}", &anon).replace("{member}", &member);
        database.sql(&schema).await;
        database
    }

    /// A role's name: roles are the whole server's.
    pub(crate) fn role(&self, role: &str) -> String {
        format!("{}_{role}", self.name)
    }

    /// Runs statements as superuser; `{anon}`, `{member}` and `{login}` are the roles.
    pub(crate) async fn sql(&self, sql: &str) {
        let (client, _task) = connect(&self.config).await.unwrap();
        client.batch_execute(&self.named(sql)).await.unwrap();
    }

    pub(crate) fn named(&self, text: &str) -> String {
        ["anon", "member", "login"]
            .iter()
            .fold(text.replace("{database}", &self.name), |text, role| {
                text.replace(&format!("{{{role}}}"), &self.role(role))
            })
    }

    pub(crate) fn port(&self) -> u16 {
        self.config.get_ports()[0]
    }

    /// The connection string of the login.
    pub(crate) fn uri(&self, port: u16) -> String {
        let login = self.role("login");
        format!("postgres://{login}:secret@127.0.0.1:{port}/{}", self.name)
    }

    /// A configuration that works, with more lines.
    pub(crate) fn file(&self, more: &str) -> PathBuf {
        self.file_at(self.port(), more)
    }

    /// As [`Database::file`], with PostgreSQL behind another port.
    pub(crate) fn file_at(&self, port: u16, more: &str) -> PathBuf {
        let more = self.named(more);
        let anon = if more.contains("db-anon-role") {
            String::new()
        } else {
            self.named("db-anon-role = \"{anon}\"")
        };
        let text = format!(
            "db-uri = \"{}\"\ndb-schemas = \"api\"\nserver-host = \"127.0.0.1\"\nserver-port = 0\n\
             {anon}\n{more}\n",
            self.uri(port)
        );
        let file = self.dir.path().join("postgrest.conf");
        std::fs::write(&file, text).unwrap();
        file
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Ends with the test.
    pub(crate) async fn drop(self) {
        let url = std::env::var("HEARTH_TEST_DATABASE_URL").unwrap();
        let (server, _task) = connect(&url.parse().unwrap()).await.unwrap();
        let gone = format!("drop database {} with (force)", self.name);
        server.batch_execute(&gone).await.unwrap();
        let roles = self.named("drop role {login}, {anon}, {member}");
        server.batch_execute(&roles).await.unwrap();
    }

    /// A token of the role, with more claims.
    pub(crate) fn token(&self, role: &str, more: Value) -> String {
        let Value::Object(mut claims) = more else {
            panic!("claims are an object")
        };
        claims.insert("role".to_owned(), self.role(role).into());
        let key = SigningKey::Hs256(SECRET.to_owned().into());
        mint(&key, &claims).unwrap()
    }
}

/// A running `hearth rest`. Stopped in order when dropped.
pub(crate) struct Alone {
    child: Option<Child>,
    pub(crate) url: String,
    pub(crate) admin: u16,
    out: Arc<Mutex<String>>,
    log: Arc<Mutex<String>>,
}

impl Alone {
    /// Starts with a file and variables, and waits until it listens.
    pub(crate) fn start(file: Option<&PathBuf>, variables: &[(&str, &str)]) -> Self {
        let admin = free_port();
        let mut child = Command::new(HEARTH)
            .arg("rest")
            .args(file)
            .env("PGRST_ADMIN_SERVER_PORT", admin.to_string())
            .env("PGRST_ADMIN_SERVER_HOST", "127.0.0.1")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = kept(child.stdout.take().unwrap());
        let log = kept(child.stderr.take().unwrap());
        let mut alone = Self {
            child: Some(child),
            url: String::new(),
            admin,
            out,
            log,
        };
        let at = alone.until_said("API server listening on ");
        alone.url = format!("http://{at}");
        alone
    }

    /// Waits until the log has a line with `text`, and gives what follows it in the line.
    pub(crate) fn until_said(&mut self, text: &str) -> String {
        self.until_said_times(text, 1)
    }

    /// As [`Alone::until_said`], for the last of so many times.
    pub(crate) fn until_said_times(&mut self, text: &str, times: usize) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let log = self.log();
            if let Some((at, _)) = log.match_indices(text).nth(times - 1) {
                let rest = &log[at + text.len()..];
                if let Some((line, _)) = rest.split_once('\n') {
                    return line.to_owned();
                }
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "hearth rest ended with {ended:?}:\n{log}");
            assert!(Instant::now() < deadline, "{text:?} is not said:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The access log, once it has a line with `text`.
    pub(crate) fn until_logged(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let out = self.out.lock().unwrap().clone();
            if out.contains(text) || Instant::now() > deadline {
                return out;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        kill(self.child.as_ref().unwrap().id(), signal);
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = self.child.as_mut().unwrap().wait().unwrap();
        self.child = None;
        status
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = reqwest::Client::new().get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::of(request).await
    }

    pub(crate) async fn admin(&self, path: &str) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.admin);
        Answer::of(reqwest::Client::new().get(url)).await
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        kill(child.id(), "TERM");
        let _ = child.wait();
    }
}

fn kept(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept: Arc<Mutex<String>> = Arc::default();
    let writes = kept.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            writes.lock().unwrap().push_str(&(line + "\n"));
        }
    });
    kept
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// Code and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("message"))
    }
}

/// Runs `hearth rest` with flags, to its end.
pub(crate) fn command(args: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(HEARTH)
        .arg("rest")
        .args(args)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

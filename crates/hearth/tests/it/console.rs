//! The console through the binary: the password shown once, signing in, an application made from
//! the tutorial's template, and the way back in.

use std::time::{Duration, Instant};

use http_client::Browser;
use serde_json::json;

use crate::server::{Running, temp_dir};

/// A cookie and two headers are all that a browser needs here.
mod http_client {
    use reqwest::{Client, Method};
    use serde_json::Value;

    pub(super) struct Browser {
        runtime: tokio::runtime::Runtime,
        client: Client,
        base: String,
        cookie: String,
    }

    impl Browser {
        pub(super) fn new(base: &str) -> Self {
            Self {
                runtime: tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap(),
                // The server restarts: no connection may outlive an answer.
                client: Client::builder().pool_max_idle_per_host(0).build().unwrap(),
                base: base.to_owned(),
                cookie: String::new(),
            }
        }

        pub(super) fn send(
            &mut self,
            method: &str,
            path: &str,
            key: Option<&str>,
            body: &Value,
        ) -> (u16, Value) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = self
                .client
                .request(method, format!("{}{path}", self.base))
                .header("x-hearth-console", "1")
                .header("cookie", &self.cookie)
                .body(body.to_string());
            if let Some(key) = key {
                request = request.header("apikey", key);
            }
            self.runtime.block_on(async {
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                if let Some(cookie) = answer.headers().get("set-cookie") {
                    let cookie = cookie.to_str().unwrap();
                    cookie
                        .split(';')
                        .next()
                        .unwrap()
                        .clone_into(&mut self.cookie);
                }
                let text = answer.text().await.unwrap();
                (status, serde_json::from_str(&text).unwrap_or(Value::Null))
            })
        }
    }
}

#[test]
fn the_console_opens_with_the_password_that_is_shown_once() {
    let dir = temp_dir();
    let mut server = Running::start(dir.path(), &[]);
    let shown = |server: &Running| -> Vec<String> {
        let log = server.log();
        let lines = log.lines().filter(|line| line.contains("密码    password"));
        lines
            .filter_map(|line| Some(line.split_whitespace().last()?.to_owned()))
            .collect()
    };
    // The log is read by threads of its own.
    let deadline = Instant::now() + Duration::from_secs(10);
    while shown(&server).is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let [password] = shown(&server).try_into().unwrap();
    let mut browser = Browser::new(&server.url);
    let credentials = |password: &str| json!({"username": "admin", "password": password});
    let session = "/console/api/session";
    let (status, user) = browser.send("POST", session, None, &credentials(&password));
    assert_eq!((status, &user["user"]["role"]), (200, &json!("owner")));

    let new = json!({"name": "聊天室", "ref": "chat", "template": "chatroom"});
    let (status, _) = browser.send("POST", "/console/api/apps", None, &new);
    assert_eq!(status, 201);
    let nothing = json!(null);
    let (_, app) = browser.send("GET", "/console/api/apps/chat", None, &nothing);
    assert_eq!(app["url"], format!("{}/apps/chat", server.url));
    let anon = app["anon_key"].as_str().unwrap();
    let rows = "/apps/chat/rest/v1/messages?select=id";
    assert_eq!(
        browser.send("GET", rows, Some(anon), &nothing),
        (200, json!([]))
    );
    let (_, secrets) = browser.send("GET", "/console/api/apps/chat/secrets", None, &nothing);
    let service = secrets["service_role_key"].as_str().unwrap();
    let tables = "/apps/chat/pg/tables?included_schemas=public";
    let (status, list) = browser.send("GET", tables, Some(service), &nothing);
    assert_eq!((status, &list[0]["name"]), (200, &json!("messages")));
    assert_eq!(browser.send("GET", tables, Some(anon), &nothing).0, 403);
    let (_, logs) = browser.send("GET", "/console/api/apps/chat/logs", None, &nothing);
    assert_eq!(logs.as_array().unwrap().len(), 3);

    // Not shown again; whoever has the machine makes a new one, and the old session ends.
    server.signal("TERM");
    server.wait();
    server.start_again();
    let output = server.must(&["admin", "password"]);
    let changed = output
        .lines()
        .find_map(|line| line.strip_prefix("PASSWORD="));
    let changed = changed.unwrap().trim_matches('"').to_owned();
    assert_ne!(changed, password);
    assert_eq!(browser.send("GET", session, None, &nothing).0, 401);
    assert_eq!(
        browser
            .send("POST", session, None, &credentials(&password))
            .0,
        401
    );
    assert_eq!(
        browser
            .send("POST", session, None, &credentials(&changed))
            .0,
        200
    );
    assert_eq!(shown(&server), [password]);
}

//! `hearth rest`: the instant API alone, as PostgREST's users run it.

mod alone;
mod commands;
mod recovery;

use serde_json::{Value, json};

use alone::{Alone, Answer, Database, SECRET};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_configures_it_and_tokens_decide() {
    let database = Database::create().await;
    let file = database.file(&format!(
        "jwt-secret = \"{SECRET}\"\njwt-aud = \"us\"\napp.settings.greeting = \"$(GREETING)\"\n\
         server-trace-header = \"X-Request-Id\"\nserver-timing-enabled = true\nlog-level = \"info\""
    ));
    let alone = Alone::start(Some(&file), &[("GREETING", "hello")]);

    let all = alone.get("/items?order=id", None).await;
    assert_eq!(all.status, 200);
    let rows = json!([{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]);
    assert_eq!(all.json(), rows);
    assert_eq!(all.header("server"), "postgrest/16.1");
    assert_eq!(all.header("content-range"), "0-1/*");
    assert_eq!(all.header("vary"), "Accept, Prefer, Range");
    assert_eq!(all.header("x-request-id"), "");
    assert!(all.header("server-timing").starts_with("jwt;dur="));

    let anon = alone.get("/secrets", None).await;
    assert_eq!(anon.refusal().0, 401);
    assert_eq!(anon.json()["code"], "42501");
    assert_eq!(anon.header("www-authenticate"), "Bearer");
    assert_eq!(anon.header("proxy-status"), "PostgREST; error=42501");

    let member = database.token("member", json!({"aud": ["us"], "sub": "s"}));
    let seen = alone.get("/secrets", Some(&member)).await;
    assert_eq!((seen.status, seen.text.as_str()), (200, r#"[{"id":7}]"#));
    let claims = alone
        .get("/rpc/said?name=request.jwt.claims", Some(&member))
        .await;
    let role = database.role("member");
    let said = format!(r#"{{"aud":["us"],"role":"{role}","sub":"s"}}"#);
    assert_eq!(claims.json(), Value::String(said));
    let greeting = alone
        .get("/rpc/said?name=app.settings.greeting", None)
        .await;
    assert_eq!(greeting.text, "\"hello\"");

    let expired = database.token("member", json!({"exp": 1}));
    let for_others = database.token("member", json!({"aud": "x"}));
    for (token, code, message) in [
        ("", "PGRST301", "Empty JWT is sent in Authorization header"),
        ("a.b", "PGRST301", "Expected 3 parts in JWT; got 2"),
        ("!.!.!", "PGRST301", "JWT cryptographic operation failed"),
        (expired.as_str(), "PGRST303", "JWT expired"),
        (for_others.as_str(), "PGRST303", "JWT not in audience"),
    ] {
        let refused = alone.get("/items", Some(token)).await;
        let wanted = (401, code.to_owned(), message.to_owned());
        assert_eq!(refused.refusal(), wanted, "{token}");
        assert_eq!(
            refused.header("www-authenticate"),
            format!("Bearer error=\"invalid_token\", error_description=\"{message}\"")
        );
    }
    let nobody = database.token("nobody", json!({}));
    let refused = alone.get("/items", Some(&nobody)).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (401, &json!("22023"))
    );

    let request = reqwest::Client::new()
        .get(format!("{}/items?id=eq.1", alone.url))
        .header("x-request-id", "abc")
        .header("user-agent", "test/1")
        .header("referer", "http://here/")
        .header("origin", "http://browser");
    let traced = Answer::of(request).await;
    assert_eq!(traced.header("x-request-id"), "abc");
    assert_eq!(traced.header("access-control-allow-origin"), "*");
    let out = alone.until_logged("\"test/1\"");
    let line = out.lines().find(|line| line.contains("test/1")).unwrap();
    let anon = database.role("anon");
    assert!(line.starts_with(&format!("127.0.0.1 - {anon} [")), "{line}");
    let end = "\"GET /items?id=eq.1 HTTP/1.1\" 200 23 \"http://here/\" \"test/1\"";
    assert!(line.ends_with(end), "{line}");
    drop(alone);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_configure_it_and_the_database_wins() {
    let database = Database::create().await;
    database
        .sql(
            "alter role {login} set pgrst.db_schemas = 'nowhere';
             alter role {login} in database {database} set pgrst.db_schemas = 'api';
             alter role {anon} set statement_timeout = '4321ms';
             create schema setup; grant usage on schema setup to {login};
             create function setup.config() returns void language sql
               as $$ select set_config('pgrst.db_max_rows', '1', true),
                            set_config('pgrst.db_schemas', 'setup', true) $$;",
        )
        .await;
    let uri = database.uri(database.port());
    let anon = database.role("anon");
    let mut alone = Alone::start(
        None,
        &[
            ("PGRST_DB_URI", &uri),
            ("PGRST_DB_ANON_ROLE", &anon),
            ("PGRST_DB_SCHEMAS", "public"),
            ("PGRST_DB_PRE_CONFIG", "setup.config"),
            ("PGRST_SERVER_HOST", "127.0.0.1"),
            ("PGRST_SERVER_PORT", "0"),
        ],
    );
    let limited = alone.get("/items?order=id", None).await;
    assert_eq!(limited.text, r#"[{"id":1,"name":"one"}]"#);
    let timeout = alone.get("/rpc/said?name=statement_timeout", None).await;
    assert_eq!(timeout.text, "\"4321ms\"", "settings of the role apply");
    let token = alone.get("/items", Some("a.b.c")).await;
    let wanted = (
        500,
        "PGRST300".to_owned(),
        "Server lacks JWT secret".to_owned(),
    );
    assert_eq!(token.refusal(), wanted);

    // The configuration again, told by a notification.
    database
        .sql(
            "create or replace function setup.config() returns void language sql
               as $$ select set_config('pgrst.db_max_rows', '2', true) $$;
             alter role {anon} set statement_timeout = '1234ms';
             notify pgrst, 'reload config'",
        )
        .await;
    alone.until_said_times("Config reloaded", 2);
    assert_eq!(
        alone
            .get("/items", None)
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let timeout = alone.get("/rpc/said?name=statement_timeout", None).await;
    assert_eq!(timeout.text, "\"1234ms\"");

    // The schema again: by a notification, and by a signal.
    database
        .sql("create table api.more (id int); grant select on api.more to {anon}")
        .await;
    assert_eq!(alone.get("/more", None).await.refusal().1, "PGRST205");
    database.sql("notify pgrst").await;
    alone.until_said_times("Schema cache loaded", 2);
    assert_eq!(alone.get("/more", None).await.text, "[]");
    database
        .sql("create table api.most (id int); grant select on api.most to {anon}")
        .await;
    alone.signal("USR1");
    alone.until_said_times("Schema cache loaded", 3);
    assert_eq!(alone.get("/most", None).await.text, "[]");
    alone.signal("TERM");
    assert!(alone.wait().success());
    drop(alone);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_anonymous_role_a_token_must_come() {
    let database = Database::create().await;
    let file = database.file(&format!(
        "db-anon-role = \"\"\njwt-secret = \"{SECRET}\"\njwt-role-claim-key = \"$$.roles[1]\"\n\
         client-error-verbosity = \"minimal\""
    ));
    let mut alone = Alone::start(Some(&file), &[]);
    let refused = alone.get("/items", None).await;
    assert_eq!(refused.status, 401);
    let body = r#"{"code":"PGRST302","message":"Anonymous access is disabled"}"#;
    assert_eq!(refused.text, body);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let roles = json!({"roles": ["other", database.role("member")]});
    let token = database.token("anon", roles);
    assert_eq!(
        alone.get("/secrets", Some(&token)).await.text,
        r#"[{"id":7}]"#
    );

    // Another secret, told by a signal: the tokens of the first are worth nothing any more.
    database.file("db-anon-role = \"\"\njwt-secret = \"another secret that is long enough too\"");
    alone.signal("USR2");
    alone.until_said_times("Config reloaded", 2);
    assert_eq!(
        alone.get("/secrets", Some(&token)).await.refusal().1,
        "PGRST301"
    );
    // A broken file changes nothing.
    database.file("log-level = \"loud\"");
    alone.signal("USR2");
    alone.until_said("Failed reloading config: Error in config log-level: ");
    assert_eq!(alone.get("/items", None).await.refusal().1, "PGRST302");
    drop(alone);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_server_tells_how_it_is() {
    let database = Database::create().await;
    let file = database.file(&format!("jwt-secret = \"{SECRET}\""));
    let alone = Alone::start(Some(&file), &[]);
    for (path, status) in [
        ("/live", 200),
        ("/ready", 200),
        ("/config", 404),
        ("/", 404),
    ] {
        let answer = alone.admin(path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, ""),
            "{path}"
        );
    }
    let token = database.token("member", json!({}));
    for _ in 0..3 {
        alone.get("/items", Some(&token)).await;
    }
    let metrics = alone.admin("/metrics").await;
    assert_eq!(metrics.header("content-type"), "text/plain; charset=utf-8");
    for line in [
        "pgrst_jwt_cache_requests_total 3",
        "pgrst_jwt_cache_hits_total 2",
        "pgrst_jwt_cache_evictions_total 0",
        "pgrst_db_pool_max 10",
        "pgrst_db_pool_waiting 0",
        "pgrst_db_pool_timeouts_total 0",
        "pgrst_schema_cache_loads_total{status=\"SUCCESS\"} 1",
        "# TYPE pgrst_db_pool_available gauge",
        "# TYPE pgrst_schema_cache_query_time_seconds gauge",
    ] {
        assert!(metrics.text.contains(line), "{line}:\n{}", metrics.text);
    }
    let cache = alone.admin("/schema_cache").await.json();
    assert_eq!(cache["dbTables"]["api.items"]["primary_key"], json!(["id"]));
    let file = file.to_str().unwrap();
    let port = alone.admin.to_string();
    let variables = [
        ("PGRST_ADMIN_SERVER_PORT", port.as_str()),
        ("PGRST_ADMIN_SERVER_HOST", "127.0.0.1"),
    ];
    let ready = alone::command(&["--ready", file], &variables);
    let said = String::from_utf8_lossy(&ready.stdout);
    assert_eq!(said, format!("OK: http://127.0.0.1:{port}/ready\n"));
    assert!(ready.status.success());
    drop(alone);
    let refused = alone::command(&["--ready", file], &variables);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("ERROR: connection refused to "));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_files_with_a_mode() {
    use std::os::unix::fs::PermissionsExt;

    let database = Database::create().await;
    let socket = database.dir().join("api.sock");
    let admin = database.dir().join("admin.sock");
    std::fs::write(&socket, "left by somebody").unwrap();
    let file = database.file(&format!(
        "server-unix-socket = \"{}\"\nserver-unix-socket-mode = \"600\"\n\
         admin-server-unix-socket = \"{}\"",
        socket.display(),
        admin.display()
    ));
    let mut alone = Alone::start(Some(&file), &[]);
    let mode = |file: &std::path::Path| std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode(&socket) & 0o777, 0o600);
    assert_eq!(mode(&admin) & 0o777, 0o660);
    let client = reqwest::Client::builder()
        .unix_socket(socket.clone())
        .build()
        .unwrap();
    let answer = Answer::of(client.get("http://localhost/items?id=eq.2")).await;
    assert_eq!(answer.text, r#"[{"id":2,"name":"two"}]"#);
    alone.signal("INT");
    assert!(alone.wait().success());
    assert!(!socket.exists());
    drop(alone);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_need_not_stay_prepared() {
    let database = Database::create().await;
    let file =
        database.file("db-prepared-statements = false\nlog-query = true\nlog-level = \"info\"");
    let mut alone = Alone::start(Some(&file), &[]);
    for _ in 0..2 {
        assert_eq!(
            alone.get("/items?id=eq.2&select=name", None).await.text,
            r#"[{"name":"two"}]"#
        );
        assert_eq!(
            alone.get("/rpc/said?name=request.method", None).await.text,
            "\"GET\""
        );
    }
    let spec = alone.get("/", None).await.json();
    assert_eq!(spec["swagger"], "2.0");
    assert_eq!(spec["host"], "127.0.0.1:0");
    alone.until_said("\"items\"");
    drop(alone);
    database.drop().await;
}

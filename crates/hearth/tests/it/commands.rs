//! The commands, and what they say to wrong input.

use std::process::Command;

use crate::server::{HEARTH, Running, free_port, get_json, temp_dir};

fn refused(args: &[&str]) -> String {
    let dir = temp_dir();
    let output = Command::new(HEARTH)
        .args(args)
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(!output.status.success(), "{args:?} succeeded");
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "{args:?} left something behind"
    );
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wrong_settings_are_named_before_anything_starts() {
    for (args, word) in [
        (["serve", "--database-url", "mysql://x"], "database_url"),
        (["serve", "--port", "99999"], "--port"),
        (["serve", "--host", "not a host"], "host"),
        (["serve", "--public-url", "ftp://x"], "public_url"),
        (["serve", "--config", "missing.toml"], "missing.toml"),
        (["serve", "--log", "a=b=c"], "log"),
    ] {
        let error = refused(&args);
        assert!(error.contains(word), "{args:?}: {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[test]
fn a_taken_port_is_said_before_postgresql_starts() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = refused(&["serve", "--port", &port]);
    assert!(error.contains(&port) && error.contains("--port"), "{error}");
}

#[test]
fn applications_are_made_listed_paused_and_deleted_beside_a_running_server() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &[]);
    server.must(&["apps", "create", "my shop 商店", "--ref", "shop"]);
    let status = server.status(Some("shop"));
    let key = status["ANON_KEY"].as_str().unwrap();
    let get = |path: &str| {
        let url = format!("{}{path}", server.url);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let answer = reqwest::Client::new()
                .get(url)
                .header("apikey", key)
                .send()
                .await
                .unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    };
    server.must(&[
        "sql",
        "--app",
        "shop",
        "-c",
        "create table t (id int); insert into t values (7)",
    ]);
    assert_eq!(
        get("/apps/shop/rest/v1/t"),
        (200, r#"[{"id":7}]"#.to_owned())
    );
    assert_eq!(get("/rest/v1/t").0, 401, "another application's key");
    assert_eq!(get("/apps/nobody/rest/v1/t").0, 404);
    for path in ["/apps/shop", "/apps/shop/"] {
        let (status, body) = get(path);
        assert_eq!(status, 200, "{path}");
        assert!(body.contains("/apps/shop/rest/v1\""), "{body}");
    }
    assert_eq!(get("/apps/nobody").0, 404);
    assert_eq!(get("/apps/shop/elsewhere").0, 404);
    assert!(server.must(&["apps", "list"]).contains("my shop 商店"));

    server.must(&["apps", "pause", "shop"]);
    let paused = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        get("/apps/shop/rest/v1/t").0 == 540
    });
    assert!(paused, "a paused application answers");
    server.must(&["apps", "resume", "shop"]);

    let again = server.command(&["apps", "create", "x", "--ref", "shop"]);
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("already"),
        "{again:?}"
    );
    assert!(
        !server
            .command(&["apps", "create", "x", "--ref", "No_Good"])
            .status
            .success()
    );
    assert!(
        !server.command(&["apps", "delete", "shop"]).status.success(),
        "without --confirm"
    );
    assert!(
        !server
            .command(&["apps", "delete", "default", "--confirm", "default"])
            .status
            .success()
    );
    server.must(&["apps", "delete", "shop", "--confirm", "shop"]);
    assert!(!server.must(&["apps", "list"]).contains("shop"));
    assert!(
        !server
            .command(&["status", "--app", "shop"])
            .status
            .success()
    );
}

#[test]
fn commands_work_without_a_running_server_and_leave_none_behind() {
    let dir = temp_dir();
    let port = free_port();
    drop(Running::start(dir.path(), &["--log", "warn"]));
    let output = Command::new(HEARTH)
        .args(["sql", "-c", "select 6 * 7 as answer", "--data-dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("42"), "{output:?}");
    let bad = Command::new(HEARTH)
        .args(["sql", "-c", "selec 1", "--data-dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&bad.stderr).contains("hearth: -c:1: syntax error"),
        "{bad:?}"
    );
    let status = |flags: &[&str]| {
        let mut command = Command::new(HEARTH);
        command
            .arg("status")
            .args(flags)
            .arg("--data-dir")
            .arg(dir.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("not running"), "{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(!status(&[]).contains("ADMIN_DB_URL"));
    assert!(status(&["--admin"]).contains("ADMIN_DB_URL"));
    assert!(status(&["-o", "json"]).contains("ADMIN_DB_URL"));
    // The directory is free again.
    drop(Running::start(
        dir.path(),
        &["--public-url", &format!("http://localhost:{port}")],
    ));
}

#[test]
fn a_second_server_is_told_who_has_the_data_directory() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &["--log", "warn"]);
    for port in [server.port, free_port()] {
        let second = Command::new(HEARTH)
            .args(["serve", "--port", &port.to_string(), "--data-dir"])
            .arg(dir.path())
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(!second.status.success());
        let error = String::from_utf8_lossy(&second.stderr).into_owned();
        let holder = format!("process {} at http://", server.pid());
        assert!(
            error.contains("in use") && error.contains(&holder),
            "{error}"
        );
    }
    assert!(
        server
            .log()
            .contains(&format!("{HEARTH} status --data-dir"))
    );
}

#[test]
fn sql_names_what_it_did_and_the_line_that_failed() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &["--log", "warn"]);
    let run = |sql: &str| {
        let file = dir.path().join("try.sql");
        std::fs::write(&file, sql).unwrap();
        let output = server.command(&["sql", "-f", file.to_str().unwrap()]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let (said, _) = run("create table t (id int);\n-- a; comment\ninsert into t values (1), (2);");
    assert_eq!(said, "CREATE TABLE\nINSERT 2\n");

    let (said, error) = run("insert into t values (3);\n\nselect '字', 1 fro;\nselec 1");
    assert_eq!(said, "");
    assert!(error.contains("try.sql:4: syntax error"), "{error}");
    assert!(!error.contains("ERROR"), "{error}");
    // An error of execution has no place of its own: the statement's line stands for it.
    let (said, error) = run("insert into t values (3);\n\ninsert into t values (1/0);");
    assert_eq!(said, "");
    assert!(error.contains("try.sql:3: division by zero"), "{error}");
    assert!(error.contains("Nothing was changed"), "{error}");
    assert!(
        server
            .must(&["sql", "-c", "select count(*) from t"])
            .contains("\n2\n")
    );

    let (_, error) = run("begin; insert into t values (3); commit;\nselect 1/0;");
    assert!(!error.contains("Nothing was changed"), "{error}");
    assert!(
        server
            .must(&["sql", "-c", "select count(*) from t"])
            .contains("\n3\n")
    );

    let (_, error) = run("select 1;\n\\dt\n");
    assert!(
        error.contains("try.sql:2:") && error.contains("psql"),
        "{error}"
    );
    for nothing in ["", "-- only words\n;;"] {
        assert!(run(nothing).1.contains("no SQL"), "{nothing:?}");
    }
}

#[test]
fn the_configured_mini_program_becomes_the_default_applications() {
    let dir = temp_dir();
    let file = dir.path().join("hearth.toml");
    std::fs::write(&file, "wechat_appid = \"wx1\"\nwechat_secret = \"s\"\n").unwrap();
    let enabled = |server: &Running| {
        let key = server.status(None)["ANON_KEY"].as_str().unwrap().to_owned();
        let settings = get_json(&format!("{}/auth/v1/settings?apikey={key}", server.url));
        settings["external"]["wechat_mini"].as_bool().unwrap()
    };
    let mut server = Running::start(dir.path(), &["--log", "warn"]);
    assert!(enabled(&server));
    // It was stored, so that it stays when the file no longer says it.
    server.signal("TERM");
    assert!(server.wait().success());
    std::fs::remove_file(&file).unwrap();
    server.start_again();
    assert!(enabled(&server));
}

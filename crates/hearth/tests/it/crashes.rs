//! Stops, crashes and second servers: nothing committed is lost, and everything answers again.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::server::{HEARTH, Running, free_port, kill, temp_dir};

fn read(server: &Running, key: &str) -> (u16, String, Option<String>) {
    let url = format!("{}/rest/v1/t?select=id&order=id", server.url);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match reqwest::Client::new()
            .get(url)
            .header("apikey", key)
            .send()
            .await
        {
            Ok(answer) => {
                let retry = answer
                    .headers()
                    .get("retry-after")
                    .map(|v| v.to_str().unwrap().to_owned());
                (
                    answer.status().as_u16(),
                    answer.text().await.unwrap_or_default(),
                    retry,
                )
            }
            Err(_) => (0, String::new(), None),
        }
    })
}

fn key(server: &Running) -> String {
    server.status(None)["ANON_KEY"].as_str().unwrap().to_owned()
}

#[test]
fn a_signal_stops_everything_and_the_next_start_has_the_data() {
    let dir = temp_dir();
    for signal in ["INT", "TERM"] {
        let mut server = Running::start(dir.path(), &[]);
        server.must(&[
            "sql",
            "-c",
            "create table if not exists t (id int); insert into t values (1)",
        ]);
        let postmaster = server.postmaster();
        server.signal(signal);
        assert!(server.wait().success());
        assert!(
            !is_running(postmaster),
            "PostgreSQL is still there after SIG{signal}"
        );
    }
    let server = Running::start(dir.path(), &[]);
    assert_eq!(
        read(&server, &key(&server)).1,
        "[{\"id\":1}, \n {\"id\":1}]"
    );
}

#[test]
fn a_killed_postgresql_is_started_again_and_answers_503_meanwhile() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &[]);
    let key = key(&server);
    server.must(&[
        "sql",
        "-c",
        "create table t (id int); insert into t values (1)",
    ]);
    assert_eq!(read(&server, &key).0, 200);
    let before = server.postmaster();
    kill(before, "KILL");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (status, body, retry_after) = read(&server, &key);
        if status == 200 {
            assert_eq!(body, r#"[{"id":1}]"#);
            break;
        }
        assert_eq!(status, 503, "{body}");
        assert!(retry_after.is_some(), "503 without Retry-After: {body}");
        assert!(
            Instant::now() < deadline,
            "PostgreSQL did not come back:\n{}",
            server.log()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_ne!(server.postmaster(), before);
}

#[test]
fn after_kill_9_of_hearth_the_next_start_takes_over() {
    let dir = temp_dir();
    let mut server = Running::start(dir.path(), &[]);
    let key = key(&server);
    server.must(&[
        "sql",
        "-c",
        "create table t (id int); insert into t values (1)",
    ]);
    server.signal("KILL");
    assert!(!server.wait().success());
    server.start_again();
    assert_eq!(read(&server, &key).1, r#"[{"id":1}]"#);
    let postmaster = server.postmaster();
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(
        !is_running(postmaster),
        "the adopted PostgreSQL outlived Hearth"
    );
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &[]);
    let second = Command::new(HEARTH)
        .args(["serve", "--port", &free_port().to_string(), "--data-dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(
        words.contains(&server.pid().to_string()),
        "who holds it is not said: {words}"
    );
    assert_eq!(
        crate::server::http_status(&format!("{}/readyz", server.url)),
        Some(200)
    );
}

/// A process that has ended may stay in the table until its parent asks for its exit code.
fn is_running(pid: u32) -> bool {
    let ps = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&ps.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

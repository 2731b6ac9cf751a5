//! Flags, and configurations that cannot be.

use super::alone::{Database, command};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_and_the_schema_can_be_seen() {
    let database = Database::create().await;
    database
        .sql("alter role {login} set pgrst.db_max_rows = '5'")
        .await;
    let file = database.file("db-plan-enabled = true\napp.settings.x = \"y\"");
    let file = file.to_str().unwrap();
    let dumped = command(&["--dump-config", file], &[("PGRST_DB_POOL", "3")]);
    assert!(dumped.status.success(), "{}", text(&dumped.stderr));
    let dumped = text(&dumped.stdout);
    for line in [
        "app.settings.x = \"y\"",
        "db-max-rows = 5",
        "db-plan-enabled = true",
        "db-pool = 3",
        "db-schemas = \"api\"",
        "jwt-role-claim-key = \"$$.role\"",
        "server-unix-socket-mode = \"660\"",
    ] {
        assert!(
            dumped.lines().any(|known| known == line),
            "{line}:\n{dumped}"
        );
    }
    let without = command(&["--dump-config", file], &[("PGRST_DB_CONFIG", "false")]);
    assert!(text(&without.stdout).contains("db-max-rows = \"\"\n"));
    let schema = command(&["--dump-schema", file], &[]);
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!(schema["dbTables"]["api.items"]["name"], "items");
    assert_eq!(schema["dbRoutines"]["api.said"][0]["volatility"], "s");
    database.drop().await;
}

#[test]
fn the_example_and_the_version() {
    let example = command(&["--example"], &[]);
    assert!(text(&example.stdout).contains("server-port = 3000\n"));
    let version = command(&["--version"], &[]);
    assert!(
        text(&version.stdout).starts_with("PostgREST 16.1 (Hearth "),
        "{}",
        text(&version.stdout)
    );
}

#[test]
fn what_cannot_be_is_refused_by_name_before_anything_starts() {
    for (variables, word) in [
        (vec![("PGRST_LOG_LEVEL", "loud")], "log-level"),
        (vec![("PGRST_DB_SCHEMAS", "pg_catalog")], "db-schemas"),
        (vec![("PGRST_JWT_SECRET", "short")], "jwt-secret"),
        (
            vec![("PGRST_DB_URI", "postgres://h/d?sslcert=x")],
            "sslcert",
        ),
        (
            vec![("PGRST_SERVER_PORT", "1"), ("PGRST_ADMIN_SERVER_PORT", "1")],
            "admin-server-port",
        ),
    ] {
        let refused = command(&[], &variables);
        let said = text(&refused.stderr);
        assert!(
            !refused.status.success() && said.contains(word),
            "{variables:?}: {said}"
        );
    }
    let missing = command(&["/none/postgrest.conf"], &[]);
    assert!(text(&missing.stderr).contains("/none/postgrest.conf"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = command(
        &[],
        &[
            ("PGRST_ADMIN_SERVER_PORT", &port),
            ("PGRST_ADMIN_SERVER_HOST", "127.0.0.1"),
        ],
    );
    let said = text(&refused.stderr);
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{said}"
    );
}

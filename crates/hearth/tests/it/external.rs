//! An existing PostgreSQL, with a user that is no superuser.

use hearth_pg::embedded::{Embedded, EmbeddedConfig};

use crate::server::{Running, temp_dir};

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_server_without_superuser_works_and_names_what_it_cannot_do() {
    let (theirs, ours) = (temp_dir(), temp_dir());
    let postgres = Embedded::start(EmbeddedConfig {
        data_dir: theirs.path().to_owned(),
        bin: std::env::var_os("HEARTH_PG_BIN").map(Into::into),
        port: None,
        settings: Vec::new(),
    })
    .await
    .unwrap();
    let admin = hearth_pg::provision::admin(&postgres.server())
        .await
        .unwrap();
    admin
        .batch_execute("create role limited login createdb createrole password 'secret'")
        .await
        .unwrap();
    let url = format!(
        "postgres://limited:secret@127.0.0.1:{}/postgres",
        postgres.tcp_port()
    );
    let dir = ours.path().to_owned();
    let work = tokio::task::spawn_blocking(move || {
        let server = Running::start(&dir, &["--database-url", &url]);
        let log = server.log();
        for word in ["event triggers", "BYPASSRLS", "REPLICATION"] {
            assert!(log.contains(word), "{word} is not named:\n{log}");
        }
        let with = ["--database-url", url.as_str()];
        let args = |args: &[&'static str]| [args, &with].concat().to_vec();
        server.must(&args(&[
            "sql",
            "-c",
            "create table t (id int); insert into t values (3)",
        ]));
        let status = server.must(&args(&["status", "-o", "json"]));
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        let key = status["ANON_KEY"].as_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let client = reqwest::Client::new();
            for table in ["t", "made_later"] {
                let url = format!("{}/rest/v1/{table}?select=id", server.url);
                let answer = client.get(url).header("apikey", &key).send().await.unwrap();
                if table == "t" {
                    assert_eq!(answer.text().await.unwrap(), r#"[{"id":3}]"#);
                    server.must(&args(&["sql", "-c", "create table made_later (id int)"]));
                } else {
                    assert_eq!(
                        answer.text().await.unwrap(),
                        "[]",
                        "a new table answers at once"
                    );
                }
            }
        });
    });
    work.await.unwrap();
    postgres.stop().await;
}

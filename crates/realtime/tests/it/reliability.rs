//! Nothing is lost and nothing comes twice, whatever breaks.

use hearth_apps::StreamState;
use serde_json::json;

use crate::client::{Client, Server, binding, window};

async fn numbers(client: &mut Client, until: i64) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&until) {
        numbers.push(
            client.change().await["data"]["record"]["id"]
                .as_i64()
                .unwrap(),
        );
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replication_connection_loses_and_doubles_nothing() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    client
        .listen("realtime:room", json!([binding("INSERT")]))
        .await;
    let superuser = server.app.superuser().await.unwrap();
    let mut kills = 0;
    for number in 1..=60 {
        let sql = format!("insert into messages (id) values ({number})");
        server.app.sql(&sql).await.unwrap();
        if number % 20 == 10 {
            let killed = superuser
                .query(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and application_name like 'hearth realtime%'
                       and pid <> pg_backend_pid()",
                    &[],
                )
                .await
                .unwrap();
            kills += killed.len();
        }
    }
    assert!(kills > 0);
    assert_eq!(numbers(&mut client, 60).await, (1..=60).collect::<Vec<_>>());
    client.nothing_else("postgres_changes").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_transaction_and_a_large_row_pass() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let mut last = binding("INSERT");
    last["filter"] = json!("room=eq.last");
    client.listen("realtime:room", json!([last])).await;
    server
        .app
        .sql(
            "insert into messages (room, body)
               select 'bulk', repeat('x', 100) from generate_series(1, 50000);
             insert into messages (room, body) values ('last', repeat('y', 50000000));",
        )
        .await
        .unwrap();
    let data = client.change().await["data"].take();
    assert_eq!(data["errors"], json!(["Error 413: Payload Too Large"]));
    assert_eq!(data["record"], json!({"id": 50001, "room": "last"}));
    server.finish().await;
}

async fn has_slot(server: &Server) -> bool {
    let superuser = server.app.superuser().await.unwrap();
    let name = hearth_realtime::changes::slot_name(&server.app.app.reference);
    let sql = "select from pg_replication_slots where slot_name = $1";
    !superuser.query(sql, &[&name]).await.unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slot_outlives_its_listeners_and_a_restart_but_not_the_window() {
    let options = window(2);
    let mut server = Server::with(options.clone()).await;
    server.messages().await;
    assert!(!has_slot(&server).await);
    let mut client = server.anon("2.0.0").await;
    client
        .listen("realtime:room", json!([binding("INSERT")]))
        .await;
    assert!(has_slot(&server).await);
    let state = |server: &Server| server.app.app.stream.load().state;
    assert_eq!(state(&server), StreamState::Streaming);
    server.realtime.shutdown().await;
    assert_eq!(state(&server), StreamState::Stopped);
    assert!(has_slot(&server).await);

    server.realtime = hearth_realtime::Realtime::with_options(options);
    server
        .realtime
        .adopt(&[server.app.app.clone()])
        .await
        .unwrap();
    while has_slot(&server).await {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Whoever comes now starts anew.
    let mut client = server.anon("2.0.0").await;
    client
        .listen("realtime:room", json!([binding("INSERT")]))
        .await;
    server
        .app
        .sql("insert into messages (id) values (1)")
        .await
        .unwrap();
    assert_eq!(client.change().await["data"]["record"]["id"], 1);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_is_taken_away_is_made_anew() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    client
        .listen("realtime:room", json!([binding("INSERT")]))
        .await;
    let mut resuming = server.anon("2.0.0").await;
    let config = json!({"postgres_changes": [binding("INSERT")], "resume": {}});
    let reply = resuming.join("realtime:room", config).await;
    let position = reply["response"]["resume"]["position"].clone();
    let superuser = server.app.superuser().await.unwrap();
    let name = hearth_realtime::changes::slot_name(&server.app.app.reference);
    // As an operator does who finds the disk full.
    let mut dropped = false;
    while !dropped {
        superuser
            .query(
                "select pg_terminate_backend(active_pid) from pg_replication_slots
                 where slot_name = $1 and active_pid is not null",
                &[&name],
            )
            .await
            .unwrap();
        let sql = "select pg_drop_replication_slot($1)";
        dropped = superuser.query(sql, &[&name]).await.is_ok();
    }
    // A new listener's position is fixed on the new slot; the old one is told and listens on, and
    // one that resumes has to join again.
    while let Some(message) = resuming.read_or_closed().await {
        assert_ne!(message["event"], "postgres_changes");
    }
    let mut resuming = server.anon("2.0.0").await;
    let again = json!({"postgres_changes": [binding("INSERT")], "resume": {"after": position}});
    let reply = resuming.join("realtime:room", again).await;
    assert_eq!(reply["response"]["resume"]["expired"], true);
    let told = client.event("system").await["payload"].take();
    let words = told["message"].as_str().unwrap();
    assert!(words.starts_with("ReplicationSlotLost"), "{words}");
    assert_eq!(server.app.app.stream.load().losses, 1);
    let mut second = server.anon("2.0.0").await;
    second
        .listen("realtime:room", json!([binding("INSERT")]))
        .await;
    server
        .app
        .sql("insert into messages (id) values (1)")
        .await
        .unwrap();
    assert_eq!(second.change().await["data"]["record"]["id"], 1);
    assert_eq!(client.change().await["data"]["record"]["id"], 1);
    server.finish().await;
}

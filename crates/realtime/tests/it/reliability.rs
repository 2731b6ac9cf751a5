//! Nothing is lost and nothing comes twice, whatever breaks.

use serde_json::json;

use crate::client::{Client, Server, binding};

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
            assert!(!killed.is_empty());
        }
    }
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
             insert into messages (room, body) values ('last', repeat('y', 5000000));",
        )
        .await
        .unwrap();
    let data = client.change().await["data"].take();
    assert_eq!(data["errors"], json!(["Error 413: Payload Too Large"]));
    assert_eq!(data["record"], json!({"id": 50001, "room": "last"}));
    server.finish().await;
}

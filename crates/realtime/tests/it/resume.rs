//! Clients that come back get what they missed.

use serde_json::{Value, json};

use crate::client::{Server, binding};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_resumes_behind_its_last_position() {
    let mut server = Server::start().await;
    server.messages().await;
    let insert = async |server: &Server, from: i32, to: i32| {
        let sql = format!("insert into messages (id) select generate_series({from}, {to})");
        server.app.sql(&sql).await.unwrap();
    };
    let config =
        |after: Value| json!({"postgres_changes": [binding("INSERT")], "resume": {"after": after}});
    let mut client = server.anon("2.0.0").await;
    let reply = client.join("realtime:room", config(Value::Null)).await;
    assert!(reply["response"]["resume"]["position"].is_string());
    insert(&server, 1, 3).await;
    let mut position = Value::Null;
    for id in 1..=2 {
        let change = client.change().await;
        assert_eq!(change["data"]["record"]["id"], id);
        position = change["position"].clone();
    }
    drop(client);
    insert(&server, 4, 5).await;
    let mut client = server.anon("2.0.0").await;
    assert_eq!(
        client.join("realtime:room", config(position.clone())).await["status"],
        "ok"
    );
    insert(&server, 6, 6).await;
    for id in 3..=6 {
        let change = client.change().await;
        assert_eq!(change["data"]["record"]["id"], id);
        position = change["position"].clone();
    }
    client.nothing_else("postgres_changes").await;

    // Hearth stops, rows are committed, it starts again.
    server.realtime.shutdown().await;
    insert(&server, 7, 8).await;
    server.realtime = hearth_realtime::Realtime::new();
    let mut client = server.anon("1.0.0").await;
    assert_eq!(
        client.join("realtime:room", config(position.clone())).await["status"],
        "ok"
    );
    for id in 7..=8 {
        assert_eq!(client.change().await["data"]["record"]["id"], id);
    }
    client.nothing_else("postgres_changes").await;

    let reply = client.join("realtime:old", config(json!("0/1:1"))).await;
    assert_eq!(
        reply["response"]["reason"],
        "ResumeExpired: the position to resume from is no longer known"
    );
    let reply = client.join("realtime:odd", config(json!("x"))).await;
    assert_eq!(reply["status"], "error");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_by_http_say_the_same() {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let server = Server::start().await;
    server.messages().await;
    let address = server.serve(server.app.anon()).await;
    let join = json!([["realtime:room", {"config": {
        "postgres_changes": [binding("INSERT")], "resume": {}
    }}]]);
    let query: String = join
        .to_string()
        .bytes()
        .map(|b| format!("%{b:02x}"))
        .collect();
    let mut last = String::new();
    for id in 1..=2 {
        let mut stream = BufReader::new(tokio::net::TcpStream::connect(address).await.unwrap());
        let resume = if last.is_empty() {
            String::new()
        } else {
            format!("last-event-id: {last}\r\n")
        };
        let request = format!("GET /sse?join={query} HTTP/1.1\r\nhost: x\r\n{resume}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        if id == 1 {
            // Once the reply is there, the position is fixed.
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                if line.contains("phx_reply") {
                    break;
                }
            }
            server
                .app
                .sql("insert into messages (id) values (1); insert into messages (id) values (2);")
                .await
                .unwrap();
        }
        loop {
            let mut line = String::new();
            assert!(stream.read_line(&mut line).await.unwrap() > 0);
            if let Some(position) = line.strip_prefix("id: ") {
                last = position.trim().to_owned();
            }
            if let Some(data) = line.strip_prefix("data: ") {
                let message: Value = serde_json::from_str(data).unwrap();
                if message["event"] == "postgres_changes" {
                    assert_eq!(message["payload"]["data"]["record"]["id"], id);
                    break;
                }
            }
        }
    }
    server.finish().await;
}

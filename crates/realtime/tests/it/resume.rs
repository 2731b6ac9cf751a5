//! Clients that come back get what they missed.

use serde_json::{Value, json};

use crate::client::{Client, Server, binding, window};

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

    // Positions that are not known, from before and from a future that another server had.
    for position in ["0/1:1", "FFFFFF/1:1"] {
        let reply = client.join("realtime:old", config(json!(position))).await;
        assert_eq!(reply["status"], "ok");
        assert_eq!(reply["response"]["resume"]["expired"], true);
        assert_ne!(reply["response"]["resume"]["position"], position);
    }
    let reply = client.join("realtime:odd", config(json!("x"))).await;
    assert_eq!(
        reply["response"]["reason"],
        "InvalidJoinPayload: the position to resume from is malformed"
    );
    server.finish().await;
}

/// A channel that resumes with its broadcasts: the reply, and the position it names.
async fn resume(client: &mut Client, after: &Value, name: &str) -> Value {
    let config = json!({
        "broadcast": {"ack": true},
        "postgres_changes": [binding("INSERT")],
        "resume": {"after": after, "client": name}
    });
    let reply = client.join("realtime:room", config).await;
    assert_eq!(reply["status"], "ok", "{reply}");
    reply["response"]["resume"].clone()
}

async fn shout(client: &mut Client, word: &str) {
    let payload = json!({"type": "broadcast", "event": "shout", "payload": {"word": word}});
    let reference = client.push("realtime:room", "broadcast", payload).await;
    assert_eq!(client.reply(&reference).await["status"], "ok");
}

/// The next change or broadcast, as a word, and its position.
async fn next(client: &mut Client) -> (String, Value) {
    let wanted = |m: &Value| matches!(m["event"].as_str(), Some("broadcast" | "postgres_changes"));
    let payload = client.expect(wanted).await["payload"].take();
    match payload["data"]["record"]["id"].as_i64() {
        Some(id) => (id.to_string(), payload["position"].clone()),
        None => (
            payload["payload"]["word"].as_str().unwrap().to_owned(),
            payload["meta"]["position"].clone(),
        ),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_and_changes_come_in_one_order_and_again_after_a_restart() {
    let mut server = Server::start().await;
    server.messages().await;
    let mut alice = server.anon("1.0.0").await;
    resume(&mut alice, &Value::Null, "alice").await;
    // Bob does not resume; on this topic his broadcasts go through the log all the same.
    let mut bob = server.anon("2.0.0").await;
    bob.join("realtime:room", json!({"broadcast": {"ack": true}}))
        .await;
    shout(&mut bob, "one").await;
    server
        .app
        .sql(
            "begin; insert into messages (id) values (2);
             select realtime.send('{\"word\": \"three\"}', 'shout', 'room', false);
             insert into messages (id) values (4); commit;",
        )
        .await
        .unwrap();
    shout(&mut alice, "five").await;
    let mut position = Value::Null;
    for expected in ["one", "2", "three", "4"] {
        let (word, at) = next(&mut alice).await;
        assert_eq!(word, expected);
        position = at;
    }
    for expected in ["three", "five"] {
        assert_eq!(
            bob.event("broadcast").await["payload"]["payload"]["word"],
            expected
        );
    }
    drop(alice);
    shout(&mut bob, "six").await;
    server.realtime.shutdown().await;
    server
        .app
        .sql("select realtime.send('{\"word\": \"seven\"}', 'shout', 'room', false)")
        .await
        .unwrap();
    server.realtime = hearth_realtime::Realtime::new();
    let apps = [server.app.app.clone()];
    server.realtime.adopt(&apps).await.unwrap();
    let mut bob = server.anon("2.0.0").await;
    bob.join("realtime:room", json!({"broadcast": {"ack": true}}))
        .await;
    // Nobody on the topic resumes yet, and still it is kept.
    shout(&mut bob, "eight").await;
    let mut alice = server.anon("2.0.0").await;
    let resumed = resume(&mut alice, &position, "alice").await;
    assert_eq!(resumed["position"], position);
    assert!(resumed.get("expired").is_none());
    // Her own "five" is not among them.
    for expected in ["six", "seven", "eight"] {
        assert_eq!(next(&mut alice).await.0, expected);
    }
    shout(&mut bob, "nine").await;
    assert_eq!(next(&mut alice).await.0, "nine");
    bob.nothing_else("broadcast").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_socket_may_hold_comes_in_parts_while_the_stream_goes_on() {
    let options = hearth_realtime::Options {
        outbox_bytes: 1024 * 1024,
        ..Default::default()
    };
    let server = Server::with(options).await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let first = resume(&mut client, &Value::Null, "me").await;
    drop(client);
    let mut other = server.anon("2.0.0").await;
    other
        .listen("realtime:other", json!([binding("INSERT")]))
        .await;
    // 16 MB, in transactions that the other listener can follow.
    for from in (0..4_000).step_by(250) {
        let sql = format!(
            "insert into messages (id, body)
             select n, repeat('x', 4000) from generate_series({}, {}) n",
            from + 1,
            from + 250
        );
        server.app.sql(&sql).await.unwrap();
        for _ in 0..250 {
            other.change().await;
        }
    }
    let mut client = server.anon("2.0.0").await;
    resume(&mut client, &first["position"], "me").await;
    for id in 4_001..=4_100 {
        let sql = format!("insert into messages (id) values ({id})");
        server.app.sql(&sql).await.unwrap();
        assert_eq!(other.change().await["data"]["record"]["id"], id);
    }
    for id in 1..=4_100 {
        assert_eq!(next(&mut client).await.0, id.to_string());
    }
    client.nothing_else("postgres_changes").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_leave_broadcasts_out() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let config = json!({"resume": {"broadcast": false}});
    let reply = client.join("realtime:room", config).await;
    let position = reply["response"]["resume"]["position"].clone();
    let mut other = server.anon("2.0.0").await;
    other
        .join("realtime:room", json!({"broadcast": {"ack": true}}))
        .await;
    shout(&mut other, "hm").await;
    let message = client.event("broadcast").await["payload"].take();
    assert_eq!(message["payload"]["word"], "hm");
    assert!(message.get("meta").is_none());
    drop(client);
    shout(&mut other, "hm").await;
    let mut client = server.anon("2.0.0").await;
    let config = json!({"resume": {"after": position, "broadcast": false}});
    client.join("realtime:room", config).await;
    client.nothing_else("broadcast").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_client_is_told_how_far_the_stream_is() {
    let options = window(20);
    let server = Server::with(options).await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let config = json!({"postgres_changes": [binding("DELETE")], "resume": {}});
    let reply = client.join("realtime:room", config).await;
    let first = reply["response"]["resume"]["position"].clone();
    server
        .app
        .sql("insert into messages (id) values (1)")
        .await
        .unwrap();
    let told = client.event("resume").await;
    assert_eq!(told["topic"], "realtime:room");
    assert_ne!(told["payload"]["position"], first);
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

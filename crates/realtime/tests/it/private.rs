//! Private channels, broadcasts from SQL and by HTTP.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, Server};

const USER: &str = "11111111-1111-4111-8111-111111111111";

async fn private_rooms(server: &Server) {
    server
        .app
        .sql(
            "create policy rooms_read on realtime.messages for select to authenticated
               using (realtime.topic() like 'room-%' and extension in ('broadcast', 'presence'));
             create policy rooms_write on realtime.messages for insert to authenticated
               with check (realtime.topic() = 'room-open' and extension = 'broadcast');",
        )
        .await
        .unwrap();
}

fn private() -> serde_json::Value {
    json!({"private": true, "broadcast": {"self": true}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_decide_who_reads_and_writes() {
    let server = Server::start().await;
    private_rooms(&server).await;
    let mut anon = server.anon("2.0.0").await;
    let reply = anon.join("realtime:room-open", private()).await;
    assert_eq!(
        reply["response"]["reason"],
        "Unauthorized: You do not have permissions to read from this Channel topic: room-open"
    );
    let mut user = server.connect(server.app.user(USER), "2.0.0").await;
    assert_eq!(
        user.join("realtime:elsewhere", private()).await["status"],
        "error"
    );
    assert_eq!(
        user.join("realtime:room-open", private()).await["status"],
        "ok"
    );
    assert_eq!(
        user.join("realtime:room-shut", private()).await["status"],
        "ok"
    );
    // A public channel of the same name is another channel.
    let mut outsider = server.anon("2.0.0").await;
    outsider.join("realtime:room-open", json!({})).await;

    let message = json!({"event": "e", "payload": {"n": 1}});
    user.push("realtime:room-shut", "broadcast", message.clone())
        .await;
    user.push("realtime:room-open", "broadcast", message).await;
    let got = user.event("broadcast").await;
    assert_eq!(got["topic"], "realtime:room-open");
    let track = json!({"event": "track", "payload": {}});
    let reference = user.push("realtime:room-open", "presence", track).await;
    assert_eq!(user.reply(&reference).await["status"], "error");
    outsider.nothing_else("broadcast").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_is_authorised_where_it_is_enabled() {
    let server = Server::start().await;
    server
        .app
        .sql(
            "create policy see on realtime.messages for select to authenticated
               using (extension = 'presence' or realtime.topic() = 'both');
             create policy be on realtime.messages for insert to authenticated
               with check (extension = 'presence');",
        )
        .await
        .unwrap();
    let mut user = server.connect(server.app.user(USER), "2.0.0").await;
    let config = |enabled: bool| json!({"private": true, "presence": {"enabled": enabled}});
    let reply = user.join("realtime:faces", config(false)).await;
    assert_eq!(
        reply["response"]["reason"],
        "Unauthorized: You do not have permissions to read from this Channel topic: faces"
    );
    assert_eq!(
        user.join("realtime:faces", config(true)).await["status"],
        "ok"
    );
    user.event("presence_state").await;
    // Tracking enables it.
    assert_eq!(
        user.join("realtime:both", config(false)).await["status"],
        "ok"
    );
    let track = json!({"event": "track", "payload": {"n": 1}});
    let reference = user.push("realtime:both", "presence", track).await;
    assert_eq!(user.reply(&reference).await["status"], "ok");
    let mut other = server.connect(server.app.user(USER), "2.0.0").await;
    other.join("realtime:both", config(true)).await;
    let state = other.event("presence_state").await;
    assert_eq!(state["payload"].as_object().unwrap().len(), 1);
    let track = json!({"event": "track", "payload": {"n": 2}});
    other.push("realtime:both", "presence", track).await;
    let joined = user
        .expect(|m| {
            m["event"] == "presence_diff" && m["payload"]["joins"].to_string().contains("\"n\":2")
        })
        .await;
    assert_eq!(joined["topic"], "realtime:both");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_broadcasts_through_the_log() {
    let server = Server::start().await;
    private_rooms(&server).await;
    let ready = |mut config: serde_json::Value| {
        config["broadcast"]["replication_ready"] = json!(true);
        config
    };
    let mut user = server.connect(server.app.user(USER), "2.0.0").await;
    user.join("realtime:room-a", ready(private())).await;
    let system = user.event("system").await["payload"].take();
    assert_eq!(
        (&system["extension"], &system["status"]),
        (&json!("system"), &json!("ok"))
    );
    let mut old = server.anon("1.0.0").await;
    old.join("realtime:hall", ready(json!({}))).await;
    old.event("system").await;
    server
        .app
        .sql(
            "select realtime.send('{\"n\": 1}', 'news', 'room-a');
             select realtime.send('{\"n\": 2}', 'news', 'hall', false);
             select realtime.send_binary('\\x0102', 'bytes', 'room-a');",
        )
        .await
        .unwrap();
    let got = user.event("broadcast").await["payload"].take();
    assert_eq!(
        (&got["event"], &got["payload"]["n"]),
        (&json!("news"), &json!(1))
    );
    assert!(got["payload"]["id"].is_string() && got["meta"].as_str().unwrap().contains("id"));
    let got = user.event("broadcast").await["payload"].take();
    assert_eq!(got["payload"], json!([1, 2]));
    let got = old.event("broadcast").await["payload"].take();
    assert_eq!(
        (&got["type"], &got["payload"]["n"]),
        (&json!("broadcast"), &json!(2))
    );

    server
        .app
        .sql(
            "create table public.t (id int primary key);
             create function public.tell() returns trigger language plpgsql as $$
             begin
               perform realtime.broadcast_changes('room-a', tg_op, tg_op, tg_table_name,
                 tg_table_schema, new, old);
               return null;
             end $$;
             create trigger tell after insert or update or delete on public.t
               for each row execute function public.tell();
             insert into t values (7);",
        )
        .await
        .unwrap();
    let got = user.event("broadcast").await["payload"]["payload"].take();
    assert_eq!(
        (&got["operation"], &got["record"]),
        (&json!("INSERT"), &json!({"id": 7}))
    );
    assert_eq!(got["old_record"], json!(null));

    // Who comes later can have them again.
    let mut late = server.connect(server.app.user(USER), "2.0.0").await;
    let mut config = private();
    config["broadcast"]["replay"] = json!({"since": 0, "limit": 2});
    assert_eq!(
        late.join("realtime:room-a", config.clone()).await["status"],
        "ok"
    );
    late.event("broadcast").await;
    let got = late.event("broadcast").await["payload"].take();
    assert_eq!(got["meta"]["replayed"], true);
    assert_eq!(got["payload"]["operation"], "INSERT");
    config["private"] = json!(false);
    assert_eq!(
        late.join("realtime:room-b", config).await["response"]["reason"],
        "UnableToReplayMessages: Replay is not allowed for public channels"
    );
    server.finish().await;
}

/// Status and body of a POST.
async fn post(address: std::net::SocketAddr, path: &str, kind: &str, body: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(60), reading)
        .await
        .unwrap()
        .unwrap();
    let status = answer[9..12].parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_broadcasts_one_or_many() {
    let server = Server::start().await;
    private_rooms(&server).await;
    let address = server.serve(server.app.user(USER)).await;
    let mut user = Client::connect(address, "1.0.0").await;
    user.join("realtime:room-open", private()).await;
    user.join("realtime:hall", json!({})).await;
    let json_type = "application/json";
    let batch = json!({"messages": [
        {"topic": "hall", "event": "e", "payload": {"n": 1}},
        {"topic": "room-open", "event": "e", "payload": {"n": 2}, "private": true},
        {"topic": "room-shut", "event": "e", "payload": {"n": 3}, "private": true}
    ]});
    let answer = post(address, "/api/broadcast", json_type, &batch.to_string()).await;
    assert_eq!(answer, (202, String::new()));
    let mut seen = vec![
        user.event("broadcast").await["payload"]["payload"]["n"]
            .as_i64()
            .unwrap(),
        user.event("broadcast").await["payload"]["payload"]["n"]
            .as_i64()
            .unwrap(),
    ];
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);

    let one = |topic: &str, query: &str| format!("/api/broadcast/{topic}/events/e{query}");
    let answer = post(address, &one("hall", ""), json_type, "{\"n\":4}").await;
    assert_eq!(answer.0, 202);
    assert_eq!(
        user.event("broadcast").await["payload"]["payload"],
        json!({"n": 4})
    );
    let answer = post(address, &one("room-shut", "?private=true"), json_type, "{}").await;
    assert_eq!(answer, (403, "{\"message\":\"Unauthorized\"}".to_owned()));
    let answer = post(address, &one("hall", ""), "text/plain", "{}").await;
    assert_eq!(answer.0, 415);
    let answer = post(address, "/api/broadcast", json_type, "{}").await;
    assert_eq!(
        answer,
        (
            422,
            "{\"errors\":{\"messages\":[\"can't be blank\"]}}".to_owned()
        )
    );
    assert_eq!(post(address, "/api/broadcast", json_type, "{").await.0, 400);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_cannot_name_a_role_of_the_services() {
    let server = Server::start().await;
    for role in ["supabase_realtime_admin", "supabase_auth_admin", "none"] {
        let claims = hearth_apps::Bearer::Token(hearth_core::Claims::of_role(role));
        let mut client = server.connect(server.app.context(claims), "2.0.0").await;
        let reply = client.join("realtime:room", private()).await;
        assert_eq!(reply["status"], "error", "{role}");
    }
    server.finish().await;
}

//! Joins, leaves, broadcasts, presence, frames that make no sense.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_joined_and_left_in_both_versions() {
    let server = Server::start().await;
    for vsn in ["1.0.0", "2.0.0"] {
        let mut client = server.anon(vsn).await;
        let reference = client.push("phoenix", "heartbeat", json!({})).await;
        assert_eq!(
            client.reply(&reference).await,
            json!({"status": "ok", "response": {}})
        );

        let reply = client
            .join("realtime:room", json!({"presence": {"key": ""}}))
            .await;
        assert_eq!(
            reply,
            json!({"status": "ok", "response": {"postgres_changes": []}})
        );
        assert_eq!(client.event("presence_state").await["payload"], json!({}));

        // A null token is what old clients push every half minute.
        client
            .push(
                "realtime:room",
                "access_token",
                json!({"access_token": null}),
            )
            .await;
        // A second join closes the first.
        let again = client.join("realtime:room", json!({})).await;
        assert_eq!(again["status"], "ok");
        let closed = client.event("phx_close").await;
        assert_eq!(closed["topic"], "realtime:room");

        let reference = client.push("realtime:room", "phx_leave", json!({})).await;
        assert_eq!(client.reply(&reference).await["status"], "ok");
        client.event("phx_close").await;
        let reference = client
            .push("realtime:room", "broadcast", json!({"event": "x"}))
            .await;
        assert_eq!(
            client.reply(&reference).await,
            json!({"status": "error", "response": {"reason": "unmatched topic"}})
        );
        let reference = client.push("realtime:room", "phx_leave", json!({})).await;
        assert_eq!(client.reply(&reference).await["status"], "ok");
    }
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_answered_and_the_socket_lives() {
    let server = Server::start().await;
    let mut client = server.anon("2.0.0").await;
    for text in [
        "not json",
        "{}",
        "[]",
        "[1,2,3]",
        "[null,\"1\",7,\"phx_join\",{}]",
    ] {
        client.raw(Message::text(text)).await;
        let system = client.event("system").await;
        assert_eq!(system["payload"]["status"], "error");
        let message = system["payload"]["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with("MalformedWebSocketMessage: "),
            "{message}"
        );
    }
    client.raw(Message::binary(vec![9, 9, 9])).await;
    client.event("system").await;
    for (topic, reason) in [
        (
            "realtime:",
            "TopicNameRequired: You must provide a topic name",
        ),
        ("other", "unmatched topic"),
        ("", "unmatched topic"),
    ] {
        let reply = client.join(topic, json!({})).await;
        assert_eq!(
            reply,
            json!({"status": "error", "response": {"reason": reason}})
        );
    }
    let reference = client.push("realtime:a", "phx_join", json!("text")).await;
    let reply = client.reply(&reference).await;
    assert_eq!(reply["status"], "error");
    let forged = json!({"config": {}, "access_token": "a.b.c"});
    let reference = client.push("realtime:a", "phx_join", forged).await;
    assert_eq!(
        client.reply(&reference).await["response"]["reason"],
        "MalformedJWT: The token provided is not a valid JWT"
    );
    client.join("realtime:a", json!({})).await;
    client
        .push("realtime:a", "no_such_event", json!([1, 2]))
        .await;
    client.push("realtime:a", "presence", json!(3)).await;
    client.push("realtime:a", "broadcast", json!("x")).await;
    let reference = client.push("phoenix", "heartbeat", json!({})).await;
    assert_eq!(client.reply(&reference).await["status"], "ok");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_nobody_speaks_is_refused() {
    let server = Server::start().await;
    let address = server.serve(server.app.anon()).await;
    let url = format!("ws://{address}/websocket?vsn=9.0.0");
    let error = tokio_tungstenite::connect_async(url).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(response) = error else {
        panic!("{error}")
    };
    assert_eq!(response.status(), 403);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_reach_the_others_in_their_version() {
    let server = Server::start().await;
    let mut old = server.anon("1.0.0").await;
    let mut new = server.anon("2.0.0").await;
    let mut silent = server.anon("2.0.0").await;
    let config = json!({"broadcast": {"self": true, "ack": true}});
    old.join("realtime:room", config.clone()).await;
    new.join("realtime:room", config).await;
    silent
        .join("realtime:room", json!({"broadcast": {"self": false}}))
        .await;

    // Text of the first version.
    let payload = json!({"type": "broadcast", "event": "hello", "payload": {"n": 1}});
    let reference = old
        .push("realtime:room", "broadcast", payload.clone())
        .await;
    assert_eq!(
        old.reply(&reference).await,
        json!({"status": "ok", "response": {}})
    );
    assert_eq!(old.event("broadcast").await["payload"], payload);
    assert_eq!(new.event("broadcast").await["payload"], payload);
    assert_eq!(silent.event("broadcast").await["payload"], payload);

    // A binary frame of the second, with JSON in it.
    let mut frame = vec![3, 0, 1, 13, 5, 0, 1];
    frame.extend(b"9realtime:roomhello{\"n\":2}");
    silent.raw(Message::binary(frame)).await;
    let got = old.event("broadcast").await;
    assert_eq!(
        got["payload"],
        json!({"type": "broadcast", "event": "hello", "payload": {"n": 2}})
    );
    let got = new.event("broadcast").await;
    assert_eq!(
        (&got["binary"], &got["payload"]["payload"]),
        (&json!(true), &json!({"n": 2}))
    );

    // Bytes that only the second version can carry.
    let mut frame = vec![3, 0, 1, 13, 3, 0, 0];
    frame.extend(b"9realtime:roombin\x00\x01");
    silent.raw(Message::binary(frame)).await;
    assert_eq!(
        new.event("broadcast").await["payload"]["payload"],
        json!([0, 1])
    );
    silent.nothing_else("broadcast").await;
    old.nothing_else("broadcast").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_is_tracked_changed_and_ends_with_the_socket() {
    let server = Server::start().await;
    let mut first = server.anon("2.0.0").await;
    let mut second = server.anon("1.0.0").await;
    let config = |key: &str| json!({"presence": {"key": key, "enabled": true}});
    first.join("realtime:room", config("one")).await;
    first.event("presence_state").await;
    let track = |n: i32| json!({"type": "presence", "event": "track", "payload": {"n": n}});
    let reference = first.push("realtime:room", "presence", track(1)).await;
    assert_eq!(first.reply(&reference).await["status"], "ok");
    let diff = first.event("presence_diff").await["payload"].take();
    assert_eq!(diff["joins"]["one"]["metas"][0]["n"], 1);
    assert!(diff["joins"]["one"]["metas"][0]["phx_ref"].is_string());
    assert_eq!(diff["leaves"], json!({}));

    second.join("realtime:room", config("two")).await;
    let state = second.event("presence_state").await["payload"].take();
    assert_eq!(state["one"]["metas"][0]["n"], 1);

    first.push("realtime:room", "presence", track(2)).await;
    let diff = second.event("presence_diff").await["payload"].take();
    assert_eq!(diff["joins"]["one"]["metas"][0]["n"], 2);
    assert_eq!(diff["leaves"]["one"]["metas"][0]["n"], 1);

    let bad = json!({"event": "track", "payload": 1});
    let reference = second.push("realtime:room", "presence", bad).await;
    assert_eq!(
        second.reply(&reference).await,
        json!({"status": "error",
               "response": {"reason": "Presence track payload must be a map"}})
    );
    drop(first);
    let diff = second.event("presence_diff").await["payload"].take();
    assert_eq!(diff["leaves"]["one"]["metas"][0]["n"], 2);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_closes_sockets_with_a_close_frame() {
    let server = Server::start().await;
    let mut client = server.anon("2.0.0").await;
    client.join("realtime:room", json!({})).await;
    server.realtime.shutdown().await;
    let closed = client.expect(|message| !message["closed"].is_null()).await;
    assert_eq!(closed, json!({"closed": 1001}));
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_reading_is_closed_and_delays_nobody() {
    let server = Server::with(hearth_realtime::Options {
        outbox_bytes: 256 * 1024,
        ..Default::default()
    })
    .await;
    let address = server.serve(server.app.anon()).await;
    let mut stuck = crate::client::Client::connect(address, "2.0.0").await;
    stuck.join("realtime:room", json!({})).await;
    let mut reader = server.anon("2.0.0").await;
    reader.join("realtime:room", json!({})).await;
    let mut sender = server.anon("2.0.0").await;
    sender
        .join("realtime:room", json!({"broadcast": {"ack": true}}))
        .await;
    let state = server
        .realtime
        .running(server.app.app.reference.as_str())
        .unwrap();
    assert_eq!(state.sockets.count(), 3);
    let filler = "x".repeat(100_000);
    let mut sent = 0;
    // The kernel's own buffers take some megabytes first.
    while state.sockets.count() == 3 {
        sent += 1;
        assert!(sent < 2000, "the stuck reader is never closed");
        let payload = json!({"event": "e", "payload": {"n": sent, "filler": filler}});
        let reference = sender.push("realtime:room", "broadcast", payload).await;
        sender.reply(&reference).await;
        let got = reader.event("broadcast").await;
        assert_eq!(got["payload"]["payload"]["n"], sent);
    }
    assert_eq!(state.sockets.count(), 2);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_frame_closes_the_socket() {
    let server = Server::start().await;
    let address = server.serve(server.app.anon()).await;
    let url = format!("ws://{address}/websocket?vsn=1.0.0");
    let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let (mut write, mut read) = socket.split();
    let sending = tokio::spawn(async move {
        use futures_util::SinkExt;
        let _ = write.send(Message::text("x".repeat(6_000_000))).await;
    });
    let mut closed = Value::Null;
    while let Some(Ok(frame)) = read.next().await {
        if let Message::Close(Some(frame)) = frame {
            closed = u16::from(frame.code).into();
        }
    }
    sending.await.unwrap();
    // The reset that follows unread bytes may overtake the close frame.
    assert!(closed == 1009 || closed.is_null());
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_its_channel_when_it_expires() {
    let server = Server::start().await;
    let app = &server.app.app;
    let token = |seconds: i64| {
        let exp = app.clock.unix() + seconds;
        let claims = json!({"role": "authenticated", "sub": "x", "exp": exp});
        hearth_jwt::mint(&app.signing_key(), &claims).unwrap()
    };
    let mut client = server.anon("2.0.0").await;
    let join = |token: String| json!({"config": {}, "access_token": token});
    let reference = client
        .push("realtime:old", "phx_join", join(token(-100)))
        .await;
    let reason = client.reply(&reference).await["response"]["reason"].take();
    let reason = reason.as_str().unwrap();
    assert!(
        reason.starts_with("InvalidJWTToken: Token has expired 10"),
        "{reason}"
    );

    let reference = client
        .push("realtime:short", "phx_join", join(token(2)))
        .await;
    assert_eq!(client.reply(&reference).await["status"], "ok");
    let reference = client
        .push("realtime:long", "phx_join", join(token(2)))
        .await;
    assert_eq!(client.reply(&reference).await["status"], "ok");
    client
        .push(
            "realtime:long",
            "access_token",
            json!({"access_token": token(600)}),
        )
        .await;
    let system = client.event("system").await;
    assert_eq!(system["topic"], "realtime:short");
    let message = system["payload"]["message"].as_str().unwrap();
    assert!(message.starts_with("Token has expired"), "{message}");
    assert_eq!(client.event("phx_close").await["topic"], "realtime:short");

    client
        .push(
            "realtime:long",
            "access_token",
            json!({"access_token": "forged.to.ken"}),
        )
        .await;
    let system = client.event("system").await;
    assert_eq!(system["topic"], "realtime:long");
    assert_eq!(
        system["payload"]["message"],
        "The token provided is not a valid JWT"
    );

    let no_expiry = hearth_jwt::mint(&app.signing_key(), &json!({"role": "anon"})).unwrap();
    let reference = client.push("realtime:x", "phx_join", join(no_expiry)).await;
    assert_eq!(
        client.reply(&reference).await["response"]["reason"],
        "InvalidJWTToken: Fields `role` and `exp` are required in JWT"
    );
    let opaque = app.keys.publishable.clone();
    let reference = client.push("realtime:x", "phx_join", join(opaque)).await;
    assert_eq!(client.reply(&reference).await["status"], "ok");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_named() {
    let server = Server::start().await;
    let mut settings = (*server.app.app.settings()).clone();
    settings.realtime.max_channels_per_client = 2;
    settings.realtime.max_concurrent_users = 1;
    settings.realtime.max_payload_bytes = 100;
    settings.realtime.private_only = false;
    server.app.app.settings.store(settings.clone().into());
    let mut client = server.anon("2.0.0").await;
    client
        .join(
            "realtime:a",
            json!({"broadcast": {"ack": true, "self": true}}),
        )
        .await;
    client.join("realtime:b", json!({})).await;
    assert_eq!(
        client.join("realtime:c", json!({})).await["response"]["reason"],
        "ChannelRateLimitReached: Too many channels"
    );
    let address = server.serve(server.app.anon()).await;
    let url = format!("ws://{address}/websocket");
    let error = tokio_tungstenite::connect_async(url).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(response) = error else {
        panic!("{error}")
    };
    assert_eq!(response.status(), 429);
    let body = String::from_utf8(response.into_body().unwrap()).unwrap();
    assert_eq!(body, r#"{"error":"Too many connected users"}"#);

    let large = json!({"event": "e", "payload": {"x": "y".repeat(1000)}});
    let reference = client.push("realtime:a", "broadcast", large).await;
    assert_eq!(client.reply(&reference).await["status"], "error");
    client.nothing_else("broadcast").await;

    settings.realtime.private_only = true;
    server.app.app.settings.store(settings.into());
    assert_eq!(
        client.join("realtime:a", json!({})).await["response"]["reason"],
        "PrivateOnly: This project only allows private channels"
    );
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_application_loses_its_sockets_and_its_slot() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    client
        .listen("realtime:room", json!([crate::client::binding("*")]))
        .await;
    // What the registry does with an application that is no more.
    server.app.app.database.close();
    server.app.drop_database().await.unwrap();
    let closed = client.expect(|message| !message["closed"].is_null()).await;
    assert_eq!(closed, json!({"closed": 1001}));
}

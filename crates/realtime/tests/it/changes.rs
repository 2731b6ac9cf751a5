//! Changes of the database: events, filters, publication, payloads.

use serde_json::{Value, json};

use crate::client::{Server, binding};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_committed_after_the_reply_is_delivered() {
    let server = Server::start().await;
    server.messages().await;
    for vsn in ["1.0.0", "2.0.0"] {
        let mut client = server.anon(vsn).await;
        let response = client
            .listen("realtime:room", json!([binding("INSERT")]))
            .await;
        let echoed = &response["postgres_changes"][0];
        assert!(echoed["id"].as_u64().unwrap() > 0);
        assert!(echoed.get("filter").is_none());
        server
            .app
            .sql("insert into messages (room, body) values ('a', 'hello')")
            .await
            .unwrap();
        let change = client.change().await;
        assert_eq!(change["ids"], json!([echoed["id"]]));
        let data = &change["data"];
        assert_eq!(data["type"], "INSERT");
        assert_eq!(
            (&data["schema"], &data["table"]),
            (&json!("public"), &json!("messages"))
        );
        assert_eq!(data["record"]["body"], "hello");
        assert!(data["record"]["id"].is_number());
        assert!(data.get("old_record").is_none());
        assert_eq!(data["errors"], Value::Null);
        assert_eq!(
            data["columns"],
            json!([{"name": "id", "type": "int8"}, {"name": "room", "type": "text"},
                   {"name": "body", "type": "text"}])
        );
        assert!(data["commit_timestamp"].as_str().unwrap().ends_with('Z'));
    }
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_filters_choose_what_comes() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let mut filtered = binding("*");
    filtered["filter"] = json!("room=eq.a");
    let response = client
        .listen(
            "realtime:all",
            json!([filtered, binding("DELETE"), binding("UPDATE")]),
        )
        .await;
    let id = |n: usize| response["postgres_changes"][n]["id"].clone();
    server
        .app
        .sql(
            "insert into messages (id, room, body) values (1, 'a', 'x'), (2, 'b', 'y');
             update messages set body = 'z' where id = 1;
             update messages set body = 'z' where id = 2;
             delete from messages where id = 2;
             insert into messages (id, room) values (3, 'a');",
        )
        .await
        .unwrap();
    let first = client.change().await;
    assert_eq!(
        (&first["ids"], &first["data"]["record"]["id"]),
        (&json!([id(0)]), &json!(1))
    );
    let second = client.change().await;
    assert_eq!(second["ids"], json!([id(0), id(2)]));
    assert_eq!(second["data"]["type"], "UPDATE");
    assert_eq!(second["data"]["old_record"], json!({"id": 1}));
    assert_eq!(second["data"]["record"]["body"], "z");
    let third = client.change().await;
    assert_eq!(third["ids"], json!([id(2)]));
    let fourth = client.change().await;
    assert_eq!(fourth["ids"], json!([id(1)]));
    assert_eq!(fourth["data"]["type"], "DELETE");
    assert_eq!(fourth["data"]["old_record"], json!({"id": 2}));
    assert!(fourth["data"].get("record").is_none());
    assert_eq!(client.change().await["data"]["record"]["id"], 3);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operator_judges_as_postgres_does() {
    let server = Server::start().await;
    server
        .app
        .sql(
            "create type public.mood as enum ('sad', 'happy');
             create table public.t (id int primary key, n numeric, s text, b bool, at timestamptz,
               m public.mood, tags text[]);
             alter publication supabase_realtime add table public.t;",
        )
        .await
        .unwrap();
    let filters = [
        ("n=eq.10.0", "(n = 10.0)"),
        ("n=neq.10", "(n <> 10)"),
        ("n=gt.9", "(n > 9)"),
        ("n=not.lte.9", "(not n <= 9)"),
        ("id=in.(1,3)", "(id in (1, 3))"),
        ("s=in.(\"a,b\",c)", "(s in ('a,b', 'c'))"),
        ("s=like.h%o", "(s like 'h%o')"),
        ("s=ilike.H%O", "(s ilike 'H%O')"),
        ("s=match.^h.*o$", "(s ~ '^h.*o$')"),
        ("s=not.imatch.^H", "(not s ~* '^H')"),
        ("s=lt.i", "(s < 'i')"),
        ("b=is.true", "(b is true)"),
        ("b=not.is.null", "(b is not null)"),
        ("n=isdistinct.10", "(n is distinct from 10)"),
        (
            "at=gte.2024-01-01T00:00:00Z",
            "(at >= '2024-01-01T00:00:00Z')",
        ),
        ("m=eq.happy", "(m = 'happy')"),
        ("m=gt.sad", "(m > 'sad')"),
        ("tags=eq.\"{a,b}\"", "(tags = '{a,b}')"),
        ("id=gt.1,id=lt.4", "(id > 1 and id < 4)"),
    ];
    let mut client = server.anon("2.0.0").await;
    let mut ids = Vec::new();
    for (number, (filter, _)) in filters.iter().enumerate() {
        let binding =
            json!({"event": "INSERT", "schema": "public", "table": "t", "filter": filter});
        let topic = format!("realtime:{number}");
        let response = client.listen(&topic, json!([binding])).await;
        ids.push(response["postgres_changes"][0]["id"].clone());
    }
    // The last channel hears everything: when it has the last row, all have theirs.
    let all = json!([{"event": "INSERT", "schema": "public", "table": "t"}]);
    client.listen("realtime:all", all).await;
    server
        .app
        .sql(
            "insert into t values
             (1, 10, 'hello', true, '2024-06-01', 'happy', '{a,b}'),
             (2, 9, 'a,b', false, '2023-06-01', 'sad', '{a}'),
             (3, 11.50, 'Hugo', null, '2024-01-01T01:00:00+01', null, null),
             (4, null, null, null, null, null, null);",
        )
        .await
        .unwrap();
    let owner = server.app.owner().await.unwrap();
    for (number, (filter, sql)) in filters.iter().enumerate() {
        let query = format!("select id from t where {sql} order by id");
        let rows = owner.query(&query, &[]).await.unwrap();
        let expected: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        let topic = format!("realtime:{number}");
        for id in expected {
            let change = client
                .expect(|m| m["event"] == "postgres_changes" && m["topic"] == topic)
                .await;
            assert_eq!(change["payload"]["data"]["record"]["id"], id, "{filter}");
        }
    }
    for _ in 0..4 {
        client
            .expect(|m| m["event"] == "postgres_changes" && m["topic"] == "realtime:all")
            .await;
    }
    client.nothing_else("postgres_changes").await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_rendered_as_to_jsonb_renders_them() {
    let server = Server::start().await;
    server
        .app
        .sql(
            "create type public.pair as (x int, y text);
             create domain public.positive as int check (value > 0);
             create type public.colour as enum ('red', 'green');
             create table public.types (
               id uuid primary key, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric,
               b bool, t text, v varchar(10), c char(5), d date, tm time, tz timetz,
               ts timestamp, tstz timestamptz, iv interval, j json, jb jsonb, arr int[],
               arr2 text[], arrj jsonb[], arrts timestamp[], nested int[][], p public.pair,
               ps public.pair[], dom public.positive, col public.colour, cols public.colour[],
               r int4range, addr inet, m money, nothing text
             );
             alter publication supabase_realtime add table public.types;",
        )
        .await
        .unwrap();
    let mut client = server.anon("2.0.0").await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "types"}]);
    client.listen("realtime:types", bindings).await;
    server
        .app
        .sql(
            r#"insert into types values (
               gen_random_uuid(), -1, 2147483647, 9007199254740993, 1.5, 1e25, 12345.67890,
               true, E'q"\\\n\t汉字', 'var', 'ch', '2024-02-29', '12:34:56.789', '12:34:56+02',
               '2024-01-02 03:04:05.678', '2024-01-02 03:04:05+08', '1 day 02:03:04',
               '{"a": [1, 2]}', '{"b": {"c": null}}', '{1,2,NULL}',
               array['a,b', 'c"d', null, '{}'], array['{"x": 1}']::jsonb[],
               array['2024-01-02 03:04:05']::timestamp[], '{{1,2},{3,4}}', row(1, 'a "b", c'),
               array[row(1, 'x'), row(2, null)]::public.pair[], 5, 'green', '{red,green}',
               '[1,5)', '10.0.0.1/8', 1.5, null)"#,
        )
        .await
        .unwrap();
    let mut change = client.change().await;
    let record = change["data"]["record"].take();
    assert!(record.is_object(), "{change}");
    let owner = server.app.owner().await.unwrap();
    owner.batch_execute("set timezone to 'UTC'").await.unwrap();
    let row = owner
        .query_one("select to_jsonb(whole)::text from types as whole", &[])
        .await
        .unwrap();
    let expected: Value = serde_json::from_str(row.get(0)).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name}");
    }
    assert_eq!(
        record.as_object().unwrap().len(),
        expected.as_object().unwrap().len()
    );
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_publication_decides_tables_and_operations() {
    let server = Server::start().await;
    server
        .app
        .sql("create table public.a (id int primary key); create table public.b (id int primary key);
              alter publication supabase_realtime add table public.a;")
        .await
        .unwrap();
    let mut client = server.anon("2.0.0").await;
    client
        .listen(
            "realtime:public",
            json!([{"event": "*", "schema": "public"}]),
        )
        .await;
    server
        .app
        .sql("insert into b values (1); insert into a values (1);")
        .await
        .unwrap();
    assert_eq!(client.change().await["data"]["table"], "a");

    // Added while somebody listens.
    server
        .app
        .sql("alter publication supabase_realtime add table public.b")
        .await
        .unwrap();
    server
        .app
        .sql("insert into b values (2); insert into a values (2);")
        .await
        .unwrap();
    assert_eq!(client.change().await["data"]["table"], "b");
    assert_eq!(client.change().await["data"]["record"]["id"], 2);

    server
        .app
        .sql("alter publication supabase_realtime set (publish = 'delete')")
        .await
        .unwrap();
    server
        .app
        .sql("insert into a values (3); delete from a where id = 3;")
        .await
        .unwrap();
    assert_eq!(client.change().await["data"]["type"], "DELETE");

    // A table that is not listened to says so, and the channel is joined all the same.
    let nothing = json!([{"event": "*", "schema": "public", "table": "nothing"}]);
    let reply = client
        .join("realtime:x", json!({"postgres_changes": nothing}))
        .await;
    assert_eq!(reply["status"], "ok");
    let system = client.event("system").await["payload"].take();
    assert_eq!(system["status"], "error");
    assert_eq!(
        system["message"],
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled \
         for the given connect parameters: [event: *, schema: public, table: nothing, filters: \
         [], select: nil]"
    );
    // A client that waits for its subscription is refused.
    let config = json!({"postgres_changes": nothing, "postgres_changes_options": {"wait": true}});
    let reply = client.join("realtime:y", config).await;
    let reason = reply["response"]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("RealtimeDisabledForConfiguration: Unable to"),
        "{reason}"
    );
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn selected_columns_truncates_and_schema_changes() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let mut selected = binding("*");
    selected["select"] = json!(["body"]);
    client
        .listen("realtime:some", json!([selected, binding("TRUNCATE")]))
        .await;
    server
        .app
        .sql("insert into messages (id, room, body) values (1, 'a', 'b')")
        .await
        .unwrap();
    let data = client.change().await["data"].take();
    assert_eq!(data["record"], json!({"id": 1, "body": "b"}));
    assert_eq!(
        data["columns"],
        json!([{"name": "id", "type": "int8"}, {"name": "body", "type": "text"}])
    );
    server
        .app
        .sql(
            "alter table messages add column extra int default 7;
              alter table messages rename column room to place;",
        )
        .await
        .unwrap();
    client
        .listen("realtime:all", json!([binding("INSERT")]))
        .await;
    server
        .app
        .sql("insert into messages (id, place) values (2, 'c')")
        .await
        .unwrap();
    let change = client
        .expect(|m| m["topic"] == "realtime:all" && m["payload"]["data"] != json!(null))
        .await;
    assert_eq!(
        change["payload"]["data"]["record"],
        json!({"id": 2, "place": "c", "body": null, "extra": 7})
    );
    client
        .expect(|m| m["topic"] == "realtime:some" && m["event"] == "postgres_changes")
        .await;
    server.app.sql("truncate messages").await.unwrap();
    let data = client.change().await["data"].take();
    assert_eq!(
        (&data["type"], &data["table"]),
        (&json!("TRUNCATE"), &json!("messages"))
    );
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_filters_column_lists_and_partitions_hold() {
    let server = Server::start().await;
    server
        .app
        .sql(
            "create table public.log (id int primary key, kind text, note text, inner_note text);
             create table public.parts (id int primary key, note text) partition by range (id);
             create table public.parts_low partition of public.parts for values from (0) to (10);
             create table public.parts_high partition of public.parts for values from (10) to (20);
             alter publication supabase_realtime set (publish_via_partition_root = true);
             alter publication supabase_realtime set table
               public.log (id, kind, note) where (kind = 'loud'), public.parts;",
        )
        .await
        .unwrap();
    let mut client = server.anon("2.0.0").await;
    client
        .listen(
            "realtime:all",
            json!([{"event": "*", "schema": "public"}, {"event": "TRUNCATE", "table": "parts"}]),
        )
        .await;
    server
        .app
        .sql(
            "insert into log values (1, 'quiet', 'a', 'x');
             insert into log values (2, 'loud', 'b', 'x');
             insert into parts values (5, 'low'), (15, 'high');
             truncate parts;",
        )
        .await
        .unwrap();
    let data = client.change().await["data"].take();
    assert_eq!(
        data["record"],
        json!({"id": 2, "kind": "loud", "note": "b"})
    );
    assert_eq!(data["columns"].as_array().unwrap().len(), 3);
    for id in [5, 15] {
        let data = client.change().await["data"].take();
        assert_eq!(
            (&data["table"], &data["record"]["id"]),
            (&json!("parts"), &json!(id))
        );
    }
    assert_eq!(client.change().await["data"]["type"], "TRUNCATE");

    // A table that goes and comes again while somebody listens.
    server
        .app
        .sql(
            "drop table parts; create table parts (id uuid primary key);
             alter publication supabase_realtime add table parts;",
        )
        .await
        .unwrap();
    server
        .app
        .sql("insert into parts values ('00000000-0000-4000-8000-000000000001')")
        .await
        .unwrap();
    let data = client.change().await["data"].take();
    assert_eq!(data["columns"], json!([{"name": "id", "type": "uuid"}]));
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_has_a_bounded_number_of_bindings() {
    let server = Server::start().await;
    server.messages().await;
    let mut client = server.anon("2.0.0").await;
    let bindings: Vec<Value> = (0..5_000).map(|_| binding("INSERT")).collect();
    let config = json!({"postgres_changes": bindings});
    let reply = client.join("realtime:many", config).await;
    assert_eq!(reply["status"], "ok");
    let told = client.event("system").await["payload"].take();
    assert_eq!(
        (&told["status"], &told["message"]),
        (
            &json!("error"),
            &json!("Too many postgres_changes in one channel. Maximum 200")
        )
    );
    server.finish().await;
}

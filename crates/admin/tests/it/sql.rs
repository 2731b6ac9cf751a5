//! SQL that people type: transactions, limits, roles, cancelling, refusals.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn scripts_run_as_the_owner_and_nothing_else() {
    let world = World::new().await;
    let pg = world.pg().await;
    let run = |sql: &str| json!({"sql": sql});
    let answer = pg
        .must(
            "POST",
            "/run",
            run("create table 表 (id bigint, a text, b jsonb, c int[]); \
                 insert into 表 values (1, null, '{\"k\": [1]}', '{1,null}'), \
                 (9223372036854775807, 'x;', '1', '{}'); select * from 表 order by id; \
                 do $$ begin raise notice 'hello'; end $$"),
        )
        .await;
    let results = answer["results"].as_array().unwrap();
    let commands: Vec<&str> = results
        .iter()
        .map(|r| r["command"].as_str().unwrap())
        .collect();
    assert_eq!(commands, ["CREATE TABLE", "INSERT", "SELECT", "DO"]);
    assert_eq!(results[1]["row_count"], 2);
    assert_eq!(
        results[2]["fields"][2],
        json!({"name": "b", "type": "jsonb"})
    );
    assert_eq!(
        results[2]["rows"],
        json!([[1, null, {"k": [1]}, [1, null]], ["9223372036854775807", "x;", 1, []]])
    );
    assert_eq!(answer["notices"][0]["message"], "hello");

    // One transaction, unless the script says otherwise.
    let (status, error) = pg
        .send(
            "POST",
            "/run",
            run("insert into 表 values (5);\nselect 1 / 0"),
        )
        .await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!("22012")));
    let count = "select count(*) from 表 where id = 5";
    let query = |sql: &str| json!({"query": sql});
    assert_eq!(
        pg.must("POST", "/query", query(count)).await,
        json!([{"count": 0}])
    );
    pg.send(
        "POST",
        "/run",
        run("begin; insert into 表 values (5); commit; select 1 / 0"),
    )
    .await;
    assert_eq!(
        pg.must("POST", "/query", query(count)).await,
        json!([{"count": 1}])
    );
    // What a script leaves behind does not reach the next one.
    pg.must(
        "POST",
        "/run",
        run("begin; create temp table x (); set role anon"),
    )
    .await;
    let who = "select current_user::text as u, (select rolsuper from pg_roles
               where rolname = current_user) as s, to_regclass('x') as x";
    let owner = world.app.reference.owner_role();
    let expected = json!([{"u": owner, "s": false, "x": null}]);
    for _ in 0..3 {
        assert_eq!(pg.must("POST", "/query", query(who)).await, expected);
    }
    for sql in ["vacuum 表", "create index concurrently on 表 (id)"] {
        pg.must("POST", "/run", run(sql)).await;
    }
    let refused = pg
        .refused("POST", "/run", run("alter system set work_mem = '1MB'"))
        .await;
    assert_eq!(refused, (400, "42501".to_owned()));

    // A place counts characters of the whole script.
    let (_, error) = pg
        .send("POST", "/run", run("select '表';\nselect nope"))
        .await;
    assert_eq!(
        (&error["code"], &error["position"]),
        (&json!("42703"), &json!("20"))
    );
    assert!(
        error["formattedError"]
            .as_str()
            .unwrap()
            .contains("LINE 2: select nope")
    );
    for (sql, code) in [
        ("select $1", "42P02"),
        ("select '", "42601"),
        ("copy 表 to stdout", "0A000"),
    ] {
        let (status, error) = pg.send("POST", "/run", run(sql)).await;
        assert!(
            status.is_client_error() || status.is_server_error(),
            "{sql}: {error}"
        );
        assert!(code.is_empty() || error["code"] == code, "{error}");
    }
    assert_eq!(
        pg.must("POST", "/run", run(" ; -- nothing")).await["results"],
        json!([])
    );
    world.close().await;
}

#[tokio::test]
async fn runs_are_bounded_and_can_be_cancelled() {
    let world = World::new().await;
    let pg = world.pg().await;
    let big = "select generate_series(1, 50000000) as n";
    let answer = pg
        .must(
            "POST",
            "/run",
            json!({"sql": format!("{big}; with a as ({big}) select * from a"), "max_rows": 3}),
        )
        .await;
    for result in answer["results"].as_array().unwrap() {
        assert_eq!(result["rows"], json!([[1], [2], [3]]));
        assert_eq!(
            (&result["truncated"], &result["row_count"]),
            (&json!(true), &Value::Null)
        );
    }
    // A changing `with` is no query for a cursor; all of it happens.
    pg.must("POST", "/run", json!({"sql": "create table t (id int)"}))
        .await;
    let sql =
        "with a as (insert into t select generate_series(1, 10) returning id) select * from a";
    let answer = pg
        .must("POST", "/run", json!({"sql": sql, "max_rows": 4}))
        .await;
    let result = &answer["results"][0];
    assert_eq!(
        (&result["truncated"], &result["row_count"]),
        (&json!(true), &json!(10))
    );
    assert_eq!(result["rows"].as_array().unwrap().len(), 4);

    for sql in [
        "select pg_sleep(60)",
        "set statement_timeout = 0; select pg_sleep(60)",
    ] {
        let run = json!({"sql": sql, "timeout_ms": 200});
        let refused = pg.refused("POST", "/run", run).await;
        assert_eq!(refused, (400, "57014".to_owned()));
    }

    let other = pg.clone();
    let running = tokio::spawn(async move {
        let run = json!({"sql": "select pg_sleep(60)", "run_id": "one"});
        other.refused("POST", "/run", run).await
    });
    let sleeping = "select count(*)::int as n from pg_stat_activity
                    where wait_event = 'PgSleep' and datname = current_database()";
    let asleep = async |pg: &crate::world::Browser| {
        let rows = pg.must("POST", "/query", json!({"query": sleeping})).await;
        rows[0]["n"].as_i64().unwrap()
    };
    while asleep(&pg).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let same = pg
        .refused("POST", "/run", json!({"sql": "select 1", "run_id": "one"}))
        .await;
    assert_eq!(same, (409, "run_exists".to_owned()));
    pg.must("DELETE", "/run/one", Value::Null).await;
    assert_eq!(running.await.unwrap(), (400, "57014".to_owned()));
    let gone = pg.refused("DELETE", "/run/one", Value::Null).await;
    assert_eq!(gone, (404, "run_not_found".to_owned()));

    // A quick hand cancels what has hardly begun.
    for attempt in 0..5 {
        let id = format!("quick{attempt}");
        let other = pg.clone();
        let run = json!({"sql": "select pg_sleep(60)", "run_id": id});
        let running = tokio::spawn(async move { other.refused("POST", "/run", run).await });
        let path = format!("/run/{id}");
        while pg.send("DELETE", &path, Value::Null).await.0 != http::StatusCode::NO_CONTENT {
            tokio::task::yield_now().await;
        }
        assert_eq!(running.await.unwrap(), (400, "57014".to_owned()));
    }

    // A client that goes away takes its statement with it.
    let other = pg.clone();
    let left = tokio::spawn(async move {
        let run = json!({"sql": "select pg_sleep(60)"});
        other.send("POST", "/run", run).await
    });
    while asleep(&pg).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    left.abort();
    while asleep(&pg).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.close().await;
}

#[tokio::test]
async fn a_role_brings_its_policies() {
    let world = World::new().await;
    let pg = world.pg().await;
    pg.must(
        "POST",
        "/run",
        json!({"sql": "create table notes (id int, who text); alter table notes enable row level \
                security; create policy p on notes to authenticated using (who = 'me'); \
                insert into notes values (1, 'me'), (2, 'you')"}),
    )
    .await;
    for (role, rows) in [
        ("postgres", json!([[1], [2]])),
        ("service_role", json!([[1], [2]])),
        ("authenticated", json!([[1]])),
        ("anon", json!([])),
    ] {
        let run = json!({"sql": "select id from notes order by id", "role": role});
        let answer = pg.must("POST", "/run", run).await;
        assert_eq!(answer["results"][0]["rows"], rows, "{role}");
    }
    let run = json!({"sql": "select current_setting('request.jwt.claims')::json ->> 'role'",
                     "role": "anon"});
    assert_eq!(
        pg.must("POST", "/run", run).await["results"][0]["rows"],
        json!([["anon"]])
    );
    let refused = pg.refused(
        "POST",
        "/run",
        json!({"sql": "select 1", "role": "supabase_admin"}),
    );
    assert_eq!(refused.await.1, "invalid_value");

    // The same through an application's own key, in postgres-meta's words.
    let query = json!({"query": "select $1::int as a, $2 as b, $3::text[] as c",
                       "parameters": [5, "it's \\", ["x,\"", null]]});
    let (status, rows) = world
        .with_key("service_role", "POST", "/query", query)
        .await;
    assert_eq!(status, 200, "{rows}");
    assert_eq!(rows, json!([{"a": 5, "b": "it's \\", "c": ["x,\"", null]}]));
    let (status, error) = world
        .with_key("service_role", "POST", "/query", json!({"query": "selec"}))
        .await;
    assert_eq!(status, 400);
    assert_eq!(
        (&error["code"], &error["position"]),
        (&json!("42601"), &json!("1"))
    );
    assert!(
        error["error"]
            .as_str()
            .unwrap()
            .starts_with("ERROR:  42601: syntax error")
    );
    for role in ["anon", "authenticated"] {
        let (status, _) = world
            .with_key(role, "POST", "/query", json!({"query": "select 1"}))
            .await;
        assert_eq!(status, 403, "{role}");
    }
    world.close().await;
}

//! From the change of a row to the request, and what happens when the target fails.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use hearth_testkit::TestApp;
use hearth_webhooks::{Patience, Webhooks};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::target::Target;

/// An application with a courier, as its watcher would start one.
struct World {
    app: TestApp,
    owner: Client,
    webhooks: Arc<Webhooks>,
    courier: tokio::task::JoinHandle<()>,
}

impl World {
    async fn new(pauses: &[u64]) -> Self {
        let app = TestApp::create(&[hearth_webhooks::migrations()])
            .await
            .unwrap();
        let owner = app.owner().await.unwrap();
        owner
            .batch_execute("create table public.notes (id int primary key, body text)")
            .await
            .unwrap();
        let webhooks = Webhooks::new(Patience {
            pauses: pauses.iter().copied().map(Duration::from_millis).collect(),
            keep: Duration::from_secs(3600),
        });
        let webhooks = webhooks.unwrap();
        let courier = tokio::spawn(webhooks.clone().deliver(app.app.clone()));
        Self {
            app,
            owner,
            webhooks,
            courier,
        }
    }

    /// A webhook as the console writes it.
    async fn hook(&self, url: &str, rest: &str) {
        let sql = format!(
            "create trigger hook after insert or update or delete on public.notes for each row
             execute function supabase_functions.http_request('{url}', {rest})"
        );
        self.owner.batch_execute(&sql).await.unwrap();
    }

    async fn run(&self, sql: &str) {
        self.owner.batch_execute(sql).await.unwrap();
    }

    /// Waits until the newest delivery is over, or has failed `attempts` times.
    async fn delivery(&self, done: &str) -> Value {
        let sql = format!(
            "select to_jsonb(d) from supabase_functions.deliveries d where {done}
             order by id desc limit 1"
        );
        let waiting = async {
            loop {
                if let Some(row) = self.owner.query_opt(&sql, &[]).await.unwrap() {
                    return row.get::<_, Value>(0);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .expect("no such delivery")
    }

    async fn close(self) {
        self.webhooks.shutdown().await;
        self.courier.await.unwrap();
        drop(self.owner);
        self.app.drop_database().await.unwrap();
    }
}

#[tokio::test]
async fn changes_are_told_as_supabase_tells_them() {
    let (world, target) = (World::new(&[]).await, Target::start().await);
    let headers = r#"{"Content-Type":"application/json","X-Secret":"s"}"#;
    world
        .hook(
            &format!("{}/in?a=1", target.url),
            &format!(r#"'POST', '{headers}', '{{"b":"2 3"}}', '2000'"#),
        )
        .await;
    world.run("insert into notes values (1, '你好')").await;
    let first = &target.requests(1).await[0];
    assert_eq!(first.method, Method::POST);
    assert_eq!(first.uri.to_string(), "/in?a=1&b=2+3");
    assert_eq!(first.headers["x-secret"], "s");
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.headers["x-hearth-attempt"], "1");
    assert_eq!(
        first.body,
        json!({"type": "INSERT", "schema": "public", "table": "notes",
               "record": {"id": 1, "body": "你好"}, "old_record": null})
    );
    world.run("update notes set body = 'b'").await;
    world.run("delete from notes").await;
    let came = target.requests(3).await;
    let mut told: Vec<_> = came[1..].iter().map(|c| c.body.clone()).collect();
    told.sort_by_key(|body| body["type"] == "DELETE");
    assert_eq!(told[0]["type"], "UPDATE");
    assert_eq!(told[0]["old_record"]["body"], "你好");
    assert_eq!(told[0]["record"]["body"], "b");
    assert_eq!(told[1]["record"], Value::Null);
    assert_eq!(told[1]["old_record"]["body"], "b");
    let over = world
        .delivery("state = 'delivered' and event = 'DELETE'")
        .await;
    assert_eq!(
        (&over["status"], &over["attempts"]),
        (&json!(200), &json!(1))
    );
    assert_eq!(over["next_at"], Value::Null);
    world.close().await;
}

#[tokio::test]
async fn what_is_rolled_back_is_not_told_and_get_has_no_body() {
    let (world, target) = (World::new(&[]).await, Target::start().await);
    world.hook(&target.url, "'GET'").await;
    world
        .run("begin; insert into notes values (1, 'never'); rollback")
        .await;
    world.run("insert into notes values (2, 'once')").await;
    let came = target.requests(1).await;
    assert_eq!(
        (&came[0].method, &came[0].body),
        (&Method::GET, &Value::Null)
    );
    world.delivery("state = 'delivered'").await;
    let all = "select count(*) from supabase_functions.deliveries";
    let count: i64 = world.owner.query_one(all, &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
    world.close().await;
}

#[tokio::test]
async fn a_failing_target_is_tried_again_and_given_up_in_the_end() {
    let (world, target) = (World::new(&[30, 30]).await, Target::start().await);
    target.answers(500);
    world.hook(&target.url, "'POST'").await;
    world.run("insert into notes values (1, 'a')").await;
    target.requests(1).await;
    target.answers(204);
    let over = world.delivery("state = 'delivered'").await;
    assert_eq!(
        (&over["status"], &over["attempts"]),
        (&json!(204), &json!(2))
    );
    let came = target.requests(2).await;
    let id = &came[0].headers["x-hearth-delivery"];
    assert_eq!(&came[1].headers["x-hearth-delivery"], id);

    target.answers(404);
    world.run("insert into notes values (2, 'b')").await;
    let failed = world.delivery("state = 'failed'").await;
    assert_eq!(
        (&failed["status"], &failed["attempts"]),
        (&json!(404), &json!(3))
    );
    // Its owner mends the target and sends it once more.
    target.answers(200);
    let again = format!("select supabase_functions.redeliver({})", failed["id"]);
    assert!(
        world
            .owner
            .query_one(&again, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
    );
    let over = world.delivery("state = 'delivered' and id > 1").await;
    assert_eq!(over["attempts"], 1);
    assert!(over["error"].is_null());
    world.close().await;
}

#[tokio::test]
async fn targets_are_bounded_in_time_and_place() {
    let (world, target) = (World::new(&[]).await, Target::start().await);
    for (id, url, words) in [
        (1, format!("{}/slow", target.url), "no answer within 200 ms"),
        (2, "http://169.254.169.254/latest".to_owned(), "not allowed"),
        (3, "http://127.0.0.1:1/".to_owned(), "could not connect"),
        (4, "ftp://example.com/".to_owned(), "neither http nor https"),
        (5, "no url".to_owned(), "cannot be read"),
    ] {
        world.run("drop trigger if exists hook on notes").await;
        world.hook(&url, "'POST', '{}', '{}', '200'").await;
        world
            .run(&format!("insert into notes values ({id}, 'x')"))
            .await;
        let over = world
            .delivery(&format!(
                "state = 'failed' and body #>> '{{record,id}}' = '{id}'"
            ))
            .await;
        assert!(over["status"].is_null());
        let error = over["error"].as_str().unwrap();
        assert!(error.contains(words), "{url}: {error}");
    }
    // A redirect is not followed: it could lead anywhere.
    world.run("drop trigger hook on notes").await;
    world.hook(&format!("{}/moved", target.url), "'POST'").await;
    world.run("insert into notes values (6, 'x')").await;
    let over = world
        .delivery("state = 'failed' and status is not null")
        .await;
    assert_eq!(over["status"], 302);
    let came = target.requests(2).await;
    assert!(came.iter().all(|came| came.uri.path() != "/elsewhere"));
    world.close().await;
}

#[tokio::test]
async fn what_waits_survives_a_restart_and_a_row_of_megabytes_is_told_of() {
    let (world, target) = (World::new(&[50]).await, Target::start().await);
    world.webhooks.shutdown().await;
    world.hook(&target.url, "'POST', '{}', '{}', '5000'").await;
    world
        .run("insert into notes values (1, repeat('x', 2000000)), (2, 'small')")
        .await;
    // The next start.
    let webhooks = Webhooks::new(Patience::default()).unwrap();
    let courier = tokio::spawn(webhooks.clone().deliver(world.app.app.clone()));
    let came = target.requests(2).await;
    let large = came.iter().find(|c| c.body["record"].is_null()).unwrap();
    assert_eq!(
        large.body["errors"],
        json!(["Error 413: Payload Too Large"])
    );
    assert_eq!(large.body["type"], "INSERT");
    world.delivery("state = 'delivered'").await;
    webhooks.shutdown().await;
    courier.await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn only_the_owner_sees_deliveries_and_nobody_writes_them() {
    let world = World::new(&[]).await;
    world.hook("http://127.0.0.1:1/", "'POST'").await;
    for role in ["anon", "authenticated"] {
        let sql = format!("set role {role}; select url from supabase_functions.deliveries");
        let refused = world.owner.batch_execute(&sql).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501");
        world.run("reset role").await;
    }
    for sql in [
        "insert into supabase_functions.deliveries default values",
        "update supabase_functions.deliveries set url = 'x'",
        "delete from supabase_functions.deliveries",
        "create or replace function supabase_functions.http_request() returns trigger
             language plpgsql as $$ begin return new; end $$",
    ] {
        let refused = world.owner.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{sql}");
    }
    for (arguments, words) in [
        ("", "url argument is missing"),
        ("'http://x', 'PUT'", "method argument PUT is invalid"),
    ] {
        world.run("drop trigger if exists hook on notes").await;
        let create = format!(
            "create trigger hook after insert on notes for each row
             execute function supabase_functions.http_request({arguments})"
        );
        world.run(&create).await;
        let refused = world
            .owner
            .batch_execute("insert into notes values (9, '')")
            .await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), words);
    }
    world.close().await;
}

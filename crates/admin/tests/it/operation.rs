//! Logs and reports of an application.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hearth_apps::activity::{Answered, Level};
use hearth_core::RequestId;
use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

fn answer(world: &World, service: &'static str, status: u16, code: Option<&str>) {
    world.app.activity.answered(Answered {
        number: 0,
        at: world.app.clock.now(),
        id: RequestId::new(),
        service,
        method: "GET".to_owned(),
        path: format!("/{service}/v1/x"),
        status,
        code: code.map(str::to_owned),
        elapsed: Duration::from_millis(3),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        agent: "curl/8".to_owned(),
    });
}

fn messages(logs: &Value) -> Vec<&str> {
    let entries = logs.as_array().unwrap().iter();
    entries.map(|e| e["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn requests_are_filtered_by_service_level_text_and_time() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let logs = format!("/apps/{}/logs", world.app.reference);
    answer(&world, "rest", 200, None);
    answer(&world, "auth", 400, Some("weak_password"));
    answer(&world, "rest", 503, None);
    let all = owner.get(&logs).await;
    assert_eq!(
        messages(&all),
        [
            "GET /rest/v1/x 503",
            "GET /auth/v1/x 400",
            "GET /rest/v1/x 200"
        ]
    );
    assert_eq!(all[0]["level"], "error");
    assert_eq!(all[1]["details"]["code"], "weak_password");
    assert_eq!(all[1]["details"]["user_agent"], "curl/8");
    let of = async |query: &str| {
        let found = owner.get(&format!("{logs}?{query}")).await;
        found.as_array().unwrap().len()
    };
    assert_eq!(of("service=rest&level=info&q=V1%2Fx").await, 1);
    assert_eq!(of("level=warning").await, 2);
    assert_eq!(of("q=WEAK_password").await, 1);
    assert_eq!(of("limit=2").await, 2);
    assert_eq!(of("to=2020-01-01T00:00:00Z").await, 0);
    assert_eq!(of("from=2020-01-01T00:00:00%2B08:00").await, 3);
    for query in ["from=yesterday", "source=kernel", "limit=x"] {
        let refused = owner
            .refused("GET", &format!("{logs}?{query}"), Value::Null)
            .await;
        assert_eq!(refused, (400, "invalid_value".to_owned()), "{query}");
    }
    world.close().await;
}

#[tokio::test]
async fn realtime_and_postgresql_tell_of_this_application_alone() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let logs = format!("/apps/{}/logs", world.app.reference);
    let details = json!({"topic": "realtime:room"});
    world
        .app
        .note("realtime", Level::Warning, "join refused", details);
    let heard = owner.get(&format!("{logs}?source=realtime&q=ROOM")).await;
    assert_eq!(messages(&heard), ["join refused"]);
    let none = owner
        .get(&format!("{logs}?source=realtime&level=error"))
        .await;
    assert!(messages(&none).is_empty());

    let database = world.app.reference.database();
    let line = |database: &str, words: &str| {
        format!("2026-01-31 12:00:00.000 UTC [7] {database} somebody ERROR:  {words}\n")
    };
    let text = [
        line(&database, "ours"),
        line("app_other", "another application's"),
        line(&database, "ours, too"),
    ]
    .concat();
    std::fs::write(&world.log, text).unwrap();
    let said = owner.get(&format!("{logs}?source=postgres")).await;
    assert_eq!(messages(&said), ["ours, too", "ours"]);
    assert_ne!(said[0]["id"], said[1]["id"]);
    // An application whose database has no audit log has none to show.
    let none = owner.get(&format!("{logs}?source=auth")).await;
    assert!(messages(&none).is_empty());
    world.close().await;
}

#[tokio::test]
async fn auth_is_read_from_its_audit_log() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let admin = world.app.database.admin_config();
    let (client, _) = hearth_pg::connect::connect(&admin).await.unwrap();
    client
        .batch_execute(
            r#"create table auth.audit_log_entries (instance_id uuid, id uuid not null,
                 payload json, created_at timestamptz, ip_address varchar(64) not null default '');
               alter table auth.audit_log_entries owner to supabase_auth_admin;
               insert into auth.audit_log_entries (id, payload, created_at, ip_address) values
                 (gen_random_uuid(), '{"action":"login","actor_username":"a@b.c"}', now(), '::1'),
                 (gen_random_uuid(), '{"action":"logout","actor_id":"7"}', now() - '1 s'::interval, '')"#,
        )
        .await
        .unwrap();
    let logs = format!("/apps/{}/logs?source=auth", world.app.reference);
    let all = owner.get(&logs).await;
    assert_eq!(messages(&all), ["login a@b.c", "logout 7"]);
    assert_eq!(all[0]["details"]["ip_address"], "::1");
    let found = owner.get(&format!("{logs}&q=log%25t")).await;
    assert!(messages(&found).is_empty(), "a percent sign is only itself");
    let found = owner.get(&format!("{logs}&q=A%40B")).await;
    assert_eq!(messages(&found), ["login a@b.c"]);
    drop(client);
    world.close().await;
}

#[tokio::test]
async fn reports_reach_behind_the_last_start() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    for (service, status) in [("rest", 200), ("auth", 400), ("rest", 503)] {
        answer(&world, service, status, None);
    }
    let reports = format!("/apps/{}/reports", world.app.reference);
    let sum = |report: &Value, key: &str| -> i64 {
        let series = report["series"].as_array().unwrap();
        series.iter().map(|step| step[key].as_i64().unwrap()).sum()
    };
    let counts = |report: &Value| ["requests", "refused", "errors"].map(|key| sum(report, key));
    let report = owner.get(&reports).await;
    assert_eq!(counts(&report), [3, 1, 1]);
    let last = report["series"].as_array().unwrap().last().unwrap();
    assert!(last["database_size"].as_i64().unwrap() > 0);
    assert_eq!(last["latency_p99_ms"], 5);

    // Written twice, as every minute, and read once.
    world.registry.keep_activity().await.unwrap();
    world.registry.keep_activity().await.unwrap();
    assert_eq!(counts(&owner.get(&reports).await), [3, 1, 1]);
    // What this run has written is what another run finds.
    let control = world.registry.control().await.unwrap();
    control
        .batch_execute("update hearth.activity set run = gen_random_uuid()")
        .await
        .unwrap();
    assert_eq!(counts(&owner.get(&reports).await), [6, 2, 2]);
    let old = "insert into hearth.activity (app, at, run, requests, refused, failed, latencies)
        values ($1, now() - $2::text::interval, gen_random_uuid(), '{\"rest\": 10}', 0, 0, '{10}')";
    let app = world.app.reference.as_str();
    for age in ["3 hours", "3 days", "9 days"] {
        control.execute(old, &[&app, &age]).await.unwrap();
    }
    let day = owner.get(&format!("{reports}?range=24h")).await;
    assert_eq!(
        (sum(&day, "requests"), &day["step_seconds"]),
        (16, &json!(900))
    );
    let week = owner.get(&format!("{reports}?range=7d")).await;
    assert_eq!(sum(&week, "requests"), 26);
    // What is too old goes.
    world.registry.keep_activity().await.unwrap();
    let count = "select count(*) from hearth.activity where at < now() - '8 days'::interval";
    let left: i64 = control.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(left, 0);
    let refused = owner
        .refused("GET", &format!("{reports}?range=9y"), Value::Null)
        .await;
    assert_eq!(refused, (400, "invalid_value".to_owned()));
    drop(control);
    world.close().await;
}

#[tokio::test]
async fn migrations_of_hearth_and_of_the_supabase_cli_are_told() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let path = format!("/apps/{}/migrations", world.app.reference);
    let before = owner.get(&path).await;
    assert_eq!(before["hearth"][0]["service"], "bootstrap");
    assert_eq!(before["hearth"][0]["name"], "schemas");
    assert_eq!(before["supabase"], Value::Null);
    let sql = "create schema supabase_migrations;
        create table supabase_migrations.schema_migrations
            (version text primary key, statements text[], name text);
        insert into supabase_migrations.schema_migrations values
            ('20260101000000', '{\"create table a ()\",\"create table b ()\"}', 'first'),
            ('20260102000000', null, null)";
    let query = format!("/apps/{}/pg/query", world.app.reference);
    owner.must("POST", &query, json!({ "query": sql })).await;
    let after = owner.get(&path).await;
    assert_eq!(after["supabase"][0]["version"], "20260102000000");
    assert_eq!(
        after["supabase"][1],
        json!({"version": "20260101000000", "name": "first",
               "statements": ["create table a ()", "create table b ()"]})
    );
    world.close().await;
}

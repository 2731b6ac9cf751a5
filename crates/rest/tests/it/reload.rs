//! The schema cache follows DDL without anybody's help.

use axum::body::Body;
use hearth_apps::AppSettings;
use hearth_rest::Rest;
use http::Request;

use crate::scenario::{orchestra, send};

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ddl_just_made_answers_at_once() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let ask = async |path: &str| send(&router, app.anon(), get(path)).await;
    assert_eq!(ask("/clubs?limit=1").await.status, 200);
    for round in 0..5 {
        let table = format!("fresh_{round}");
        assert_eq!(ask(&format!("/{table}")).await.status, 404);
        app.sql(&format!(
            "create table {table} (id int primary key, club_id int references clubs)"
        ))
        .await
        .unwrap();
        assert_eq!(ask(&format!("/{table}")).await.status, 200);
        assert_eq!(
            ask(&format!("/clubs?select=id,{table}(id)&limit=1"))
                .await
                .status,
            200
        );
        app.sql(&format!(
            "create function f_{round}() returns int language sql as 'select 1'"
        ))
        .await
        .unwrap();
        assert_eq!(ask(&format!("/rpc/f_{round}")).await.body, "1");
    }
    app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_columns_do_not_trip_prepared_statements() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let ask = async |path: &str| send(&router, app.anon(), get(path)).await;
    for _ in 0..3 {
        assert_eq!(
            ask("/venues?id=eq.1").await.body,
            r#"[{"id":1,"name":"Hall"}]"#
        );
    }
    app.sql("alter table venues add size int default 5")
        .await
        .unwrap();
    assert_eq!(
        ask("/venues?id=eq.1").await.body,
        r#"[{"id":1,"name":"Hall","size":5}]"#
    );
    app.sql("alter table venues alter size type text")
        .await
        .unwrap();
    assert_eq!(
        ask("/venues?size=eq.5&select=size&limit=1").await.body,
        r#"[{"size":"5"}]"#
    );
    app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_the_login_are_configuration() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let ask = async |path: &str| send(&router, app.anon(), get(path)).await;
    assert_eq!(ask("/clubs?select=count()").await.status, 400);
    let root = app.superuser().await.unwrap();
    let database = app.app.database.name();
    root.batch_execute(&format!(
        "alter role authenticator in database \"{database}\" set pgrst.db_aggregates_enabled = 'true';
         notify pgrst, 'reload config'"
    ))
    .await
    .unwrap();
    // A miss waits for what was notified before it.
    assert_eq!(ask("/no_such_table").await.status, 404);
    assert_eq!(ask("/clubs?select=count()").await.body, r#"[{"count":3}]"#);
    app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_are_replaced() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let ask = async |path: &str| send(&router, app.anon(), get(path)).await;
    assert_eq!(ask("/venues?id=eq.1").await.status, 200);
    let root = app.superuser().await.unwrap();
    root.batch_execute(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
    assert_eq!(ask("/venues?id=eq.1").await.status, 200);
    // The listener comes back too, and hears what happened meanwhile.
    app.sql("create table after_the_loss (id int primary key)")
        .await
        .unwrap();
    assert_eq!(ask("/after_the_loss").await.status, 200);
    app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_function_leaves_in_its_session_does_not_reach_the_next_request() {
    let app = orchestra(AppSettings::default()).await;
    app.sql(
        "create function leave() returns void language plpgsql as $$
         begin
           perform set_config('app.user', 'alice', false);
           perform set_config('timezone', 'Asia/Tokyo', false);
           perform pg_advisory_lock(42);
           create temp table clubs as select 'alice' as name;
         end $$;
         create view look as select
           coalesce(current_setting('app.user', true), '') as user,
           current_setting('timezone') as zone,
           to_regclass('pg_temp.clubs') as clubs,
           (select count(*) from pg_locks where locktype = 'advisory'
              and pid = pg_backend_pid()) as locks",
    )
    .await
    .unwrap();
    let router = hearth_rest::router(Rest::new());
    let before = send(&router, app.anon(), get("/look")).await.body;
    // The second call waits for nothing of the first, and can make its table anew.
    for _ in 0..2 {
        let left = send(&router, app.anon(), get("/rpc/leave")).await;
        assert_eq!(
            left.status, 405,
            "a volatile function writes: {}",
            left.body
        );
        let post = http::Request::post("/rpc/leave").body(axum::body::Body::empty());
        let left = send(&router, app.anon(), post.unwrap()).await;
        assert_eq!(left.status, 204, "{}", left.body);
        assert_eq!(send(&router, app.anon(), get("/look")).await.body, before);
    }
    app.drop_database().await.unwrap();
}

//! What the owner of one application can do to the others and to the server.

use serde_json::Value;
use tokio_postgres::NoTls;

use crate::server::{Running, http_status, temp_dir};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn url<'a>(status: &'a Value, name: &str) -> &'a str {
    status[name].as_str().unwrap()
}

async fn execute(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let done = client.batch_execute(sql).await;
    drop(client);
    let _ = connection.await;
    done
}

#[test]
fn an_owner_gets_into_no_other_database() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &[]);
    server.must(&["apps", "create", "other", "--ref", "other"]);
    let status = server.status(None);
    let own = url(&status, "DB_URL");
    let address = own.rsplit_once('/').unwrap().0;
    block_on(async {
        execute(own, "select 1").await.unwrap();
        let others = [
            "postgres",
            "template1",
            "hearth",
            "hearth_template",
            "app_other",
        ];
        for database in others {
            let refused = execute(&format!("{address}/{database}"), "select 1").await;
            let code = refused
                .expect_err(database)
                .code()
                .unwrap()
                .code()
                .to_owned();
            assert_eq!(code, "42501", "{database}");
        }
    });
}

#[test]
fn an_application_that_cannot_be_migrated_keeps_no_other_one_from_starting() {
    let dir = temp_dir();
    let mut server = Running::start(dir.path(), &[]);
    server.must(&["apps", "create", "broken", "--ref", "broken"]);
    let broken = server.status(Some("broken"));
    let admin = url(&broken, "ADMIN_DB_URL").to_owned();
    let inside = admin.replace("/postgres", "/app_broken");
    let control = admin.replace("/postgres", "/hearth");
    block_on(async {
        // As an older Hearth would leave it, and with a function that cannot be replaced.
        let owner = "drop function realtime.topic() cascade;
             set role supabase_realtime_admin;
             create function realtime.topic() returns int language sql as 'select 1'";
        execute(url(&broken, "DB_URL"), owner).await.unwrap();
        execute(
            &inside,
            "delete from hearth.migrations where name = 'topic'",
        )
        .await
        .unwrap();
        execute(
            &control,
            "update hearth.apps set schema_fingerprint = 'older'",
        )
        .await
        .unwrap();
    });
    server.signal("TERM");
    server.wait();
    server.start_again();
    assert!(server.log().contains("could not be migrated"));
    let health = format!("{}/auth/v1/health", server.url);
    assert_eq!(http_status(&health), Some(200));
}

/// The roles of requests are shared by all applications of a cluster, and any of them can change
/// their settings: those must not reach the others' requests.
#[test]
fn settings_of_shared_roles_and_many_connections_stop_no_other_application() {
    let dir = temp_dir();
    let server = Running::start(dir.path(), &[]);
    server.must(&["apps", "create", "other", "--ref", "other"]);
    let status = server.status(Some("other"));
    let owner = url(&status, "DB_URL");
    block_on(execute(
        owner,
        "set role anon; alter role anon set statement_timeout = 1",
    ))
    .unwrap();
    let slow = "create function slow() returns int language sql as \
                'select 1 from (select pg_sleep(0.2)) as s'";
    server.must(&["sql", "-c", slow]);
    let status = server.status(None);
    let answer = block_on(async {
        let address = format!("{}/rest/v1/rpc/slow", server.url);
        let request = reqwest::Client::new().get(address);
        let answer = request.header("apikey", url(&status, "ANON_KEY")).send();
        answer.await.unwrap().text().await.unwrap()
    });
    assert_eq!(answer, "1");
    let limit = "select 'limit ' || rolconnlimit from pg_roles where rolname = current_user";
    assert!(server.must(&["sql", "-c", limit]).contains("limit 60"));
}

//! Whole transactions in one round trip: rights hold for one transaction, errors roll it back, and
//! the connection serves the next caller as if nothing had been.

use std::sync::Arc;
use std::time::Duration;

use hearth_pg::scope::{Access, RequestSettings, Rights};
use hearth_pg::{Footprint, PgError, Server, TextParam, WireClient, WirePool, Work};
use hearth_testkit::TestApp;
use tokio_postgres::Config;
use tokio_postgres::types::ToSql;

pub(crate) const ANON: &str = r#"{"role":"anon","sub":"1"}"#;

pub(crate) async fn app(sql: &str) -> (TestApp, Config) {
    let app = TestApp::create(&[]).await.unwrap();
    app.sql(sql).await.unwrap();
    let config = config(app.app.database.server(), app.app.database.name());
    (app, config)
}

fn config(server: &Server, database: &str) -> Config {
    let mut config = server.config(&hearth_pg::Login::Authenticator, database);
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    config
}

pub(crate) fn anon(claims: &str) -> Rights<'_> {
    Rights {
        role: "anon",
        claims,
        search_path: "\"public\"",
        request: RequestSettings {
            method: "GET",
            path: "/x",
            headers: "{}",
            cookies: "{}",
        },
    }
}

pub(crate) fn work<'a>(access: Access, rights: Rights<'a>, sql: &'a str) -> Work<'a> {
    Work {
        access,
        rights,
        footprint: Footprint::Open,
        sql,
        params: &[],
    }
}

async fn text(
    client: &mut WireClient,
    access: Access,
    claims: &str,
    sql: &str,
    params: &[TextParam<'_>],
) -> Result<Vec<Option<String>>, PgError> {
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
    let work = Work {
        params: &params,
        ..work(access, anon(claims), sql)
    };
    let rows = client.transaction(&work).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

async fn one(client: &mut WireClient, sql: &str) -> Option<String> {
    text(client, Access::ReadWrite, ANON, sql, &[])
        .await
        .unwrap()
        .remove(0)
}

fn state(result: Result<Vec<Option<String>>, PgError>) -> String {
    result.unwrap_err().sqlstate().unwrap().code().to_owned()
}

#[tokio::test]
async fn rights_are_in_force_and_end_with_the_transaction() {
    let (_app, config) = app("select 1").await;
    let mut client = WireClient::connect(&config).await.unwrap();
    let seen = "select current_user || current_setting('request.jwt.claims') \
                || current_setting('request.path')";
    for claims in [ANON, r#"{"role":"anon","sub":"它's 2"}"#] {
        let rows = text(&mut client, Access::ReadOnly, claims, seen, &[])
            .await
            .unwrap();
        assert_eq!(rows[0].as_deref(), Some(format!("anon{claims}/x").as_str()));
    }
    // Something that runs without settings of its own finds nothing of the callers before.
    let rights = Rights {
        role: "none",
        claims: "",
        ..anon("")
    };
    let sql =
        "select current_user::text || coalesce(current_setting('request.jwt.claims', true), '')";
    let rows = client
        .transaction(&work(Access::ReadWrite, rights, sql))
        .await
        .unwrap();
    let login = config.get_user().unwrap();
    assert_eq!(rows[0].try_get::<String>(0).unwrap(), login);
}

#[tokio::test]
async fn an_error_rolls_everything_back_and_the_connection_goes_on() {
    let (_app, config) = app(
        "create table notes (id int primary key, body text check (body <> 'bad'));
         alter table notes enable row level security;
         create policy p on notes using (true) with check (body <> 'secret');
         create table later (id int, unique (id) deferrable initially deferred);",
    )
    .await;
    let mut client = WireClient::connect(&config).await.unwrap();
    let insert = "insert into public.notes values ($1, $2) returning body";
    let mut add = async |id: &'static str, body: &'static str, access| {
        let params = [TextParam::new(id), TextParam::new(body)];
        text(&mut client, access, ANON, insert, &params).await
    };
    // Refused by the very first use, which also prepares: what was prepared stays usable.
    assert_eq!(state(add("1", "ok", Access::ReadOnly).await), "25006");
    assert_eq!(
        add("1", "ok", Access::ReadWrite).await.unwrap(),
        [Some("ok".to_owned())]
    );
    assert_eq!(state(add("1", "ok", Access::ReadWrite).await), "23505");
    assert_eq!(state(add("2", "bad", Access::ReadWrite).await), "23514");
    assert_eq!(state(add("2", "secret", Access::ReadWrite).await), "42501");
    assert_eq!(state(add("x", "ok", Access::ReadWrite).await), "22P02");
    assert_eq!(
        one(&mut client, "select count(*)::text from notes")
            .await
            .as_deref(),
        Some("1")
    );
    // Refused by the commit, after the statement itself went well.
    let twice = "insert into later values (1), (1) returning 'sent'";
    let refused = text(&mut client, Access::ReadWrite, ANON, twice, &[]).await;
    assert_eq!(state(refused), "23505");
    assert_eq!(
        one(&mut client, "select count(*)::text from later")
            .await
            .as_deref(),
        Some("0")
    );
    let missing = text(
        &mut client,
        Access::ReadWrite,
        ANON,
        "select * from absent",
        &[],
    )
    .await;
    match missing.unwrap_err() {
        PgError::Server(error) => {
            assert_eq!(error.message, "relation \"absent\" does not exist");
            assert_eq!(error.severity, "ERROR");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn values_of_all_sizes_come_back() {
    let (_app, config) = app("select 1").await;
    let mut client = WireClient::connect(&config).await.unwrap();
    let long = "长".repeat(300_000);
    let sql = "select $1::text";
    for value in [
        TextParam::new(long.as_str()),
        TextParam::new(""),
        TextParam::null(),
    ] {
        let expected = value.0.as_deref().map(str::to_owned);
        let rows = text(&mut client, Access::ReadOnly, ANON, sql, &[value])
            .await
            .unwrap();
        assert_eq!(rows, [expected]);
    }
    let many = "select n::text from generate_series(1, 5000) n";
    let rows = text(&mut client, Access::ReadOnly, ANON, many, &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 5000);
    assert_eq!(rows[4999].as_deref(), Some("5000"));
}

#[tokio::test]
async fn forgotten_statements_are_prepared_anew() {
    let (app, config) = app("create table t (a int); insert into t values (1)").await;
    let mut client = WireClient::connect(&config).await.unwrap();
    client.use_schema(1, &Arc::default()).await.unwrap();
    let sql = "select to_json(t)::text from t";
    assert_eq!(one(&mut client, sql).await.as_deref(), Some("{\"a\":1}"));
    assert!(client.is_prepared(sql));
    app.sql("alter table t add b int").await.unwrap();
    client.use_schema(2, &Arc::default()).await.unwrap();
    assert!(!client.is_prepared(sql));
    assert_eq!(
        one(&mut client, sql).await.as_deref(),
        Some("{\"a\":1,\"b\":null}")
    );
    // More shapes than a connection keeps.
    for n in 0..300 {
        assert_eq!(
            one(&mut client, &format!("select '{n}'")).await,
            Some(n.to_string())
        );
    }
    assert!(!client.is_prepared(sql));
}

#[tokio::test]
async fn statements_that_users_code_dropped_are_prepared_anew() {
    let (_app, config) = app("create function drop_all() returns text language plpgsql as
           $$ begin deallocate all; return 'dropped'; end $$")
    .await;
    let mut client = WireClient::connect(&config).await.unwrap();
    let sql = "select 'mine'";
    assert_eq!(one(&mut client, sql).await.as_deref(), Some("mine"));
    let dropped = one(&mut client, "select public.drop_all()").await;
    assert_eq!(dropped.as_deref(), Some("dropped"));
    assert_eq!(
        state(text(&mut client, Access::ReadWrite, ANON, sql, &[]).await),
        "26000"
    );
    client.forget_statements();
    assert_eq!(one(&mut client, sql).await.as_deref(), Some("mine"));
}

#[tokio::test]
async fn a_call_given_up_half_way_leaves_no_answer_for_the_next() {
    let (_app, config) = app("select 1").await;
    let pool = WirePool::new(config, 1, Duration::from_secs(10));
    let mut conn = pool.get().await.unwrap();
    let slow = text(
        &mut conn,
        Access::ReadOnly,
        ANON,
        "select pg_sleep(0.3)::text",
        &[],
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(50), slow)
            .await
            .is_err()
    );
    drop(conn);
    let mut conn = pool.get().await.unwrap();
    assert_eq!(
        one(&mut conn, "select 'mine'").await.as_deref(),
        Some("mine")
    );
    assert_eq!(pool.usage().0, 1);
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced() {
    let (app, config) = app("select 1").await;
    let pool = WirePool::new(config, 2, Duration::from_secs(10));
    let mut conn = pool.get().await.unwrap();
    let pid = one(&mut conn, "select pg_backend_pid()::text")
        .await
        .unwrap();
    drop(conn);
    let admin = app.app.database.admin_config();
    let (admin, _task) = hearth_pg::connect::connect(&admin).await.unwrap();
    let end = format!("select pg_terminate_backend({pid}, 5000)");
    admin.simple_query(&end).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut conn = pool.get().await.unwrap();
    let other = one(&mut conn, "select pg_backend_pid()::text")
        .await
        .unwrap();
    assert_ne!(pid, other);
    // In the middle of a statement it is an error that says the database is away.
    let own = format!("select pg_terminate_backend({other})::text");
    let (ended, lost) = (async { admin.simple_query(&own).await }, async {
        text(
            &mut conn,
            Access::ReadOnly,
            ANON,
            "select pg_sleep(10)::text",
            &[],
        )
        .await
    });
    let (lost, ended) = tokio::join!(lost, ended);
    ended.unwrap();
    assert!(lost.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_wrong_password_or_port_says_so() {
    let (_app, mut config) = app("select 1").await;
    config.password("wrong");
    let refused = WireClient::connect(&config).await.err().unwrap();
    assert!(!refused.is_unavailable(), "{refused}");
    let mut nowhere = Config::new();
    nowhere.host("127.0.0.1").port(1).user("x");
    assert!(
        WireClient::connect(&nowhere)
            .await
            .err()
            .unwrap()
            .is_unavailable()
    );
}

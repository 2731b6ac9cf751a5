//! An application made from the template behaves as the tutorial expects of it.

use hearth_testkit::TestApp;

#[tokio::test]
async fn owner_runs_ddl_and_anon_reads_it_without_grants() {
    let app = TestApp::create(&[]).await.unwrap();
    app.sql("create table t (id int primary key); insert into t values (1)")
        .await
        .unwrap();
    app.sql("alter publication supabase_realtime add table t")
        .await
        .unwrap();
    let conn = app.app.database.caller().await.unwrap();
    let rights = hearth_pg::Rights {
        role: "anon",
        claims: "{\"role\":\"anon\"}",
        search_path: "\"public\"",
        request: Default::default(),
    };
    for _ in 0..2 {
        let rows = hearth_pg::scope::run(
            &conn,
            hearth_pg::Access::ReadOnly,
            &rights,
            "select id, current_user::text, current_setting('request.jwt.claims') from t",
            &[],
        )
        .await
        .unwrap();
        assert_eq!(rows[0].get::<_, i32>(0), 1);
        assert_eq!(rows[0].get::<_, &str>(1), "anon");
        assert_eq!(rows[0].get::<_, &str>(2), "{\"role\":\"anon\"}");
    }
    let row = conn
        .query_one("select current_user::text", &[])
        .await
        .unwrap();
    assert_eq!(
        row.get::<_, &str>(0),
        "authenticator",
        "rights end with the transaction"
    );
    drop(conn);
    app.drop_database().await.unwrap();
}

#[tokio::test]
async fn an_abandoned_transaction_is_rolled_back_before_the_connection_is_used_again() {
    let app = TestApp::create(&[]).await.unwrap();
    app.sql("create table t (id int primary key)")
        .await
        .unwrap();
    let conn = app.app.database.caller().await.unwrap();
    let rights = hearth_pg::Rights {
        role: "service_role",
        claims: "{}",
        search_path: "\"public\"",
        request: Default::default(),
    };
    let scoped = hearth_pg::Scoped::begin(&conn, hearth_pg::Access::ReadWrite, &rights)
        .await
        .unwrap();
    scoped
        .execute("insert into t values (1)", &[])
        .await
        .unwrap();
    drop(scoped);
    let row = conn
        .query_one("select current_user::text", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "authenticator");
    app.sql("insert into t values (1)").await.unwrap();
    drop(conn);
    app.drop_database().await.unwrap();
}

#[tokio::test]
async fn one_applications_owner_cannot_reach_another_application() {
    let (a, b) = (
        TestApp::create(&[]).await.unwrap(),
        TestApp::create(&[]).await.unwrap(),
    );
    let mut config = b.app.database.admin_config();
    config
        .user(a.app.reference.owner_role())
        .password(a.owner_password.expose());
    let refused = config.connect(tokio_postgres::NoTls).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "42501");
    for sql in [
        "copy (select 1) to program 'true'",
        "select pg_read_file('/etc/passwd')",
        "alter role current_user superuser",
        "set role authenticator",
        "set role hearth_service",
        "set role supabase_admin",
        "create extension dblink",
    ] {
        assert!(a.sql(sql).await.is_err(), "{sql}");
    }
    a.drop_database().await.unwrap();
    b.drop_database().await.unwrap();
}

//! An application made from the template behaves as the tutorial expects of it.

use hearth_apps::database::ServiceRole;
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
        app.login(),
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
    assert_eq!(row.get::<_, &str>(0), app.login());
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

/// Users' functions run in the sessions of Hearth's logins and can become them: that must give
/// nothing away of any other application.
#[tokio::test]
async fn code_that_becomes_its_login_reaches_no_other_application() {
    let (a, b) = (
        TestApp::create(&[]).await.unwrap(),
        TestApp::create(&[]).await.unwrap(),
    );
    a.sql(
        "create function take(role text) returns text language plpgsql as $$
         begin
           perform set_config('role', role, true);
           execute format('alter role %I password %L', current_user, 'taken');
           return current_user;
         end $$",
    )
    .await
    .unwrap();
    let rights = hearth_pg::Rights {
        role: "anon",
        claims: "{}",
        search_path: "public",
        request: Default::default(),
    };
    let mut taken = Vec::new();
    let caller = a.app.database.caller().await.unwrap();
    let service = a.app.database.service(ServiceRole::Auth).await.unwrap();
    let connections: [&hearth_pg::PgClient; 2] = [&caller, &service];
    for connection in connections {
        for role in ["none", "authenticator", "hearth_service", "supabase_admin"] {
            let access = hearth_pg::Access::ReadWrite;
            let sql = "select take($1)";
            if let Ok(rows) =
                hearth_pg::scope::run(connection, access, &rights, sql, &[&role]).await
            {
                taken.push(rows[0].get::<_, String>(0));
            }
        }
        let others = "select count(*) from pg_stat_activity
             where datname <> current_database() and usename = session_user";
        let others = connection.query_one(others, &[]).await.unwrap();
        assert_eq!(others.get::<_, i64>(0), 0, "sessions of other applications");
    }
    assert_eq!(taken.len(), 2, "{taken:?}");
    for login in taken {
        let mut config = b.app.database.admin_config();
        config.user(&login).password("taken");
        let refused = config.connect(tokio_postgres::NoTls).await.err().unwrap();
        assert_eq!(refused.code().unwrap().code(), "42501", "{login}");
    }
    drop(caller);
    drop(service);
    a.drop_database().await.unwrap();
    b.drop_database().await.unwrap();
}

#[tokio::test]
async fn a_deleted_application_leaves_no_login() {
    let app = TestApp::create(&[]).await.unwrap();
    let other = TestApp::create(&[]).await.unwrap();
    let database = app.app.database.name().to_owned();
    app.drop_database().await.unwrap();
    let root = other.superuser().await.unwrap();
    let left = root
        .query_one(
            "select count(*) from pg_roles where strpos(rolname, $1) > 0",
            &[&database],
        )
        .await
        .unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
    other.drop_database().await.unwrap();
}

#[tokio::test]
async fn functions_of_callers_may_use_temporary_tables() {
    let app = TestApp::create(&[]).await.unwrap();
    app.sql(
        "create function count_up() returns bigint language plpgsql as $$
         begin
           create temp table seen on commit drop as select generate_series(1, 3) as n;
           return (select sum(n) from seen);
         end $$",
    )
    .await
    .unwrap();
    let rights = hearth_pg::Rights {
        role: "anon",
        claims: "{}",
        search_path: "public",
        request: Default::default(),
    };
    let conn = app.app.database.caller().await.unwrap();
    for _ in 0..2 {
        let access = hearth_pg::Access::ReadWrite;
        let rows = hearth_pg::scope::run(&conn, access, &rights, "select count_up()", &[])
            .await
            .unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), 6);
    }
    drop(conn);
    app.drop_database().await.unwrap();
}

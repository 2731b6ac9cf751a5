//! Connections serve one caller after the other, and keep role and claims where that is safe: nobody
//! may ever be taken for somebody else, and nothing that users' code leaves reaches the next request.

use axum::body::Body;
use hearth_apps::{AppSettings, RequestContext};
use hearth_rest::Rest;
use hearth_testkit::TestApp;
use http::Request;

use crate::scenario::{Answer, orchestra, send};

const ADA: &str = "00000000-0000-0000-0000-00000000000a";
const BOB: &str = "00000000-0000-0000-0000-00000000000b";

struct Server {
    app: TestApp,
    router: axum::Router,
}

impl Server {
    async fn with(sql: &str) -> Self {
        let app = orchestra(AppSettings::default()).await;
        // What the users' service brings along.
        let claims = include_str!("../../../auth/functions/claims.sql");
        let root = app.superuser().await.unwrap();
        root.batch_execute(&format!(
            "begin; create schema if not exists auth;
             grant all on schema auth to supabase_auth_admin;
             grant usage on schema auth to anon, authenticated, service_role, postgres;
             {claims} commit"
        ))
        .await
        .unwrap();
        app.sql(sql).await.unwrap();
        let router = hearth_rest::router(Rest::new());
        Self { app, router }
    }

    async fn get(&self, who: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        send(&self.router, self.who(who), request).await
    }

    async fn post(&self, who: &str, path: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        send(&self.router, self.who(who), request).await
    }

    fn who(&self, who: &str) -> RequestContext {
        match who {
            "anon" => self.app.anon(),
            "service" => self.app.service(),
            user => self.app.user(user),
        }
    }
}

const OWNED: &str = "
    create table owned (id int primary key, owner uuid default auth.uid(), label text);
    alter table owned enable row level security;
    create policy own on owned using (owner = (select auth.uid()));
    insert into owned values
      (1, '00000000-0000-0000-0000-00000000000a', 'of ada'),
      (2, '00000000-0000-0000-0000-00000000000b', 'of bob');";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_take_turns_see_their_own() {
    let server = Server::with(OWNED).await;
    let all = r#"[{"label":"of ada"}, 
 {"label":"of bob"}]"#;
    for _ in 0..5 {
        for (who, expected) in [
            (ADA, r#"[{"label":"of ada"}]"#),
            (BOB, r#"[{"label":"of bob"}]"#),
            ("anon", "[]"),
            (ADA, r#"[{"label":"of ada"}]"#),
            ("service", all),
        ] {
            let answer = server.get(who, "/owned?select=label&order=id", &[]).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, expected));
        }
    }
    // Twice refused, and once let in: an error in between changes nothing.
    let foreign = r#"{"id":3,"owner":"00000000-0000-0000-0000-00000000000a"}"#;
    for _ in 0..2 {
        assert_eq!(server.post(BOB, "/owned", foreign).await.status, 403);
        let seen = server.get(BOB, "/owned?select=id", &[]).await;
        assert_eq!(seen.body, r#"[{"id":2}]"#);
    }
    assert_eq!(server.post(BOB, "/owned", r#"{"id":4}"#).await.status, 201);
    let seen = server.get(ADA, "/owned?select=id", &[]).await;
    assert_eq!(seen.body, r#"[{"id":1}]"#);
    server.app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_the_same_time_see_their_own() {
    let server = std::sync::Arc::new(Server::with(OWNED).await);
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let server = server.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let (who, label) = [(ADA, "of ada"), (BOB, "of bob")][n % 2];
                    let answer = server.get(who, "/owned?select=label", &[]).await;
                    assert_eq!(answer.body, format!(r#"[{{"label":"{label}"}}]"#));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_users_code_sets_for_good_is_gone_for_the_next() {
    let server = Server::with(&format!(
        "{OWNED}
         create function pretend() returns boolean language plpgsql as $$
         begin
           perform set_config('request.jwt.claims', '{{\"sub\":\"{BOB}\"}}', false);
           perform set_config('role', 'service_role', false);
           perform set_config('search_path', 'nowhere', false);
           perform set_config('timezone', 'Asia/Tokyo', false);
           perform set_config('app.left', 'something', false);
           perform pg_advisory_lock(7);
           return true;
         end $$;
         create table haunted (id int primary key, label text);
         alter table haunted enable row level security;
         create policy haunted on haunted using (pretend());
         insert into haunted values (1, 'boo');
         create view spooky as select pretend() as done;
         create table cursed (id int primary key);
         create function on_insert() returns trigger language plpgsql as
           $$ begin perform pretend(); return new; end $$;
         create trigger cursed before insert on cursed for each row execute function on_insert();
         create view state as select
           current_user as who, current_setting('timezone') as zone,
           coalesce(current_setting('app.left', true), '') as left,
           (select count(*) from pg_locks where locktype = 'advisory' and database =
              (select oid from pg_database where datname = current_database())) as locks"
    ))
    .await;
    let state = server.get("anon", "/state", &[]).await.body;
    assert_eq!(
        state,
        r#"[{"who":"anon","zone":"UTC","left":"","locks":0}]"#
    );
    for round in 0..3 {
        for haunting in ["/haunted", "/spooky", "/rpc/pretend"] {
            assert_eq!(
                server.get(ADA, haunting, &[]).await.status,
                200,
                "{haunting}"
            );
            let seen = server.get(ADA, "/owned?select=label", &[]).await;
            assert_eq!(seen.body, r#"[{"label":"of ada"}]"#, "after {haunting}");
            assert_eq!(
                server.get("anon", "/state", &[]).await.body,
                state,
                "after {haunting}"
            );
            assert_eq!(server.get("anon", "/owned", &[]).await.body, "[]");
        }
        let body = format!(r#"{{"id":{round}}}"#);
        assert_eq!(server.post(ADA, "/cursed", &body).await.status, 201);
        assert_eq!(server.get("anon", "/owned", &[]).await.body, "[]");
        assert_eq!(server.get("anon", "/state", &[]).await.body, state);
    }
    server.app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_of_a_request_is_of_this_request() {
    let server = Server::with(&format!(
        "{OWNED}
         create view asked as select
           current_setting('request.headers', true)::json->>'x-who' as header,
           current_setting('request.path', true) as path,
           current_setting('request.jwt.claims', true)::json->>'role' as role;
         create table by_header (id int primary key, label text);
         alter table by_header enable row level security;
         create policy named on by_header using
           (label = current_setting('request.headers', true)::json->>'x-who');
         insert into by_header values (1, 'one'), (2, 'two')"
    ))
    .await;
    for _ in 0..3 {
        for (who, name, role) in [("anon", "one", "anon"), (ADA, "two", "authenticated")] {
            let named = [("x-who", name)];
            let expected = format!(r#"[{{"header":"{name}","path":"/asked","role":"{role}"}}]"#);
            assert_eq!(server.get(who, "/asked", &named).await.body, expected);
            let expected = format!(r#"[{{"label":"{name}"}}]"#);
            let seen = server.get(who, "/by_header?select=label", &named).await;
            assert_eq!(seen.body, expected);
            assert_eq!(server.get(who, "/owned?id=eq.2", &[]).await.body, "[]");
        }
        let unnamed = server.get("anon", "/by_header", &[]).await;
        assert_eq!(unnamed.body, "[]");
    }
    server.app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_comes_later_is_asked_as_any() {
    let server = Server::with(
        "create table later (id int primary key, label text);
         insert into later values (1, 'one'), (2, 'two')",
    )
    .await;
    for _ in 0..3 {
        let all = server.get("anon", "/later?select=id", &[]).await;
        assert_eq!(all.body, "[{\"id\":1}, \n {\"id\":2}]");
    }
    server
        .app
        .sql(
            "create function named() returns text language sql as
               $$ select current_setting('request.headers', true)::json->>'x-who' $$;
             alter table later enable row level security;
             create policy named on later using (label = named())",
        )
        .await
        .unwrap();
    // A miss waits for everything that happened before it.
    assert_eq!(server.get("anon", "/no_such_table", &[]).await.status, 404);
    let seen = server
        .get("anon", "/later?select=id", &[("x-who", "two")])
        .await;
    assert_eq!(seen.body, r#"[{"id":2}]"#);
    assert_eq!(server.get("anon", "/later", &[]).await.body, "[]");
    server.app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_nobody_told_of_makes_nobody_somebody_else() {
    let server = Server::with(&format!(
        "{OWNED}
         create table lured (id int primary key);
         alter table lured enable row level security;
         create policy lures on lured using (true);
         insert into lured values (1);
         create function lure() returns boolean language plpgsql as $$
         begin
           perform set_config('role', 'service_role', false);
           perform set_config('request.jwt.claims', '{{\"sub\":\"{BOB}\"}}', false);
           return true;
         end $$"
    ))
    .await;
    for path in ["/lured", "/owned"] {
        assert_eq!(server.get(ADA, path, &[]).await.status, 200);
    }
    // As in the moment before the change of a schema is heard of.
    let root = server.app.superuser().await.unwrap();
    root.batch_execute(
        "do $$ declare name text; begin
           for name in select evtname from pg_event_trigger loop
             execute format('alter event trigger %I disable', name);
           end loop;
         end $$;
         drop policy lures on lured;
         create policy lures on lured using (lure())",
    )
    .await
    .unwrap();
    for _ in 0..5 {
        assert_eq!(server.get(ADA, "/lured", &[]).await.body, r#"[{"id":1}]"#);
        let seen = server.get(ADA, "/owned?select=label", &[]).await;
        assert_eq!(seen.body, r#"[{"label":"of ada"}]"#);
        assert_eq!(server.get("anon", "/owned", &[]).await.body, "[]");
    }
    server.app.drop_database().await.unwrap();
}

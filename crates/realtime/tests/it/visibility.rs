//! Who sees which rows and columns.

use serde_json::{Value, json};

use crate::client::{Client, Server};

const ALICE: &str = "11111111-1111-4111-8111-111111111111";
const BOB: &str = "22222222-2222-4222-8222-222222222222";

/// The auth service's function, which is not part of these tests' databases.
const AUTH_UID: &str = "create or replace function auth.uid() returns uuid language sql stable as
  $$ select (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid $$";

async fn notes(server: &Server, policy: &str) {
    server
        .app
        .sql(&format!(
            "create table public.notes (id int primary key, owner uuid, body text, secret text);
             alter table public.notes enable row level security;
             {policy}
             alter publication supabase_realtime add table public.notes;"
        ))
        .await
        .unwrap();
}

async fn listen(server: &Server, user: &str) -> Client {
    let mut client = server.connect(server.app.user(user), "2.0.0").await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "notes"}]);
    client.listen("realtime:notes", bindings).await;
    client
}

async fn each_sees_its_own(server: Server) {
    let mut alice = listen(&server, ALICE).await;
    let mut bob = listen(&server, BOB).await;
    let mut admin = server.connect(server.app.service(), "2.0.0").await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "notes"}]);
    admin.listen("realtime:notes", bindings).await;
    server
        .app
        .sql(&format!(
            "insert into notes (id, owner, body) values (1, '{ALICE}', 'a'), (2, '{BOB}', 'b');
             update notes set body = 'c' where id = 2;
             insert into notes (id, owner) values (3, '{ALICE}'), (4, '{BOB}');"
        ))
        .await
        .unwrap();
    let ids = async |client: &mut Client, count: usize| {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(
                client.change().await["data"]["record"]["id"]
                    .as_i64()
                    .unwrap(),
            );
        }
        client.nothing_else("postgres_changes").await;
        ids
    };
    assert_eq!(ids(&mut alice, 2).await, [1, 3]);
    assert_eq!(ids(&mut bob, 3).await, [2, 2, 4]);
    assert_eq!(ids(&mut admin, 5).await, [1, 2, 2, 3, 4]);
    // Nobody can be asked about a row that is gone: its key goes to everyone who listens.
    server
        .app
        .sql("delete from notes where id = 1")
        .await
        .unwrap();
    let data = bob.change().await["data"].take();
    assert_eq!(data["old_record"], json!({"id": 1}));
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_are_asked_per_claims() {
    let server = Server::start().await;
    notes(
        &server,
        "create policy own on public.notes for select to authenticated using (
           owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid);",
    )
    .await;
    each_sees_its_own(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owner_policies_need_no_question() {
    let server = Server::start().await;
    let superuser = server.app.superuser().await.unwrap();
    superuser.batch_execute(AUTH_UID).await.unwrap();
    notes(
        &server,
        "create policy own on public.notes for select to authenticated
           using ((select auth.uid()) = owner);",
    )
    .await;
    each_sees_its_own(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_or_grant_holds_from_the_next_change_on() {
    let server = Server::start().await;
    notes(
        &server,
        "create policy all_of_it on public.notes for select using (true);",
    )
    .await;
    let mut alice = listen(&server, ALICE).await;
    let insert = async |id: i32| {
        let sql = format!("insert into notes (id, body, secret) values ({id}, 'b', 's')");
        server.app.sql(&sql).await.unwrap();
    };
    insert(1).await;
    assert_eq!(alice.change().await["data"]["record"]["secret"], "s");
    server
        .app
        .sql(
            "revoke select on notes from authenticated;
              grant select (id, body, owner) on notes to authenticated;",
        )
        .await
        .unwrap();
    insert(2).await;
    let data = alice.change().await["data"].take();
    assert_eq!(data["record"], json!({"id": 2, "owner": null, "body": "b"}));
    let columns = data["columns"].as_array().unwrap();
    assert!(columns.iter().all(|column| column["name"] != "secret"));

    server
        .app
        .sql("revoke select (id) on notes from authenticated")
        .await
        .unwrap();
    insert(3).await;
    let data = alice.change().await["data"].take();
    assert_eq!(data["errors"], json!(["Error 401: Unauthorized"]));
    assert_eq!(
        (&data["record"], &data["columns"]),
        (&json!({}), &json!([]))
    );
    assert_eq!(data["commit_timestamp"], Value::Null);

    server
        .app
        .sql("grant select on notes to authenticated; drop policy all_of_it on notes;")
        .await
        .unwrap();
    insert(4).await;
    server
        .app
        .sql("create policy again on notes for select using (id > 4)")
        .await
        .unwrap();
    insert(5).await;
    assert_eq!(alice.change().await["data"]["record"]["id"], 5);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_row_is_judged_by_its_old_values() {
    for policy in [
        // Asked of PostgreSQL, and read off the policy.
        "create policy own on public.notes for select to authenticated using (
           owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid
           and exists (select from pg_class where relname = 'notes' and notes.id > 0));",
        "create policy own on public.notes for select to authenticated
           using (auth.uid() = owner);",
    ] {
        let server = Server::start().await;
        let superuser = server.app.superuser().await.unwrap();
        superuser.batch_execute(AUTH_UID).await.unwrap();
        notes(&server, policy).await;
        server
            .app
            .sql(
                "alter table notes replica identity full;
                 revoke select on notes from authenticated;
                 grant select (id, owner, body) on notes to authenticated;",
            )
            .await
            .unwrap();
        let mut alice = listen(&server, ALICE).await;
        let mut bob = listen(&server, BOB).await;
        // A stranger whom no policy knows.
        let mut anon = server.anon("2.0.0").await;
        let bindings = json!([{"event": "*", "schema": "public", "table": "notes"}]);
        anon.listen("realtime:notes", bindings).await;
        // All in one transaction: what is gone at its end was there all the same.
        server
            .app
            .sql(&format!(
                "begin;
                 insert into notes values (1, '{ALICE}', 'a', 's'), (2, '{BOB}', 'b', 's');
                 delete from notes where id = 1;
                 update notes set owner = '{ALICE}' where id = 2;
                 delete from notes where id = 2;
                 commit;"
            ))
            .await
            .unwrap();
        let seen = async |client: &mut Client, count: usize| {
            let mut seen = Vec::new();
            for _ in 0..count {
                let data = client.change().await["data"].take();
                seen.push((data["type"].clone(), data["old_record"].clone()));
            }
            client.nothing_else("postgres_changes").await;
            seen
        };
        let of_alice = seen(&mut alice, 4).await;
        assert_eq!(
            of_alice[1],
            (
                json!("DELETE"),
                json!({"id": 1, "owner": ALICE, "body": "a"})
            )
        );
        assert_eq!(of_alice[2].0, "UPDATE");
        assert_eq!(of_alice[3].1["id"], 2);
        assert_eq!(seen(&mut bob, 1).await[0].0, "INSERT");
        anon.nothing_else("postgres_changes").await;
        server.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_needs_more_than_values_is_asked_about_the_row_in_the_table() {
    let server = Server::start().await;
    notes(
        &server,
        "create function public.is_fine(n public.notes) returns boolean language sql stable
           as 'select n.id > 1';
         create policy fine on public.notes for select using (public.is_fine(notes.*));",
    )
    .await;
    let mut alice = listen(&server, ALICE).await;
    server
        .app
        .sql("insert into notes (id) values (1), (2); delete from notes; insert into notes (id) values (3);")
        .await
        .unwrap();
    // Rows that are gone can be shown only by their key; the second had gone before it was judged
    // or was seen, depending on who was quicker.
    let change = alice
        .expect(|m| m["payload"]["data"]["record"]["id"] == 3)
        .await;
    assert_eq!(change["event"], "postgres_changes");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_column_can_no_longer_be_asked_about_by_a_filter() {
    let server = Server::start().await;
    notes(
        &server,
        "create policy everybody on public.notes for select using (true);",
    )
    .await;
    let mut alice = server.connect(server.app.user(ALICE), "2.0.0").await;
    let table = json!({"event": "*", "schema": "public", "table": "notes"});
    let mut filtered = table.clone();
    filtered["filter"] = json!("secret=eq.x");
    alice.listen("realtime:some", json!([filtered])).await;
    alice.listen("realtime:all", json!([table])).await;
    server
        .app
        .sql("insert into notes (id, secret) values (1, 'x')")
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(alice.change().await["data"]["record"]["id"], 1);
    }
    server
        .app
        .sql(
            "revoke select on notes from authenticated;
             grant select (id) on notes to authenticated;",
        )
        .await
        .unwrap();
    server
        .app
        .sql("insert into notes (id, secret) values (2, 'x'); delete from notes where id = 1;")
        .await
        .unwrap();
    for kind in ["INSERT", "DELETE"] {
        let change = alice.event("postgres_changes").await;
        assert_eq!(change["topic"], "realtime:all");
        assert_eq!(change["payload"]["data"]["type"], kind);
    }
    alice.nothing_else("postgres_changes").await;
    server.finish().await;
}

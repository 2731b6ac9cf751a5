//! The minted token reaches policies.

use hearth_core::Claims;
use hearth_pg::{Access, Rights, scope};
use serde_json::Value;

use crate::client::{Client, claims};

async fn as_user(client: &Client, session: &Value, sql: &str) -> Vec<String> {
    let Value::Object(fields) = claims(session) else {
        unreachable!()
    };
    let claims = Claims::new(fields);
    let conn = client.app.app.database.caller().await.unwrap();
    let rights = Rights {
        role: claims.role().unwrap(),
        claims: claims.as_json(),
        search_path: "\"public\"",
        request: Default::default(),
    };
    let rows = scope::run(&conn, Access::ReadWrite, &rights, sql, &[])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn policies_see_who_asks() {
    let client = Client::new().await;
    client
        .app
        .sql(
            "create table notes (
               owner uuid not null default auth.uid() references auth.users on delete cascade,
               text text
             );
             alter table notes enable row level security;
             create policy own on notes using (auth.uid() = owner) with check (auth.uid() = owner)",
        )
        .await
        .unwrap();
    let ann = client.sign_up("ann@example.com").await;
    let bob = client.sign_up("bob@example.com").await;
    as_user(
        &client,
        &ann,
        "insert into notes (text) values ('of ann') returning text",
    )
    .await;
    as_user(
        &client,
        &bob,
        "insert into notes (text) values ('of bob') returning text",
    )
    .await;
    assert_eq!(
        as_user(&client, &ann, "select text from notes").await,
        ["of ann"]
    );
    assert_eq!(
        as_user(&client, &bob, "select text from notes").await,
        ["of bob"]
    );
    let id = ann["user"]["id"].as_str().unwrap();
    let sql = "select concat_ws(' ', auth.uid(), auth.role(), auth.email(), auth.jwt() ->> 'aal')";
    let seen = as_user(&client, &ann, sql).await;
    assert_eq!(seen, [format!("{id} authenticated ann@example.com aal1")]);
}

#[tokio::test]
async fn callers_cannot_reach_the_tables_and_the_owner_can() {
    let client = Client::new().await;
    let ann = client.sign_up("ann@example.com").await;
    let Value::Object(fields) = claims(&ann) else {
        unreachable!()
    };
    let claims = Claims::new(fields);
    for role in ["anon", "authenticated"] {
        for table in [
            "users",
            "sessions",
            "refresh_tokens",
            "identities",
            "oauth_clients",
        ] {
            let conn = client.app.app.database.caller().await.unwrap();
            let rights = Rights {
                role,
                claims: claims.as_json(),
                search_path: "\"public\"",
                request: Default::default(),
            };
            let sql = format!("select count(*) from auth.{table}");
            let error = scope::run(&conn, Access::ReadOnly, &rights, &sql, &[])
                .await
                .unwrap_err();
            assert_eq!(error.sqlstate().unwrap().code(), "42501", "{role} {table}");
        }
    }
    let owner = client.app.owner().await.unwrap();
    let rows = owner
        .query("select email::text from auth.users", &[])
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, String>(0), "ann@example.com");
}

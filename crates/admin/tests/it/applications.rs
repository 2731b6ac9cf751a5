//! Applications, their settings, and saved queries.

use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

#[tokio::test]
async fn applications_are_made_paused_and_deleted() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let new = json!({"name": " 聊天室 ", "ref": "", "template": "chatroom"});
    let made = owner.must("POST", "/apps", new).await;
    assert_eq!(
        (&made["name"], &made["state"]),
        (&json!("聊天室"), &json!("active"))
    );
    let reference = made["ref"].as_str().unwrap();
    let path = format!("/apps/{reference}");
    let tables = owner
        .get(&format!("{path}/pg/tables?included_schemas=public"))
        .await;
    assert_eq!(tables[0]["name"], "messages");

    for (body, code) in [
        (json!({"name": "x", "ref": reference}), "app_exists"),
        (json!({"name": "x", "ref": "No Good"}), "invalid_value"),
        (json!({"name": ""}), "invalid_value"),
        (json!({"name": "x", "template": "none"}), "invalid_value"),
        (json!([]), "invalid_body"),
    ] {
        assert_eq!(owner.refused("POST", "/apps", body).await.1, code);
    }
    let shown = owner.get(&path).await;
    assert_eq!(
        shown["url"],
        format!("http://localhost:8000/apps/{reference}")
    );
    assert!(shown["database_size"].as_i64().unwrap() > 0);
    let default = owner.get(&format!("/apps/{}", world.app.reference)).await;
    assert_eq!(default["url"], "http://localhost:8000");
    assert_eq!(default["anon_key"], json!(world.app.keys.anon));
    let secrets = owner.get(&format!("{path}/secrets")).await;
    assert!(
        secrets["db_url"]
            .as_str()
            .unwrap()
            .starts_with("postgresql://app_")
    );

    owner
        .must("PATCH", &path, json!({"name": "<script>"}))
        .await;
    owner
        .must("POST", &format!("{path}/pause"), Value::Null)
        .await;
    let shown = owner.get(&path).await;
    assert_eq!(
        (&shown["name"], &shown["state"]),
        (&json!("<script>"), &json!("paused"))
    );
    owner
        .must("POST", &format!("{path}/resume"), Value::Null)
        .await;

    let refused = owner
        .refused("DELETE", &path, json!({"confirm": "x"}))
        .await;
    assert_eq!(refused, (400, "confirmation_required".to_owned()));
    owner
        .must("DELETE", &path, json!({"confirm": reference}))
        .await;
    assert_eq!(
        owner.refused("GET", &path, Value::Null).await.1,
        "app_not_found"
    );
    assert_eq!(
        world.forgotten.lock().unwrap().as_slice(),
        [reference.to_owned()]
    );
    let default = world.app.reference.to_string();
    let body = json!({"confirm": default});
    let refused = owner
        .refused("DELETE", &format!("/apps/{default}"), body)
        .await;
    assert_eq!(refused, (409, "app_is_default".to_owned()));
    world.close().await;
}

#[tokio::test]
async fn settings_and_queries_are_kept() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let path = format!("/apps/{}", world.app.reference);
    let settings = format!("{path}/settings");
    let mut value = owner.get(&settings).await;
    value["auth"]["wechat_mini_app_secret"] = json!("s3cret");
    value["auth"]["jwt_expiry"] = json!(120);
    let answer = owner.must("PUT", &settings, value.clone()).await;
    assert_eq!(answer["auth"]["wechat_mini_app_secret"], "***");
    // Stars keep the secret.
    owner.must("PUT", &settings, answer).await;
    world.registry.reload().await.unwrap();
    let now = world.registry.get(&world.app.reference).unwrap().settings();
    assert_eq!(now.auth.wechat_mini_app_secret.expose(), "s3cret");
    assert_eq!(now.auth.jwt_expiry, 120);
    assert!(!owner.get("/audit").await.to_string().contains("s3cret"));
    value["auth"]["no_such_setting"] = json!(1);
    let refused = owner.refused("PUT", &settings, value).await;
    assert_eq!(refused, (400, "invalid_body".to_owned()));

    let queries = format!("{path}/queries");
    let query = json!({"id": "a b", "name": "名称", "sql": "select 1"});
    owner.must("PUT", &format!("{queries}/a%20b"), query).await;
    let again = json!({"name": "新名称", "sql": "select 2"});
    owner.must("PUT", &format!("{queries}/a%20b"), again).await;
    let list = owner.get(&queries).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(
        (&list[0]["id"], &list[0]["sql"]),
        (&json!("a b"), &json!("select 2"))
    );
    owner
        .must("DELETE", &format!("{queries}/a%20b"), Value::Null)
        .await;
    let refused = owner
        .refused("DELETE", &format!("{queries}/a%20b"), Value::Null)
        .await;
    assert_eq!(refused, (404, "query_not_found".to_owned()));
    world.close().await;
}

#[tokio::test]
async fn only_who_may_see_secrets_stands_in_for_users() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let viewer = json!({"username": "looker", "password": PASSWORD, "role": "viewer"});
    owner.must("POST", "/administrators", viewer).await;
    let viewer = world.signed_in("looker", PASSWORD).await;
    let path = |id: &str| format!("/apps/{}/users/{id}/token", world.app.reference);
    let id = "00000000-0000-4000-8000-000000000000";
    let refused = viewer.refused("POST", &path(id), Value::Null).await;
    assert_eq!(refused, (403, "forbidden".to_owned()));
    let refused = owner.refused("POST", &path("nobody"), Value::Null).await;
    assert_eq!(refused, (400, "invalid_value".to_owned()));
    world.close().await;
}

#[tokio::test]
async fn the_stream_of_changes_is_shown() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let path = format!("/apps/{}/realtime", world.app.reference);
    assert_eq!(owner.get(&path).await["state"], "stopped");
    let report = hearth_apps::StreamReport {
        state: hearth_apps::StreamState::Streaming,
        retained_wal_bytes: Some(7),
        ..Default::default()
    };
    world.app.stream.store(report.into());
    let shown = owner.get(&path).await;
    assert_eq!(
        (
            &shown["state"],
            &shown["retained_wal_bytes"],
            &shown["losses"]
        ),
        (&json!("streaming"), &json!(7), &json!(0))
    );
    world.close().await;
}

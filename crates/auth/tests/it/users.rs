//! What the console's users page asks for beyond upstream: search and sessions.

use serde_json::{Value, json};

use crate::client::Client;

impl Client {
    async fn search(&self, text: &str) -> Vec<String> {
        let query = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let path = format!("/admin/users?search={query}");
        let users = self.get(&path).service().send().await.expect(200).json["users"].clone();
        let email = |user: &Value| user["email"].as_str().unwrap().to_owned();
        let mut found: Vec<String> = users.as_array().unwrap().iter().map(email).collect();
        found.sort();
        found
    }
}

#[tokio::test]
async fn users_are_found_by_address_number_id_wechat_and_name() {
    let client = Client::new().await;
    let create = async |body: Value| {
        let answer = client
            .post("/admin/users", body)
            .service()
            .send()
            .await
            .expect(200);
        answer.json["id"].as_str().unwrap().to_owned()
    };
    let ann = create(json!({
        "email": "ann_1@example.com", "phone": "8613800000001", "password": "secret-1",
        "user_metadata": {"nickname": "小明"},
    }))
    .await;
    create(json!({"email": "bob@example.com", "password": "secret-1"})).await;
    let sql = format!("update auth.users set wechat_id = 'oX-1' where id = '{ann}'");
    let db = client.app.superuser().await.unwrap();
    db.batch_execute(&sql).await.unwrap();
    for text in ["ANN", "1380000", ann.as_str(), "oX-1", "小明", "ann_1"] {
        assert_eq!(client.search(text).await, ["ann_1@example.com"], "{text}");
    }
    assert_eq!(client.search("example.com").await.len(), 2);
    for text in ["a%1", "a_n", "' or true --"] {
        assert!(client.search(text).await.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_admins() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let id = first["user"]["id"].as_str().unwrap().to_owned();
    client.clock.advance(10);
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    let second = client
        .post("/token?grant_type=password", body)
        .header("user-agent", "MicroMessenger")
        .send()
        .await
        .expect(200)
        .json;
    let path = format!("/admin/users/{id}/sessions");
    client.get(&path).session(&first).send().await.expect(403);
    let sessions = client.get(&path).service().send().await.expect(200).json["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert_eq!(sessions[0]["user_agent"], "MicroMessenger");
    assert_eq!(sessions[0]["methods"], json!(["password"]));
    assert_eq!(sessions[0]["ip"], "127.0.0.1");
    let one = format!("{path}/{}", sessions[0]["id"].as_str().unwrap());
    client.delete(&one).service().send().await.expect(200);
    client.delete(&one).service().send().await.refused(
        404,
        "session_not_found",
        "Session not found",
    );
    client.refresh(&second["refresh_token"]).await.expect(400);
    client.refresh(&first["refresh_token"]).await.expect(200);
    client.delete(&path).service().send().await.expect(200);
    let sessions = client.get(&path).service().send().await.expect(200).json["sessions"].clone();
    assert_eq!(sessions, json!([]));
    let path = "/admin/users/00000000-0000-4000-8000-000000000000/sessions";
    client.get(path).service().send().await.expect(404);
}

//! `PUT /user`

use serde_json::{Value, json};

use crate::client::{Client, claims};

async fn put(client: &Client, session: &Value, body: Value) -> crate::client::Answer {
    client.put("/user", body).session(session).send().await
}

#[tokio::test]
async fn metadata_is_merged_and_null_removes() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    put(&client, &session, json!({"data": {"a": 1, "b": {"c": 2}}}))
        .await
        .expect(200);
    let user = put(&client, &session, json!({"data": {"a": null, "d": "x"}}))
        .await
        .expect(200);
    let data = &user.json["user_metadata"];
    assert_eq!(data.get("a"), None);
    assert_eq!(data["b"], json!({"c": 2}));
    assert_eq!(data["d"], "x");
    assert_eq!(data["email"], "ann@example.com");
    let seen = client.get("/user").session(&session).send().await.json;
    assert_eq!(&seen["user_metadata"], data);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let second = client.sign_in("ann@example.com", "secret-1").await.json;
    put(&client, &second, json!({"password": "secret-1"}))
        .await
        .refused(
            422,
            "same_password",
            "New password should be different from the old password.",
        );
    put(&client, &second, json!({"password": "x"}))
        .await
        .expect(422);
    put(&client, &second, json!({"password": "secret-2"}))
        .await
        .expect(200);
    client
        .get("/user")
        .session(&second)
        .send()
        .await
        .expect(200);
    client.get("/user").session(&first).send().await.expect(403);
    client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(400);
    client
        .sign_in("ann@example.com", "secret-2")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_new_password_asks_for_proofs_where_the_application_wants_them() {
    let client = Client::with(|s| s.auth.update_password_require_current_password = true).await;
    let session = client.sign_up("ann@example.com").await;
    let words = "Current password required when setting new password.";
    let answer = put(&client, &session, json!({"password": "secret-2"})).await;
    answer.refused(400, "current_password_required", words);
    let body = json!({"password": "secret-2", "current_password": "wrong"});
    let answer = put(&client, &session, body).await;
    answer.refused(400, "current_password_invalid", words);
    let body = json!({"password": "secret-2", "current_password": "secret-1"});
    put(&client, &session, body).await.expect(200);
}

#[tokio::test]
async fn what_a_user_may_not_change_is_refused_by_name() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    client.sign_up("bob@example.com").await;
    put(
        &client,
        &session,
        json!({"app_metadata": {"role": "admin"}}),
    )
    .await
    .refused(
        403,
        "not_admin",
        "Updating app_metadata requires admin privileges",
    );
    put(&client, &session, json!({"email": "Bob@example.com"}))
        .await
        .refused(
            422,
            "email_exists",
            "A user with this email address has already been registered",
        );
    put(&client, &session, json!({"email": "nonsense"}))
        .await
        .refused(
            400,
            "validation_failed",
            "Unable to validate email address: invalid format",
        );
    put(&client, &session, json!({"phone": "+86 1x"}))
        .await
        .refused(
            400,
            "validation_failed",
            "Invalid phone number format (E.164 required)",
        );
    let answer = client.put("/user", json!({})).send().await;
    answer.refused(403, "bad_jwt", "invalid claim: missing sub claim");
}

#[tokio::test]
async fn an_anonymous_user_becomes_a_named_one() {
    let client = Client::new().await;
    let session = client.post("/signup", json!({})).send().await.json;
    put(&client, &session, json!({"password": "secret-1"}))
        .await
        .refused(
            422,
            "validation_failed",
            "Updating password of an anonymous user without an email or phone is not allowed",
        );
    let user = put(&client, &session, json!({"email": "Ann@example.com"}))
        .await
        .expect(200)
        .json;
    assert_eq!(user["id"], session["user"]["id"]);
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["is_anonymous"], false);
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "email", "providers": ["email"]})
    );
    assert_eq!(
        user["identities"][0]["identity_data"]["email_verified"],
        true
    );
    put(&client, &session, json!({"password": "secret-1"}))
        .await
        .expect(200);
    let session = client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200)
        .json;
    assert_eq!(claims(&session)["is_anonymous"], false);
}

#[tokio::test]
async fn a_new_address_is_confirmed_from_both() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let user = put(&client, &session, json!({"email": "anna@example.com"}))
        .await
        .expect(200)
        .json;
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["new_email"], "anna@example.com");
    assert!(user["email_change_sent_at"].is_string());
    let mails = client.auth.mailbox().mails(&client.app.app.reference);
    let mut to: Vec<_> = mails
        .iter()
        .map(|mail| (mail.kind, mail.to.as_str()))
        .collect();
    to.sort_unstable();
    assert_eq!(
        to,
        [
            ("email_change", "ann@example.com"),
            ("email_change", "anna@example.com")
        ]
    );
}

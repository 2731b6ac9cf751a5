//! `POST /token`

use base64::Engine;
use serde_json::{Value, json};

use crate::client::{Client, claims};

#[tokio::test]
async fn the_password_signs_in_and_each_sign_in_is_a_session() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    client.clock.advance(60);
    let second = client
        .sign_in("Ann@example.com", "secret-1")
        .await
        .expect(200)
        .json;
    assert_ne!(claims(&first)["session_id"], claims(&second)["session_id"]);
    assert_eq!(second["user"]["last_sign_in_at"], "2027-01-15T08:01:00Z");
    assert_eq!(second.get("weak_password"), None);
    let logged = "select count(*) from auth.audit_log_entries where payload->>'action' = 'login'";
    assert_eq!(client.value(logged).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn sign_in_is_refused_by_name() {
    let client = Client::new().await;
    client.sign_up("ann@example.com").await;
    let wrong = ("invalid_credentials", "Invalid login credentials");
    for (body, code, words) in [
        (
            json!({"email": "ann@example.com", "password": "wrong"}),
            wrong.0,
            wrong.1,
        ),
        (json!({"email": "ann@example.com"}), wrong.0, wrong.1),
        (
            json!({"email": "bob@example.com", "password": "secret-1"}),
            wrong.0,
            wrong.1,
        ),
        (
            json!({"email": "ann@example.com\u{0}", "password": "x"}),
            "validation_failed",
            "Request body must not contain NUL characters",
        ),
        (
            json!({"password": "secret-1"}),
            "validation_failed",
            "missing email or phone",
        ),
        (
            json!({"email": "a@b.c", "phone": "1", "password": "x"}),
            "validation_failed",
            "Only an email address or phone number should be provided on login.",
        ),
    ] {
        let answer = client.post("/token?grant_type=password", body).send().await;
        answer.refused(400, code, words);
    }
    let body = json!({"phone": "123", "password": "x"});
    let answer = client.post("/token?grant_type=password", body).send().await;
    answer.refused(422, "phone_provider_disabled", "Phone logins are disabled");
    for path in ["/token", "/token?grant_type=", "/token?grant_type=magic"] {
        let answer = client.post(path, json!({})).send().await;
        answer.refused(400, "invalid_credentials", "unsupported_grant_type");
    }
    client.set(|s| s.auth.email_enabled = false);
    let answer = client.sign_in("ann@example.com", "secret-1").await;
    answer.refused(422, "email_provider_disabled", "Email logins are disabled");
}

#[tokio::test]
async fn banned_users_get_no_token_and_theirs_no_longer_counts() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    client
        .app
        .sql("update auth.users set banned_until = '2100-01-01'")
        .await
        .unwrap();
    let answer = client.sign_in("ann@example.com", "secret-1").await;
    answer.refused(400, "user_banned", "User is banned");
    let answer = client.refresh(&session["refresh_token"]).await;
    answer.refused(400, "user_banned", "Invalid Refresh Token: User Banned");
    let answer = client.get("/user").session(&session).send().await;
    answer.refused(403, "user_banned", "User is banned");
}

#[tokio::test]
async fn a_password_that_newer_rules_refuse_still_signs_in() {
    let client = Client::new().await;
    client.sign_up("ann@example.com").await;
    client.set(|s| s.auth.password_min_length = 12);
    let session = client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200)
        .json;
    assert_eq!(
        session["weak_password"],
        json!({"message": "Password should be at least 12 characters.", "reasons": ["length"]})
    );
}

#[tokio::test]
async fn a_refresh_token_is_replaced_when_used() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    client.clock.advance(100);
    let second = client
        .refresh(&first["refresh_token"])
        .await
        .expect(200)
        .json;
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["user"]["id"], first["user"]["id"]);
    let (before, after) = (claims(&first), claims(&second));
    assert_eq!(before["session_id"], after["session_id"]);
    assert_eq!(before["amr"], after["amr"]);
    assert_ne!(before["exp"], after["exp"]);
    let parent = "select parent from auth.refresh_tokens where not revoked";
    assert_eq!(
        client.value(parent).await.as_deref(),
        first["refresh_token"].as_str()
    );
    let refreshed = "select refreshed_at = timestamp '2027-01-15 08:01:40' from auth.sessions";
    assert_eq!(client.value(refreshed).await.as_deref(), Some("true"));
}

#[tokio::test]
async fn the_parent_of_the_good_token_gets_the_good_token_at_any_time() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let second = client
        .refresh(&first["refresh_token"])
        .await
        .expect(200)
        .json;
    client.clock.advance(10_000);
    let again = client
        .refresh(&first["refresh_token"])
        .await
        .expect(200)
        .json;
    assert_eq!(again["refresh_token"], second["refresh_token"]);
}

#[tokio::test]
async fn a_token_that_is_used_again_late_ends_the_session() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let second = client
        .refresh(&first["refresh_token"])
        .await
        .expect(200)
        .json;
    let third = client
        .refresh(&second["refresh_token"])
        .await
        .expect(200)
        .json;
    client.clock.advance(11);
    let used = (
        "refresh_token_already_used",
        "Invalid Refresh Token: Already Used",
    );
    client
        .refresh(&first["refresh_token"])
        .await
        .refused(400, used.0, used.1);
    // The good token went with the family, and that was committed.
    client.clock.advance(11);
    client
        .refresh(&third["refresh_token"])
        .await
        .refused(400, used.0, used.1);
}

#[tokio::test]
async fn within_the_reuse_interval_a_grandparent_gets_a_child_of_its_own() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let second = client
        .refresh(&first["refresh_token"])
        .await
        .expect(200)
        .json;
    client.refresh(&second["refresh_token"]).await.expect(200);
    client.clock.advance(9);
    let own = client
        .refresh(&first["refresh_token"])
        .await
        .expect(200)
        .json;
    client.refresh(&own["refresh_token"]).await.expect(200);
}

#[tokio::test]
async fn several_refreshes_at_once_all_give_good_sessions() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let token = &first["refresh_token"];
    let answers = tokio::join!(
        client.refresh(token),
        client.refresh(token),
        client.refresh(token),
        client.refresh(token),
        client.refresh(token),
        client.refresh(token)
    );
    for answer in [
        answers.0, answers.1, answers.2, answers.3, answers.4, answers.5,
    ] {
        let session = answer.expect(200).json;
        client
            .get("/user")
            .session(&session)
            .send()
            .await
            .expect(200);
        client.refresh(&session["refresh_token"]).await.expect(200);
    }
}

#[tokio::test]
async fn refresh_is_refused_by_name() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    for bad in ["", "short", "UPPERCASE123", "waytoolongforatoken"] {
        let answer = client.refresh(&json!(bad)).await;
        answer.refused(400, "validation_failed", "Refresh token is not valid");
    }
    let words = "Invalid Refresh Token: Refresh Token Not Found";
    let unknown = client.refresh(&json!("aaaaaaaaaaaa")).await;
    unknown.refused(400, "refresh_token_not_found", words);
    client
        .post("/logout", Value::Null)
        .session(&session)
        .send()
        .await
        .expect(204);
    let answer = client.refresh(&session["refresh_token"]).await;
    answer.refused(400, "refresh_token_not_found", words);
}

#[tokio::test]
async fn sessions_end_by_their_settings() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let second = client.sign_in("ann@example.com", "secret-1").await.json;
    client.clock.advance(120);
    client.set(|s| s.auth.sessions_inactivity_timeout = 60);
    let answer = client.refresh(&session["refresh_token"]).await;
    answer.refused(
        400,
        "session_expired",
        "Invalid Refresh Token: Session Expired (Inactivity)",
    );
    client.set(|s| {
        s.auth.sessions_inactivity_timeout = 0;
        s.auth.sessions_timebox = 60;
    });
    let answer = client.refresh(&session["refresh_token"]).await;
    answer.refused(
        400,
        "session_expired",
        "Invalid Refresh Token: Session Expired",
    );
    client.set(|s| {
        s.auth.sessions_timebox = 0;
        s.auth.sessions_single_per_user = true;
    });
    client.refresh(&second["refresh_token"]).await.expect(200);
    let answer = client.refresh(&session["refresh_token"]).await;
    answer.refused(
        400,
        "session_expired",
        "Invalid Refresh Token: Session Expired (Revoked by Newer Login)",
    );
}

#[tokio::test]
async fn a_pkce_code_is_exchanged_once_by_the_holder_of_the_verifier() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let verifier = "v".repeat(50);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&verifier);
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    let body = json!({"email": "ann@example.com", "password": "secret-1",
                      "code_challenge": challenge, "code_challenge_method": "s256"});
    client.post("/signup", body).send().await.expect(200);
    let hash = client
        .value("select confirmation_token from auth.users")
        .await
        .unwrap();
    assert!(hash.starts_with("pkce_"));
    let code = client
        .value("select auth_code from auth.flow_state")
        .await
        .unwrap();
    let exchange = |code: &str, verifier: &str| {
        let body = json!({"auth_code": code, "code_verifier": verifier});
        client.post("/token?grant_type=pkce", body).send()
    };
    exchange(&code, "").await.refused(
        400,
        "validation_failed",
        "invalid request: both auth code and code verifier should be non-empty",
    );
    exchange("nonsense", &verifier).await.refused(
        404,
        "flow_state_not_found",
        "invalid flow state, no valid flow state found",
    );
    exchange(&code, "wrong").await.refused(
        400,
        "bad_code_verifier",
        "code challenge does not match previously saved code verifier",
    );
    let session = exchange(&code, &verifier).await.expect(200).json;
    assert_eq!(claims(&session)["amr"][0]["method"], "email/signup");
    exchange(&code, &verifier).await.expect(404);
}

#[tokio::test]
async fn tokens_of_other_providers_are_refused_by_name() {
    let client = Client::new().await;
    let post = |body: Value| client.post("/token?grant_type=id_token", body).send();
    let answer = post(json!({"provider": "google"})).await.expect(400);
    assert_eq!(
        answer.json,
        json!({"error": "invalid request", "error_description": "id_token required"})
    );
    post(json!({"provider": "google", "id_token": "x"}))
        .await
        .refused(
            400,
            "provider_disabled",
            "Provider (issuer \"https://accounts.google.com\") is not enabled",
        );
    let answer = client
        .post("/token?grant_type=web3", json!({}))
        .send()
        .await;
    answer.refused(422, "web3_provider_disabled", "Web3 provider is disabled");
}

#[tokio::test]
async fn phone_numbers_sign_in_where_they_count_as_confirmed() {
    let client = Client::with(|s| {
        s.auth.phone_enabled = true;
        s.auth.sms_autoconfirm = true;
    })
    .await;
    let body = json!({"phone": "+86 138 0013 8000", "password": "secret-1"});
    let session = client
        .post("/signup", body.clone())
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(session["user"]["phone"], "8613800138000");
    assert_eq!(session["user"]["email"], "");
    assert_eq!(
        session["user"]["app_metadata"]["providers"],
        json!(["phone"])
    );
    assert_eq!(claims(&session)["phone"], "8613800138000");
    let path = "/token?grant_type=password";
    client.post(path, body.clone()).send().await.expect(200);
    let answer = client.post("/signup", body).send().await;
    answer.refused(422, "user_already_exists", "User already registered");
}

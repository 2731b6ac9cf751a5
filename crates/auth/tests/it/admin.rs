//! `/admin/…`

use hearth_apps::Bearer;
use hearth_jwt::ApiKeyKind;
use serde_json::{Value, json};

use crate::client::{Client, claims};

#[tokio::test]
async fn only_the_service_key_may() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let id = session["user"]["id"].as_str().unwrap();
    let words = "User not allowed";
    for path in [
        "/admin/users",
        "/admin/audit",
        &format!("/admin/users/{id}"),
    ] {
        let answer = client.get(path).session(&session).send().await;
        answer.refused(403, "not_admin", words);
        client
            .get(path)
            .send()
            .await
            .refused(403, "not_admin", words);
        let bearer = Bearer::Key(ApiKeyKind::Publishable);
        client
            .get(path)
            .bearer(bearer)
            .send()
            .await
            .refused(403, "not_admin", words);
        let answer = client.get(path).bearer(Bearer::Absent).send().await;
        let words = "This endpoint requires a valid Bearer token";
        answer.refused(401, "no_authorization", words);
        client.get(path).service().send().await.expect(200);
        let key = client.app.app.keys.service_role.expose();
        client.get(path).token(key).send().await.expect(200);
    }
}

#[tokio::test]
async fn an_admin_makes_changes_and_deletes_users() {
    let client = Client::new().await;
    let body = json!({
        "email": "Ann@example.com", "password": "secret-1", "email_confirm": true,
        "user_metadata": {"nick": "安"}, "app_metadata": {"plan": "pro"},
        "id": "11111111-1111-4111-8111-111111111111",
    });
    let user = client
        .post("/admin/users", body)
        .service()
        .send()
        .await
        .expect(200)
        .json;
    let path = "/admin/users/11111111-1111-4111-8111-111111111111";
    assert_eq!(user["id"], "11111111-1111-4111-8111-111111111111");
    assert_eq!(user["role"], "authenticated");
    assert!(user["email_confirmed_at"].is_string());
    assert_eq!(
        user["app_metadata"],
        json!({"plan": "pro", "provider": "email", "providers": ["email"]})
    );
    assert_eq!(
        user["user_metadata"],
        json!({"email_verified": true, "nick": "安"})
    );
    assert_eq!(user["identities"][0]["email"], "ann@example.com");
    let session = client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200)
        .json;
    assert_eq!(claims(&session)["app_metadata"]["plan"], "pro");

    let body = json!({"email": "anna@example.com", "password": "secret-2", "role": "manager",
                      "app_metadata": {"plan": null, "x": 1}, "ban_duration": "1h"});
    let user = client
        .put(path, body)
        .service()
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user["email"], "anna@example.com");
    assert_eq!(user["role"], "manager");
    assert_eq!(user["app_metadata"]["x"], 1);
    assert_eq!(user["app_metadata"].get("plan"), None);
    assert_eq!(user["banned_until"], "2027-01-15T09:00:00Z");
    client
        .get("/user")
        .session(&session)
        .send()
        .await
        .expect(403);
    let body = json!({"ban_duration": "none"});
    client.put(path, body).service().send().await.expect(200);
    client
        .sign_in("anna@example.com", "secret-2")
        .await
        .expect(200);
    let same = client.get(path).service().send().await.expect(200).json;
    assert_eq!(same["email"], "anna@example.com");

    let gone = client.delete(path).service().send().await.expect(200);
    assert_eq!(gone.json, json!({}));
    let answer = client.get(path).service().send().await;
    answer.refused(404, "user_not_found", "User not found");
    assert_eq!(
        client
            .value("select count(*) from auth.sessions")
            .await
            .as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn what_an_admin_sends_wrong_is_refused_by_name() {
    let client = Client::new().await;
    client.sign_up("ann@example.com").await;
    let validation = "validation_failed";
    for (body, status, code, words) in [
        (
            json!({}),
            400,
            validation,
            "Cannot create a user without either an email or phone",
        ),
        (
            json!({"email": "ann@example.com"}),
            422,
            "email_exists",
            "A user with this email address has already been registered",
        ),
        (
            json!({"email": "b@c.d", "password": "x", "password_hash": "y"}),
            400,
            validation,
            "Only a password or a password hash should be provided",
        ),
        (
            json!({"email": "b@c.d", "id": "1"}),
            400,
            validation,
            "ID must conform to the uuid v4 format",
        ),
        (
            json!({"email": "b@c.d", "id": "00000000-0000-0000-0000-000000000000"}),
            400,
            validation,
            "ID cannot be a nil uuid",
        ),
        (
            json!({"email": "b@c.d", "ban_duration": "1 day"}),
            400,
            validation,
            "invalid format for ban duration: time: invalid duration \"1 day\"",
        ),
    ] {
        let answer = client.post("/admin/users", body).service().send().await;
        answer.refused(status, code, words);
    }
    let answer = client.get("/admin/users/1").service().send().await;
    answer.refused(404, validation, "user_id must be an UUID");
    for (query, words) in [
        (
            "page=x",
            "Bad Pagination Parameters: strconv.ParseUint: parsing \"x\": invalid syntax",
        ),
        (
            "sort=email",
            "Bad Sort Parameters: bad field for sort 'email'",
        ),
    ] {
        let answer = client
            .get(&format!("/admin/users?{query}"))
            .service()
            .send()
            .await;
        answer.refused(400, validation, words);
    }
}

#[tokio::test]
async fn imported_hashes_sign_in() {
    let client = Client::new().await;
    // bcrypt of "secret-1", as another system made it.
    let hash = client.sign_up("first@example.com").await;
    assert!(hash["access_token"].is_string());
    let hash = client
        .value("select encrypted_password from auth.users")
        .await
        .unwrap();
    let body = json!({"email": "ann@example.com", "password_hash": hash, "email_confirm": true});
    client
        .post("/admin/users", body)
        .service()
        .send()
        .await
        .expect(200);
    client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200);
    let body = json!({"email": "bob@example.com", "password_hash": "plain"});
    client
        .post("/admin/users", body)
        .service()
        .send()
        .await
        .expect(500);
}

#[tokio::test]
async fn users_come_in_pages() {
    let client = Client::new().await;
    for name in ["a", "b", "c", "d", "e"] {
        let body = json!({"email": format!("{name}@example.com"),
                          "user_metadata": {"full_name": format!("Name {name}")}});
        client
            .post("/admin/users", body)
            .service()
            .send()
            .await
            .expect(200);
        client.clock.advance(1);
    }
    let names = |json: &Value| -> Vec<String> {
        let users = json["users"].as_array().unwrap();
        users
            .iter()
            .map(|u| u["email"].as_str().unwrap()[..1].to_owned())
            .collect()
    };
    let all = client
        .get("/admin/users")
        .service()
        .send()
        .await
        .expect(200);
    assert_eq!(names(&all.json), ["e", "d", "c", "b", "a"]);
    assert_eq!(all.json["aud"], "authenticated");
    assert_eq!(all.header("x-total-count"), "5");
    assert_eq!(all.header("link"), "</admin/users?page=1>; rel=\"last\"");
    let second = client
        .get("/admin/users?page=2&per_page=2")
        .service()
        .send()
        .await
        .expect(200);
    assert_eq!(names(&second.json), ["c", "b"]);
    assert_eq!(
        second.header("link"),
        "</admin/users?page=3&per_page=2>; rel=\"next\", \
         </admin/users?page=3&per_page=2>; rel=\"last\""
    );
    let path = "/admin/users?sort=created_at+asc&filter=Name+c";
    let found = client.get(path).service().send().await.expect(200);
    assert_eq!(names(&found.json), ["c"]);
    let beyond = client
        .get("/admin/users?page=9")
        .service()
        .send()
        .await
        .expect(200);
    assert_eq!(beyond.json["users"], json!([]));
}

#[tokio::test]
async fn a_softly_deleted_user_keeps_its_id_and_nothing_else() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let id = session["user"]["id"].as_str().unwrap();
    let path = format!("/admin/users/{id}");
    let mut call = client.delete(&path).service();
    call = call.body(r#"{"should_soft_delete": true}"#);
    call.send().await.expect(200);
    let user = client.get(&path).service().send().await.expect(200).json;
    assert!(user["deleted_at"].is_string());
    assert_eq!(user["user_metadata"], json!({}));
    let text = user.to_string();
    assert!(!text.contains("ann@example.com"), "{text}");
    client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(400);
    client
        .get("/user")
        .session(&session)
        .send()
        .await
        .expect(403);
    client.sign_up("ann@example.com").await;
}

#[tokio::test]
async fn links_are_made_for_the_application_to_send() {
    let client = Client::with(|s| {
        s.auth.uri_allow_list = vec!["https://app.example.com/*".to_owned()];
    })
    .await;
    let generate = |body: Value| client.post("/admin/generate_link", body).service().send();
    let body = json!({"type": "signup", "email": "ann@example.com", "password": "secret-1",
                      "redirect_to": "https://app.example.com/in"});
    let link = generate(body.clone()).await.expect(200).json;
    assert_eq!(link["verification_type"], "signup");
    assert_eq!(link["redirect_to"], "https://app.example.com/in");
    assert_eq!(link["email"], "ann@example.com");
    let hash = link["hashed_token"].as_str().unwrap();
    assert_eq!(
        link["action_link"],
        format!(
            "http://localhost:8000/auth/v1/verify?token={hash}&type=signup\
             &redirect_to=https://app.example.com/in"
        )
    );
    let verify = json!({"type": "signup", "token": link["email_otp"], "email": "ann@example.com"});
    client.post("/verify", verify).send().await.expect(200);
    let words = "A user with this email address has already been registered";
    generate(body).await.refused(422, "email_exists", words);
    for kind in ["magiclink", "recovery"] {
        let link = generate(json!({"type": kind, "email": "ann@example.com"}))
            .await
            .expect(200);
        let body = json!({"type": kind, "token_hash": link.json["hashed_token"]});
        client.post("/verify", body).send().await.expect(200);
    }
    let words = "User with this email not found";
    let answer = generate(json!({"type": "recovery", "email": "nobody@example.com"})).await;
    answer.refused(404, "user_not_found", words);
    let answer = generate(json!({"type": "nonsense", "email": "ann@example.com"})).await;
    let words = "Invalid email action link type requested: nonsense";
    answer.refused(400, "validation_failed", words);
}

#[tokio::test]
async fn the_audit_log_tells_who_did_what() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    client.refresh(&session["refresh_token"]).await.expect(200);
    let log = client
        .get("/admin/audit")
        .service()
        .send()
        .await
        .expect(200);
    assert_eq!(log.header("x-total-count"), "4");
    let path = "/admin/audit?query=action:token_refreshed";
    let found = client.get(path).service().send().await.expect(200).json;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        found[0]["payload"],
        json!({"action": "token_refreshed", "actor_id": session["user"]["id"],
               "actor_username": "ann@example.com", "actor_via_sso": false, "log_type": "token"})
    );
    let answer = client.get("/admin/audit?query=x").service().send().await;
    answer.refused(400, "validation_failed", "Invalid query scope: x");
}

#[tokio::test]
async fn identities_are_unlinked_where_the_application_allows_it() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let identity = session["user"]["identities"][0]["identity_id"]
        .as_str()
        .unwrap();
    let path = format!("/user/identities/{identity}");
    let unlink = |path: &str| client.delete(path).session(&session).send();
    let words = "Manual linking is disabled";
    unlink(&path)
        .await
        .refused(404, "manual_linking_disabled", words);
    client.set(|s| s.auth.manual_linking_enabled = true);
    let words = "User must have at least 1 identity after unlinking";
    unlink(&path)
        .await
        .refused(422, "single_identity_not_deletable", words);
    unlink("/user/identities/x").await.refused(
        404,
        "validation_failed",
        "identity_id must be an UUID",
    );
    client.set(|s| s.auth.sms_autoconfirm = true);
    let body = json!({"phone": "+86 138 0013 8000"});
    let user = client
        .put("/user", body)
        .session(&session)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user["phone"], "8613800138000");
    assert_eq!(user["app_metadata"]["providers"], json!(["email", "phone"]));
    let phone = user["identities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["provider"] == "phone");
    let phone = phone.unwrap()["identity_id"].as_str().unwrap().to_owned();
    unlink(&format!("/user/identities/{phone}"))
        .await
        .expect(200);
    let user = client
        .get("/user")
        .session(&session)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user["phone"], "");
    assert_eq!(user["app_metadata"]["providers"], json!(["email"]));
}

#[tokio::test]
async fn what_is_not_built_is_refused_as_switched_off() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    for (path, code, words) in [
        (
            "/passkeys/authentication/options",
            "passkey_disabled",
            "Passkeys are disabled",
        ),
        ("/sso", "saml_provider_disabled", "SAML 2.0 is disabled"),
        (
            "/oauth/token",
            "feature_disabled",
            "OAuth server is disabled",
        ),
    ] {
        client
            .post(path, json!({}))
            .send()
            .await
            .refused(404, code, words);
    }
    let answer = client.get("/authorize?provider=github").send().await;
    let words = "Unsupported provider: provider is not enabled";
    answer.refused(400, "validation_failed", words);
    let answer = client
        .get("/authorize?provider=nobody")
        .session(&session)
        .send()
        .await;
    let words = "Unsupported provider: Provider nobody could not be found";
    answer.refused(400, "validation_failed", words);
}

#[tokio::test]
async fn an_admin_sees_renames_and_removes_second_factors() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let body = json!({"factor_type": "totp", "friendly_name": "phone"});
    let factor = client
        .post("/factors", body)
        .session(&session)
        .send()
        .await
        .expect(200)
        .json;
    let user = session["user"]["id"].as_str().unwrap();
    let all = format!("/admin/users/{user}/factors");
    let one = format!("{all}/{}", factor["id"].as_str().unwrap());
    let listed = client.get(&all).service().send().await.expect(200).json;
    assert_eq!(listed[0]["id"], factor["id"]);
    assert_eq!(listed[0]["status"], "unverified");
    assert_eq!(listed[0].get("secret"), None);
    let renamed = client
        .put(&one, json!({"friendly_name": "new"}))
        .service()
        .send()
        .await;
    assert_eq!(renamed.expect(200).json["friendly_name"], "new");
    client.delete(&one).service().send().await.expect(200);
    let gone = client.delete(&one).service().send().await;
    gone.refused(404, "mfa_factor_not_found", "Factor not found");
    assert_eq!(
        client.get(&all).service().send().await.expect(200).json,
        json!([])
    );
}

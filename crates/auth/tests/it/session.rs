//! Who may ask at all: `GET /user`, `POST /logout`, and what needs nobody.

use hearth_apps::Bearer;
use hearth_jwt::{ApiKeyKind, SigningKey, mint};
use serde_json::{Value, json};

use crate::client::{Client, START};

#[tokio::test]
async fn the_bearer_is_the_user_and_nothing_else_stands_in_for_it() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let user = client
        .get("/user")
        .session(&session)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user["id"], session["user"]["id"]);

    let absent = client.get("/user").bearer(Bearer::Absent).send().await;
    let words = "This endpoint requires a valid Bearer token";
    absent.refused(401, "no_authorization", words);
    let absent = client
        .get("/user")
        .bearer(Bearer::Absent)
        .versioned()
        .send()
        .await
        .expect(401);
    assert_eq!(
        absent.json,
        json!({"code": "no_authorization", "message": words})
    );

    let key = client
        .get("/user")
        .bearer(Bearer::Key(ApiKeyKind::Publishable))
        .send()
        .await;
    key.refused(403, "bad_jwt", "invalid claim: missing sub claim");
    let anon = client.get("/user").send().await;
    anon.refused(403, "bad_jwt", "invalid claim: missing sub claim");
}

#[tokio::test]
async fn bad_tokens_are_refused_by_name() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let id = session["user"]["id"].as_str().unwrap();
    let prefix = "invalid JWT: unable to parse or verify signature, ";
    let key = client.app.app.signing_key();
    let token = |claims: Value| mint(&key, &claims).unwrap();
    let forged = mint(&SigningKey::random_hs256(), &json!({"sub": id})).unwrap();
    for (token, words) in [
        (
            forged,
            format!("{prefix}token signature is invalid: signature is invalid"),
        ),
        (
            "a.b".to_owned(),
            format!("{prefix}token is malformed: token contains an invalid number of segments"),
        ),
        (
            token(json!({"sub": id, "exp": START})),
            format!("{prefix}token has invalid claims: token is expired"),
        ),
        (
            token(json!({"role": "authenticated"})),
            "invalid claim: missing sub claim".to_owned(),
        ),
        (
            token(json!({"sub": id, "session_id": "x"})),
            "invalid claim: session_id claim must be a UUID".to_owned(),
        ),
    ] {
        let answer = client.get("/user").token(&token).send().await;
        answer.refused(403, "bad_jwt", &words);
    }
    let answer = client
        .get("/user")
        .token(&token(json!({"sub": "1"})))
        .send()
        .await;
    answer.refused(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
    let stranger = json!({"sub": "00000000-0000-4000-8000-000000000000"});
    let answer = client.get("/user").token(&token(stranger)).send().await;
    answer.refused(
        403,
        "user_not_found",
        "User from sub claim in JWT does not exist",
    );
    let other = json!({"sub": id, "aud": "other"});
    let answer = client
        .get("/user")
        .token(&token(other))
        .header("x-jwt-aud", "x")
        .send()
        .await;
    answer.refused(
        400,
        "validation_failed",
        "Token audience doesn't match request audience",
    );
}

#[tokio::test]
async fn signing_out_ends_the_sessions_of_its_scope() {
    let client = Client::new().await;
    let words = "Session from session_id claim in JWT does not exist";
    let alive = async |session: &Value| {
        let answer = client.get("/user").session(session).send().await;
        if answer.status != 200 {
            answer.refused(403, "session_not_found", words);
        }
        answer.status == 200
    };
    let a = client.sign_up("ann@example.com").await;
    let b = client.sign_in("ann@example.com", "secret-1").await.json;
    let c = client.sign_in("ann@example.com", "secret-1").await.json;
    let other = client.sign_up("bob@example.com").await;
    let logout = |scope: &str, session: &Value| {
        client
            .post(&format!("/logout{scope}"), Value::Null)
            .body("")
            .session(session)
            .send()
    };
    let answer = logout("?scope=sideways", &a).await;
    answer.refused(
        400,
        "validation_failed",
        "Unsupported logout scope \"sideways\"",
    );
    let answer = logout("?scope=local", &a).await.expect(204);
    assert_eq!(answer.text, "");
    assert!(!alive(&a).await && alive(&b).await && alive(&c).await);
    logout("?scope=others", &b).await.expect(204);
    assert!(alive(&b).await && !alive(&c).await);
    logout("", &b).await.expect(204);
    assert!(!alive(&b).await && alive(&other).await);
    logout("", &b)
        .await
        .refused(403, "session_not_found", words);
}

#[tokio::test]
async fn public_endpoints_need_nobody() {
    let client = Client::new().await;
    let health = client
        .get("/health")
        .bearer(Bearer::Absent)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(health["name"], "GoTrue");
    let keys = client
        .get("/.well-known/jwks.json")
        .bearer(Bearer::Absent)
        .send()
        .await;
    let keys = keys.expect(200);
    assert_eq!(keys.json, json!({"keys": []}));
    assert_eq!(keys.header("cache-control"), "public, max-age=600");
    let settings = client
        .get("/settings")
        .bearer(Bearer::Absent)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(settings["external"]["email"], true);
    assert_eq!(settings["external"]["google"], false);
    assert_eq!(settings["external"]["anonymous_users"], true);
    assert_eq!(settings["mailer_autoconfirm"], true);
    assert_eq!(settings["disable_signup"], false);
    let missing = client.get("/nowhere").send().await.expect(404);
    assert_eq!(missing.text, "404 page not found\n");
}

#[tokio::test]
async fn while_the_database_is_away_the_answer_says_retry() {
    let client = Client::new().await;
    client.app.app.database.close();
    let answer = client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(503);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.json["error_code"], "unexpected_failure");
}

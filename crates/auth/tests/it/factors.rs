//! `/factors`: second factors by authenticator app.

use serde_json::{Value, json};
use totp_rs::{Algorithm, Secret, TOTP};

use crate::client::{Answer, Client, START, claims};

/// The code that an authenticator app shows at `at`.
fn code(factor: &Value, at: i64) -> String {
    let secret = factor["totp"]["secret"].as_str().unwrap().to_owned();
    let secret = Secret::Encoded(secret).to_bytes().unwrap();
    let totp = TOTP::new(Algorithm::SHA1, 6, 1, 30, secret).unwrap();
    totp.generate(u64::try_from(at).unwrap())
}

async fn enroll(client: &Client, session: &Value, name: &str) -> Answer {
    let body = json!({"factor_type": "totp", "friendly_name": name});
    client.post("/factors", body).session(session).send().await
}

async fn challenge(client: &Client, session: &Value, factor: &Value) -> Value {
    let path = format!("/factors/{}/challenge", factor["id"].as_str().unwrap());
    client
        .post(&path, json!({}))
        .session(session)
        .send()
        .await
        .expect(200)
        .json
}

async fn verify(
    client: &Client,
    session: &Value,
    factor: &Value,
    challenge: &Value,
    code: &str,
) -> Answer {
    let path = format!("/factors/{}/verify", factor["id"].as_str().unwrap());
    let body = json!({"challenge_id": challenge["id"], "code": code});
    client.post(&path, body).session(session).send().await
}

#[tokio::test]
async fn a_right_code_lifts_the_session_and_ends_those_without() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let other = client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200)
        .json;
    let factor = enroll(&client, &first, "phone").await.expect(200).json;
    assert_eq!(factor["type"], "totp");
    assert_eq!(factor["friendly_name"], "phone");
    assert!(factor["totp"]["qr_code"].as_str().unwrap().contains("<svg"));
    let secret = factor["totp"]["secret"].as_str().unwrap();
    assert_eq!(
        factor["totp"]["uri"],
        format!(
            "otpauth://totp/localhost%3A8000:ann@example.com?algorithm=SHA1&digits=6\
             &issuer=localhost%3A8000&period=30&secret={secret}"
        )
    );
    let asked = challenge(&client, &first, &factor).await;
    assert_eq!(asked["type"], "totp");
    assert_eq!(asked["expires_at"], START + 300);
    client.clock.advance(10);
    let wrong = verify(&client, &first, &factor, &asked, "000000").await;
    wrong.refused(422, "mfa_verification_failed", "Invalid TOTP code entered");
    let right = code(&factor, START + 10);
    let session = verify(&client, &first, &factor, &asked, &right)
        .await
        .expect(200)
        .json;
    let lifted = claims(&session);
    assert_eq!(lifted["aal"], "aal2");
    assert_eq!(lifted["session_id"], claims(&first)["session_id"]);
    let methods: Vec<_> = lifted["amr"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["method"].clone())
        .collect();
    assert_eq!(methods, ["totp", "password"]);
    assert_eq!(session["user"]["factors"][0]["status"], "verified");
    client.get("/user").session(&other).send().await.expect(403);

    // The session stays at its level over a refresh, and the old token no longer lifts anything.
    let refreshed = client
        .refresh(&session["refresh_token"])
        .await
        .expect(200)
        .json;
    assert_eq!(claims(&refreshed)["aal"], "aal2");
    let again = verify(&client, &session, &factor, &asked, &right).await;
    let words = "Challenge and verify IP addresses mismatch.";
    again.refused(422, "mfa_ip_address_mismatch", words);
}

#[tokio::test]
async fn a_factor_guards_what_matters() {
    let client = Client::new().await;
    let first = client.sign_up("ann@example.com").await;
    let factor = enroll(&client, &first, "one").await.expect(200).json;
    let asked = challenge(&client, &first, &factor).await;
    let right = code(&factor, START);
    let lifted = verify(&client, &first, &factor, &asked, &right)
        .await
        .expect(200)
        .json;
    let plain = client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200)
        .json;
    assert_eq!(claims(&plain)["aal"], "aal1");
    let body = json!({"password": "secret-2"});
    client
        .put("/user", body)
        .session(&plain)
        .send()
        .await
        .refused(
            401,
            "insufficient_aal",
            "AAL2 session is required to update email or password when MFA is enabled.",
        );
    let words = "AAL2 required to enroll a new factor";
    enroll(&client, &plain, "two")
        .await
        .refused(403, "insufficient_aal", words);
    let path = format!("/factors/{}", factor["id"].as_str().unwrap());
    let words = "AAL2 required to unenroll verified factor";
    let answer = client.delete(&path).session(&plain).send().await;
    answer.refused(422, "insufficient_aal", words);
    let answer = client
        .delete(&path)
        .session(&lifted)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.json, json!({"id": factor["id"]}));
    let refreshed = client
        .refresh(&lifted["refresh_token"])
        .await
        .expect(200)
        .json;
    assert_eq!(claims(&refreshed)["aal"], "aal1");
}

#[tokio::test]
async fn factors_are_refused_by_name() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let factor = enroll(&client, &session, "one").await.expect(200).json;
    let words = "A factor with the friendly name \"one\" for this user already exists";
    enroll(&client, &session, "one")
        .await
        .refused(422, "mfa_factor_name_conflict", words);
    for (kind, status, code, words) in [
        (
            "phone",
            422,
            "mfa_phone_enroll_not_enabled",
            "MFA enroll is disabled for Phone",
        ),
        (
            "webauthn",
            422,
            "mfa_webauthn_enroll_not_enabled",
            "MFA enroll is disabled for WebAuthn",
        ),
        (
            "x",
            400,
            "validation_failed",
            "factor_type needs to be totp, phone, or webauthn",
        ),
    ] {
        let body = json!({"factor_type": kind});
        let answer = client.post("/factors", body).session(&session).send().await;
        answer.refused(status, code, words);
    }
    let anonymous = client.post("/signup", json!({})).send().await.json;
    let words = "Anonymous user not allowed to perform these actions";
    enroll(&client, &anonymous, "x")
        .await
        .refused(403, "no_authorization", words);
    let bob = client.sign_up("bob@example.com").await;
    let path = format!("/factors/{}/challenge", factor["id"].as_str().unwrap());
    let answer = client.post(&path, json!({})).session(&bob).send().await;
    answer.refused(404, "mfa_factor_not_found", "Factor not found");
    let answer = client.delete("/factors/x").session(&session).send().await;
    answer.refused(404, "validation_failed", "factor_id must be an UUID");
    let unknown = json!({"id": "x"});
    let words = "MFA factor with the provided challenge ID not found";
    let answer = verify(&client, &session, &factor, &unknown, "1").await;
    answer.refused(422, "mfa_factor_not_found", words);
    let asked = challenge(&client, &session, &factor).await;
    verify(&client, &session, &factor, &asked, "")
        .await
        .refused(400, "validation_failed", "Code needs to be non-empty");
    client.clock.advance(301);
    let answer = verify(&client, &session, &factor, &asked, "123456").await;
    let id = asked["id"].as_str().unwrap();
    let words = format!(
        "MFA challenge {id} has expired, verify against another challenge or create a new \
         challenge."
    );
    answer.refused(422, "mfa_challenge_expired", &words);
}

#[tokio::test]
async fn guessing_ends_soon() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    client.post("/signup", body).send().await.expect(200);
    let guess = |code: &str| {
        let body = json!({"type": "signup", "token": code, "email": "ann@example.com"});
        client.post("/verify", body).send()
    };
    for _ in 0..30 {
        guess("wrong").await.expect(403);
    }
    let words = "Request rate limit reached";
    guess("wrong")
        .await
        .refused(429, "over_request_rate_limit", words);
    let mails = client.auth.mailbox().mails(&client.app.app.reference);
    guess(&mails[0].code).await.expect(429);
    let body = json!({"type": "signup", "token": "wrong", "email": "bob@example.com"});
    client.post("/verify", body).send().await.expect(403);
}

//! Codes and links: `/verify`, `/recover`, `/otp`, `/magiclink`, `/resend`, `/reauthenticate`,
//! `/invite`.

use base64::Engine;
use hearth_auth::Mail;
use serde_json::{Value, json};

use crate::client::{Answer, Client, claims};

impl Client {
    /// The latest mail to `to`.
    fn mail(&self, to: &str) -> Mail {
        let mails = self.auth.mailbox().mails(&self.app.app.reference);
        mails.into_iter().rfind(|mail| mail.to == to).unwrap()
    }

    /// Opens the link of a mail.
    async fn open(&self, mail: &Mail) -> Answer {
        let link = mail.link.as_deref().unwrap();
        let path = link.strip_prefix("http://localhost:8000/auth/v1").unwrap();
        self.get(path).send().await
    }
}

/// The pairs in the fragment of a redirect.
fn fragment(answer: &Answer) -> Value {
    let (_, fragment) = answer.header("location").split_once('#').unwrap();
    let pairs = url::form_urlencoded::parse(fragment.as_bytes()).into_owned();
    Value::Object(
        pairs
            .map(|(key, value)| (key, Value::String(value)))
            .collect(),
    )
}

#[tokio::test]
async fn a_link_confirms_the_address_and_signs_in_once() {
    let client = Client::with(|s| {
        s.auth.mailer_autoconfirm = false;
        s.auth.site_url = "https://chat.example.com".to_owned();
    })
    .await;
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    let path = "/signup?redirect_to=https://chat.example.com/hello";
    client.post(path, body).send().await.expect(200);
    let mail = client.mail("ann@example.com");
    assert_eq!((mail.kind, mail.code.len()), ("signup", 6));
    let answer = client.open(&mail).await.expect(303);
    assert!(
        answer
            .header("location")
            .starts_with("https://chat.example.com/hello#access_token=")
    );
    let session = fragment(&answer);
    assert_eq!(session["type"], "signup");
    assert_eq!(session["token_type"], "bearer");
    let user = client
        .get("/user")
        .session(&session)
        .send()
        .await
        .expect(200)
        .json;
    assert!(user["email_confirmed_at"].is_string());
    assert_eq!(
        user["identities"][0]["identity_data"]["email_verified"],
        true
    );
    client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200);

    let again = client.open(&mail).await.expect(303);
    assert_eq!(
        again.header("location"),
        "https://chat.example.com/hello#error=access_denied&error_code=otp_expired&\
         error_description=Email+link+is+invalid+or+has+expired&sb="
    );
}

#[tokio::test]
async fn a_code_typed_by_hand_counts_once_and_not_for_long() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    client.post("/signup", body).send().await.expect(200);
    let code = client.mail("ann@example.com").code;
    let verify = |kind: &str, token: &str| {
        let body = json!({"type": kind, "token": token, "email": "Ann@example.com"});
        client.post("/verify", body).send()
    };
    let words = "Token has expired or is invalid";
    verify("signup", "000000x")
        .await
        .refused(403, "otp_expired", words);
    verify("recovery", &code)
        .await
        .refused(403, "otp_expired", words);
    client.clock.advance(3601);
    verify("signup", &code)
        .await
        .refused(403, "otp_expired", words);
    client
        .post(
            "/resend",
            json!({"type": "signup", "email": "ann@example.com"}),
        )
        .send()
        .await
        .expect(200);
    let fresh = client.mail("ann@example.com").code;
    let session = verify("email", &fresh).await.expect(200).json;
    assert_eq!(claims(&session)["amr"][0]["method"], "otp");
    verify("email", &fresh)
        .await
        .refused(403, "otp_expired", words);
}

#[tokio::test]
async fn verify_is_refused_by_name() {
    let client = Client::new().await;
    let validation = "validation_failed";
    for (body, words) in [
        (json!({"token": "1"}), "Verify requires a verification type"),
        (
            json!({"type": "signup"}),
            "Verify requires either a token or a token hash",
        ),
        (
            json!({"type": "signup", "token": "1", "token_hash": "x"}),
            "Verify requires either a token or a token hash",
        ),
        (
            json!({"type": "signup", "token_hash": "x", "email": "a@b.c"}),
            "Only the token_hash and type should be provided",
        ),
        (
            json!({"type": "signup", "token": "1"}),
            "Only an email address or phone number should be provided on verify",
        ),
        (
            json!({"type": "magic", "token_hash": "x"}),
            "Invalid email verification type",
        ),
    ] {
        client
            .post("/verify", body)
            .send()
            .await
            .refused(400, validation, words);
    }
    let answer = client
        .post("/verify", json!({"type": "signup", "token_hash": "x"}))
        .send()
        .await;
    answer.refused(403, "otp_expired", "Email link is invalid or has expired");
    let answer = client.get("/verify?type=signup").send().await;
    answer.refused(400, validation, "Verify requires a token or a token hash");
    let answer = client
        .get("/verify?type=signup&token=x%00")
        .send()
        .await
        .expect(303);
    assert!(
        answer
            .header("location")
            .starts_with("http://localhost:8000#error=access_denied")
    );
}

#[tokio::test]
async fn recovery_leads_to_a_new_password_and_tells_nothing_of_unknown_addresses() {
    let client = Client::with(|s| s.auth.update_password_require_current_password = true).await;
    client.sign_up("ann@example.com").await;
    let recover = |email: &str| client.post("/recover", json!({ "email": email })).send();
    assert_eq!(
        recover("nobody@example.com").await.expect(200).json,
        json!({})
    );
    assert_eq!(recover("ann@example.com").await.expect(200).json, json!({}));
    let words = "Password recovery requires an email";
    recover("").await.refused(400, "validation_failed", words);
    client.clock.advance(10);
    recover("ann@example.com").await.refused(
        429,
        "over_email_send_rate_limit",
        "For security purposes, you can only request this after 50 seconds.",
    );
    let mail = client.mail("ann@example.com");
    assert_eq!(mail.kind, "recovery");
    let hash = client
        .value("select recovery_token from auth.users")
        .await
        .unwrap();
    let body = json!({"type": "recovery", "token_hash": hash});
    let session = client.post("/verify", body).send().await.expect(200).json;
    // Who came by a link needs no current password.
    let body = json!({"password": "secret-2"});
    client
        .put("/user", body)
        .session(&session)
        .send()
        .await
        .expect(200);
    client
        .sign_in("ann@example.com", "secret-2")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_magic_link_signs_new_and_known_users_in() {
    let client = Client::new().await;
    let body = json!({"email": "ann@example.com", "data": {"nick": "x"}, "create_user": true});
    assert_eq!(
        client.post("/otp", body).send().await.expect(200).json,
        json!({})
    );
    let mail = client.mail("ann@example.com");
    assert_eq!(mail.kind, "magiclink");
    let answer = client.open(&mail).await.expect(303);
    let user = client
        .get("/user")
        .session(&fragment(&answer))
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user["user_metadata"]["nick"], "x");

    client.clock.advance(61);
    client
        .post("/magiclink", json!({"email": "ann@example.com"}))
        .send()
        .await
        .expect(200);
    let code = client.mail("ann@example.com").code;
    let body = json!({"type": "email", "token": code, "email": "ann@example.com"});
    let session = client.post("/verify", body).send().await.expect(200).json;
    assert_eq!(session["user"]["id"], user["id"]);
}

#[tokio::test]
async fn codes_for_strangers_are_refused_where_they_may_not_sign_up() {
    let client = Client::new().await;
    let validation = "validation_failed";
    for (body, status, code, words) in [
        (
            json!({"email": "a@b.c", "create_user": false}),
            422,
            "otp_disabled",
            "Signups not allowed for otp",
        ),
        (
            json!({}),
            400,
            validation,
            "One of email or phone must be set",
        ),
        (
            json!({"email": "a@b.c", "phone": "1"}),
            400,
            validation,
            "Only an email address or phone number should be provided",
        ),
        (
            json!({"email": "a@b.c", "channel": "sms"}),
            400,
            validation,
            "Channel should only be specified with Phone OTP",
        ),
        (
            json!({"phone": "8613800138000"}),
            400,
            "phone_provider_disabled",
            "Unsupported phone provider",
        ),
    ] {
        client
            .post("/otp", body)
            .send()
            .await
            .refused(status, code, words);
    }
    client.set(|s| s.auth.phone_enabled = true);
    let answer = client
        .post("/otp", json!({"phone": "8613800138000"}))
        .send()
        .await
        .expect(500);
    assert_eq!(answer.json["msg"], "Unable to get SMS provider");
    client.set(|s| s.auth.disable_signup = true);
    let answer = client.post("/otp", json!({"email": "a@b.c"})).send().await;
    answer.refused(
        422,
        "signup_disabled",
        "Signups not allowed for this instance",
    );
}

#[tokio::test]
async fn a_pkce_link_ends_in_a_code() {
    let client = Client::new().await;
    client.sign_up("ann@example.com").await;
    let verifier = "v".repeat(64);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&verifier);
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    let body = json!({"email": "ann@example.com", "code_challenge": challenge,
                      "code_challenge_method": "s256"});
    client.post("/recover", body).send().await.expect(200);
    let answer = client
        .open(&client.mail("ann@example.com"))
        .await
        .expect(303);
    let location = url::Url::parse(answer.header("location")).unwrap();
    let (_, code) = location
        .query_pairs()
        .find(|(key, _)| key == "code")
        .unwrap();
    let body = json!({"auth_code": code, "code_verifier": verifier});
    let session = client
        .post("/token?grant_type=pkce", body)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(claims(&session)["amr"][0]["method"], "recovery");
    client.clock.advance(301);
}

#[tokio::test]
async fn resending_tells_nothing() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let resend = |body: Value| client.post("/resend", body).send();
    let answer = resend(json!({"type": "signup", "email": "nobody@b.c"}))
        .await
        .expect(200);
    assert_eq!(answer.json, json!({}));
    for (body, words) in [
        (
            json!({"email": "a@b.c"}),
            "Missing one of these types: signup, email_change, sms, phone_change",
        ),
        (
            json!({"type": "signup"}),
            "Type provided requires an email address",
        ),
        (
            json!({"type": "sms"}),
            "Type provided requires a phone number",
        ),
        (
            json!({"type": "email_change"}),
            "Missing email address or phone number",
        ),
    ] {
        resend(body).await.refused(400, "validation_failed", words);
    }
}

#[tokio::test]
async fn a_new_address_is_confirmed_from_both_ends() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    client.set(|s| s.auth.mailer_autoconfirm = true);
    let session = client.sign_up("ann@example.com").await;
    client.set(|s| s.auth.mailer_autoconfirm = false);
    let body = json!({"email": "anna@example.com"});
    client
        .put("/user", body)
        .session(&session)
        .send()
        .await
        .expect(200);
    let half = "Confirmation link accepted. \
                Please proceed to confirm link sent to the other email";
    let verify = |email: &str| {
        let code = client.mail(email).code;
        let body = json!({"type": "email_change", "token": code, "email": email});
        client.post("/verify", body).send()
    };
    let answer = verify("anna@example.com").await.expect(200);
    assert_eq!(answer.json, json!({"code": "200", "msg": half}));
    verify("anna@example.com").await.expect(403);
    let session = verify("ann@example.com").await.expect(200).json;
    assert_eq!(session["user"]["email"], "anna@example.com");
    assert_eq!(session["user"].get("new_email"), None);
    assert_eq!(
        session["user"]["identities"][0]["email"],
        "anna@example.com"
    );
    client
        .sign_in("anna@example.com", "secret-1")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_code_proves_who_sets_a_new_password() {
    let client = Client::with(|s| {
        s.auth.update_password_require_reauthentication = true;
        s.auth.jwt_expiry = 1_000_000;
    })
    .await;
    let session = client.sign_up("ann@example.com").await;
    client.clock.advance(86_401);
    let put = |body: Value| client.put("/user", body).session(&session).send();
    let words = "Password update requires reauthentication";
    put(json!({"password": "secret-2"}))
        .await
        .refused(400, "reauthentication_needed", words);
    client
        .get("/reauthenticate")
        .session(&session)
        .send()
        .await
        .expect(200);
    let mail = client.mail("ann@example.com");
    assert_eq!((mail.kind, mail.link.is_none()), ("reauthentication", true));
    let words = "Nonce has expired or is invalid";
    let wrong = put(json!({"password": "secret-2", "nonce": "wrong"})).await;
    wrong.refused(422, "reauthentication_not_valid", words);
    put(json!({"password": "secret-2", "nonce": mail.code}))
        .await
        .expect(200);
    client
        .sign_in("ann@example.com", "secret-2")
        .await
        .expect(200);
}

#[tokio::test]
async fn an_invitation_makes_a_user() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let body = || json!({"email": "ann@example.com", "data": {"team": 1}});
    let answer = client.post("/invite", body()).send().await;
    answer.refused(403, "not_admin", "User not allowed");
    let user = client
        .post("/invite", body())
        .service()
        .send()
        .await
        .expect(200)
        .json;
    assert!(user["invited_at"].is_string());
    let mail = client.mail("ann@example.com");
    let answer = client.open(&mail).await.expect(303);
    let session = fragment(&answer);
    assert_eq!(session["type"], "invite");
    let body_of = json!({"password": "secret-1"});
    client
        .put("/user", body_of)
        .session(&session)
        .send()
        .await
        .expect(200);
    client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200);
    let words = "A user with this email address has already been registered";
    let answer = client.post("/invite", body()).service().send().await;
    answer.refused(422, "email_exists", words);
}

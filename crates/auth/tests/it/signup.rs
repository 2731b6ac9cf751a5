//! `POST /signup`

use hearth_apps::AppSettings;
use serde_json::{Value, json};

use crate::client::{Client, START, claims};

#[tokio::test]
async fn a_new_user_gets_a_session() {
    let client = Client::new().await;
    let body = json!({"email": "Ann@Example.com", "password": "secret-1", "data": {"nick": "安"}});
    let session = client.post("/signup", body).send().await.expect(200).json;
    assert_eq!(session["token_type"], "bearer");
    assert_eq!(session["expires_in"], 3600);
    assert_eq!(session["expires_at"], START + 3600);
    assert_eq!(session["refresh_token"].as_str().unwrap().len(), 12);
    let user = &session["user"];
    let id = user["id"].as_str().unwrap();
    assert_eq!(user["aud"], "authenticated");
    assert_eq!(user["role"], "authenticated");
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["phone"], "");
    assert_eq!(user["email_confirmed_at"], "2027-01-15T08:00:00Z");
    assert_eq!(user["confirmed_at"], "2027-01-15T08:00:00Z");
    assert_eq!(user["last_sign_in_at"], "2027-01-15T08:00:00Z");
    assert_eq!(user["is_anonymous"], false);
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "email", "providers": ["email"]})
    );
    assert_eq!(
        user["user_metadata"],
        json!({"email": "ann@example.com", "email_verified": true, "nick": "安",
               "phone_verified": false, "sub": id})
    );
    let identity = &user["identities"][0];
    assert_eq!(identity["id"], id);
    assert_eq!(identity["user_id"], id);
    assert_eq!(identity["provider"], "email");
    assert_eq!(identity["email"], "ann@example.com");
    assert_ne!(identity["identity_id"], identity["id"]);
    assert_eq!(
        identity["identity_data"],
        json!({"email": "ann@example.com", "email_verified": false, "nick": "安",
               "phone_verified": false, "sub": id})
    );
    let stored = client
        .value("select encrypted_password from auth.users")
        .await
        .unwrap();
    assert!(stored.starts_with("$2a$10$"), "{stored}");
}

#[tokio::test]
async fn the_token_says_who_signed_in_and_how() {
    let client = Client::new().await;
    let session = client.sign_up("ann@example.com").await;
    let claims = claims(&session);
    let user = &session["user"];
    let mut wanted = json!({
        "iss": "http://localhost:8000/auth/v1",
        "sub": user["id"],
        "aud": "authenticated",
        "exp": START + 3600,
        "iat": START,
        "email": "ann@example.com",
        "phone": "",
        "app_metadata": user["app_metadata"],
        "user_metadata": user["user_metadata"],
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": START}],
        "is_anonymous": false,
    });
    wanted["session_id"] = claims["session_id"].clone();
    assert_eq!(claims, wanted);
    let sql = "select id from auth.sessions";
    assert_eq!(
        client.value(sql).await.as_deref(),
        claims["session_id"].as_str()
    );
}

#[tokio::test]
async fn anonymous_users_have_no_name() {
    let client = Client::new().await;
    let body = json!({"data": {"nick": "x"}});
    let session = client.post("/signup", body).send().await.expect(200).json;
    let user = &session["user"];
    assert_eq!(user["email"], "");
    assert_eq!(user["is_anonymous"], true);
    assert_eq!(user["app_metadata"], json!({}));
    assert_eq!(user["user_metadata"], json!({"nick": "x"}));
    assert_eq!(user["identities"], json!([]));
    let claims = claims(&session);
    assert_eq!(claims["is_anonymous"], true);
    assert_eq!(claims["amr"][0]["method"], "anonymous");
    let again = client
        .refresh(&session["refresh_token"])
        .await
        .expect(200)
        .json;
    assert_eq!(again["user"]["id"], user["id"]);
}

#[tokio::test]
async fn an_address_can_be_taken_once() {
    let client = Client::new().await;
    client.sign_up("ann@example.com").await;
    let body = json!({"email": "ANN@example.com", "password": "another"});
    let answer = client.post("/signup", body.clone()).send().await;
    answer.refused(422, "user_already_exists", "User already registered");
    let answer = client.post("/signup", body).versioned().send().await;
    assert_eq!(
        answer.json,
        json!({"code": "user_already_exists", "message": "User already registered"})
    );
    assert_eq!(answer.header("x-supabase-api-version"), "2024-01-01");
    client
        .sign_in("ann@example.com", "another")
        .await
        .expect(400);
}

#[tokio::test]
async fn the_same_address_signed_up_at_once_makes_one_user() {
    let client = Client::new().await;
    let body = || json!({"email": "ann@example.com", "password": "secret-1"});
    let (a, b, c) = tokio::join!(
        client.post("/signup", body()).send(),
        client.post("/signup", body()).send(),
        client.post("/signup", body()).send()
    );
    let mut statuses = [a.status, b.status, c.status].map(|s| s.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422]);
    assert_eq!(
        client
            .value("select count(*) from auth.users")
            .await
            .as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn where_addresses_are_confirmed_nothing_tells_whether_one_is_taken() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let body = json!({"email": "ann@example.com", "password": "secret-1", "data": {"a": 1}});
    let user = client
        .post("/signup", body.clone())
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user.get("access_token"), None);
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user.get("email_confirmed_at"), None);
    assert!(user["confirmation_sent_at"].is_string());
    assert_eq!(user["identities"][0]["provider"], "email");
    let answer = client.sign_in("ann@example.com", "secret-1").await;
    answer.refused(400, "email_not_confirmed", "Email not confirmed");

    let again = client.post("/signup", body.clone()).send().await;
    again.refused(
        429,
        "over_email_send_rate_limit",
        "For security purposes, you can only request this after 60 seconds.",
    );

    client
        .app
        .sql("update auth.users set email_confirmed_at = now()")
        .await
        .unwrap();
    let shown = client.post("/signup", body).send().await.expect(200).json;
    assert_ne!(shown["id"], user["id"]);
    assert_eq!(shown["role"], "");
    assert_eq!(shown["identities"], json!([]));
    assert_eq!(shown["user_metadata"], json!({"a": 1}));
    assert_eq!(shown["app_metadata"], user["app_metadata"]);
    assert_eq!(shown.get("email_confirmed_at"), None);
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&shown), keys(&user));
}

#[tokio::test]
async fn sign_up_is_refused_by_name() {
    let client = Client::new().await;
    let validation = "validation_failed";
    for (body, code, words) in [
        (
            json!({"email": "a@b.c"}),
            validation,
            "Signup requires a valid password",
        ),
        (
            json!({"email": "nonsense", "password": "secret-1"}),
            validation,
            "Unable to validate email address: invalid format",
        ),
        (
            json!({"email": "a@b.c", "phone": "123", "password": "secret-1"}),
            validation,
            "Only an email address or phone number should be provided on signup.",
        ),
        (
            json!({"email": "a@b.c", "password": "x".repeat(73)}),
            validation,
            "Password cannot be longer than 72 characters",
        ),
        (
            json!({"email": "a@b.c", "password": "secret-1", "code_challenge": "x"}),
            validation,
            "PKCE flow requires code_challenge_method and code_challenge",
        ),
        (
            json!({"phone": "+8613800138000", "password": "secret-1"}),
            "phone_provider_disabled",
            "Phone signups are disabled",
        ),
        (
            json!({"email": 1, "password": "secret-1"}),
            "bad_json",
            "Could not parse request body as JSON: json: cannot unmarshal number into Go struct \
             field SignupParams.email of type string",
        ),
    ] {
        client
            .post("/signup", body)
            .send()
            .await
            .refused(400, code, words);
    }
    let answer = client
        .post("/signup", Value::Null)
        .body("{not json")
        .send()
        .await;
    answer.refused(
        400,
        "bad_json",
        "Could not parse request body as JSON: \
         invalid character 'n' looking for beginning of object key string",
    );
    assert_eq!(
        client
            .value("select count(*) from auth.users")
            .await
            .as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn a_weak_password_is_refused_with_its_reasons() {
    let client = Client::new().await;
    let body = json!({"email": "a@b.c", "password": "abc"});
    let words = "Password should be at least 6 characters.";
    let answer = client
        .post("/signup", body.clone())
        .send()
        .await
        .expect(422);
    assert_eq!(
        answer.json,
        json!({"code": 422, "error_code": "weak_password", "msg": words,
               "weak_password": {"reasons": ["length"]}})
    );
    let answer = client
        .post("/signup", body)
        .versioned()
        .send()
        .await
        .expect(422);
    assert_eq!(
        answer.json,
        json!({"code": "weak_password", "message": words,
               "weak_password": {"reasons": ["length"]}})
    );
}

#[tokio::test]
async fn settings_switch_ways_in_off_at_run_time() {
    let client = Client::new().await;
    let by_email = || json!({"email": "a@b.c", "password": "secret-1"});
    type Change = fn(&mut AppSettings);
    let cases: [(Change, Value, u16, &str, &str); 4] = [
        (
            |s| s.auth.disable_signup = true,
            by_email(),
            422,
            "signup_disabled",
            "Signups not allowed for this instance",
        ),
        (
            |s| s.auth.disable_signup = true,
            json!({}),
            422,
            "signup_disabled",
            "Signups not allowed for this instance",
        ),
        (
            |s| s.auth.anonymous_enabled = false,
            json!({}),
            422,
            "anonymous_provider_disabled",
            "Anonymous sign-ins are disabled",
        ),
        (
            |s| s.auth.email_enabled = false,
            by_email(),
            400,
            "email_provider_disabled",
            "Email signups are disabled",
        ),
    ];
    for (change, body, status, code, words) in cases {
        client.set(|s| *s = AppSettings::default());
        client.set(change);
        client
            .post("/signup", body)
            .send()
            .await
            .refused(status, code, words);
    }
    client.set(|s| *s = AppSettings::default());
    client.post("/signup", by_email()).send().await.expect(200);
}

#[tokio::test]
async fn triggers_of_the_application_run_and_may_refuse() {
    let client = Client::new().await;
    client
        .app
        .sql(
            "create table profiles (id uuid primary key references auth.users on delete cascade,
               nick text);
             create function welcome() returns trigger language plpgsql security definer
               set search_path = public as $$
             begin
               if new.email = 'bad@example.com' then
                 raise exception 'not you' using hint = 'go away';
               end if;
               insert into profiles values (new.id, new.raw_user_meta_data ->> 'nick');
               return new;
             end $$;
             create trigger welcome after insert on auth.users
               for each row execute function welcome()",
        )
        .await
        .unwrap();
    let body = json!({"email": "a@b.c", "password": "secret-1", "data": {"nick": "安"}});
    client.post("/signup", body).send().await.expect(200);
    assert_eq!(
        client
            .value("select nick from public.profiles")
            .await
            .as_deref(),
        Some("安")
    );

    let body = json!({"email": "bad@example.com", "password": "secret-1"});
    let answer = client
        .post("/signup", body.clone())
        .send()
        .await
        .expect(500);
    assert_eq!(
        answer.json,
        json!({"code": "P0001", "message": "not you", "hint": "go away"})
    );
    let answer = client
        .post("/signup", body)
        .versioned()
        .send()
        .await
        .expect(500);
    assert_eq!(
        answer.json,
        json!({"code": "unexpected_failure", "message": "Database error saving new user"})
    );
    assert_eq!(
        client
            .value("select count(*) from auth.users")
            .await
            .as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn a_user_made_by_an_admin_is_not_taken_over_by_signing_up() {
    let client = Client::new().await;
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    client
        .post("/admin/users", body.clone())
        .service()
        .send()
        .await
        .expect(200);
    let other = json!({"email": "ann@example.com", "password": "another"});
    let answer = client.post("/signup", other).send().await;
    answer.refused(422, "user_already_exists", "User already registered");
    let invited = json!({"email": "bob@example.com"});
    client
        .post("/invite", invited.clone())
        .service()
        .send()
        .await
        .expect(200);
    let body_of = json!({"email": "bob@example.com", "password": "secret-1"});
    client.post("/signup", body_of).send().await.expect(422);
    client.post("/signup", body).send().await.expect(200);
}

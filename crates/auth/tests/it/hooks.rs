//! Code of the application's own, as functions in its database and as HTTP endpoints.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hearth_apps::settings::HookSettings;
use hearth_core::Secret;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::client::{Client, claims};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr";

fn function(name: &str) -> HookSettings {
    HookSettings {
        enabled: true,
        uri: format!("pg-functions://postgres/public/{name}"),
        secret: Secret::default(),
    }
}

impl Client {
    /// Makes a function that hooks may call, as the owner of the application does.
    async fn create_hook(&self, name: &str, body: &str) {
        let db = self.app.owner().await.unwrap();
        let sql = format!(
            "create function public.{name}(event jsonb) returns jsonb language plpgsql as $f$
             {body} $f$;
             grant usage on schema public to supabase_auth_admin;
             grant execute on function public.{name} to supabase_auth_admin"
        );
        db.batch_execute(&sql).await.unwrap();
    }
}

/// An endpoint that notes what it gets and answers by `answer`.
async fn endpoint(
    answer: impl Fn(&Value) -> Response + Clone + Send + Sync + 'static,
) -> (HookSettings, Arc<Mutex<Vec<Value>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        let signer = Webhook::new(SECRET).unwrap();
        signer.verify(&body, &headers).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        notes.lock().unwrap().push(message.clone());
        answer(&message)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/hook", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = HookSettings {
        enabled: true,
        uri: format!("http://{address}/hook"),
        secret: Secret::new(format!("v1,{SECRET}")),
    };
    (settings, seen)
}

#[tokio::test]
async fn a_function_adds_claims_to_every_token() {
    let client = Client::new().await;
    client
        .create_hook(
            "claims",
            "begin
               return jsonb_build_object('claims', event->'claims' || jsonb_build_object(
                 'level', 7, 'method', event->'authentication_method'));
             end",
        )
        .await;
    client.set(|s| s.auth.hooks.custom_access_token = function("claims"));
    let session = client.sign_up("ann@example.com").await;
    let token = claims(&session);
    assert_eq!(
        (&token["level"], &token["method"]),
        (&json!(7), &json!("password"))
    );
    assert_eq!(token["email"], "ann@example.com");
    let refreshed = client.refresh(&session["refresh_token"]).await.expect(200);
    assert_eq!(claims(&refreshed.json)["method"], "token_refresh");
    client
        .get("/user")
        .session(&refreshed.json)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn claims_that_others_rely_on_cannot_be_left_out() {
    let client = Client::new().await;
    client
        .create_hook("less", "begin return event #- '{claims,role}'; end")
        .await;
    client
        .create_hook("fails", "begin raise 'secret cause'; end")
        .await;
    client
        .create_hook("slow", "begin perform pg_sleep(30); return event; end")
        .await;
    client.sign_up("ann@example.com").await;
    let sign_in = async |hook: HookSettings| {
        client.set(|s| s.auth.hooks.custom_access_token = hook);
        client
            .sign_in("ann@example.com", "secret-1")
            .await
            .expect(500)
            .json
    };
    assert_eq!(
        sign_in(function("less")).await["msg"],
        "output claims do not conform to the expected schema: \n- (root): role is required\n"
    );
    for name in ["fails", "slow", "absent"] {
        let answer = sign_in(function(name)).await;
        let words = format!("Error running hook URI: pg-functions://postgres/public/{name}");
        assert_eq!(answer["msg"], words);
    }
    let sessions = client.value("select count(*) from auth.sessions").await;
    assert_eq!(sessions.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_hook_may_refuse_a_new_user() {
    let client = Client::new().await;
    client
        .create_hook(
            "only_ours",
            "begin
               if event->'user'->>'email' like '%@ours.cn' then return '{}'; end if;
               return jsonb_build_object('error',
                 jsonb_build_object('http_code', 403, 'message', 'Only @ours.cn'));
             end",
        )
        .await;
    client.set(|s| s.auth.hooks.before_user_created = function("only_ours"));
    client.sign_up("ann@ours.cn").await;
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    let answer = client
        .post("/signup", body)
        .versioned()
        .send()
        .await
        .expect(403);
    assert_eq!(
        answer.json,
        json!({"code": "unknown", "message": "Only @ours.cn"})
    );
    client.post("/signup", json!({})).send().await.expect(403);
    let body = json!({"email": "bob@example.com"});
    client
        .post("/invite", body)
        .service()
        .send()
        .await
        .expect(403);
    let users = client.value("select count(*) from auth.users").await;
    assert_eq!(users.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_endpoint_sends_the_mails_in_place_of_the_mailbox() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let (hook, seen) = endpoint(|_| StatusCode::NO_CONTENT.into_response()).await;
    client.set(|s| s.auth.hooks.send_email = hook);
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    client.post("/signup", body).send().await.expect(200);
    let mail = seen.lock().unwrap().remove(0);
    assert_eq!(mail["metadata"]["name"], "send-email");
    assert_eq!(mail["user"]["email"], "ann@example.com");
    let data = &mail["email_data"];
    assert_eq!(data["email_action_type"], "signup");
    let body = json!({"type": "signup", "token": data["token"], "email": "ann@example.com"});
    let session = client.post("/verify", body).send().await.expect(200).json;
    assert!(
        client
            .auth
            .mailbox()
            .mails(&client.app.app.reference)
            .is_empty()
    );
    // A change of address is one call with the codes for both addresses.
    let body = json!({"email": "anna@example.com"});
    client
        .put("/user", body)
        .session(&session)
        .send()
        .await
        .expect(200);
    let mail = seen.lock().unwrap().remove(0);
    let code = |name: &str, email: &str| json!({"type": "email_change", "token": mail["email_data"][name], "email": email});
    let body = code("token", "ann@example.com");
    client.post("/verify", body).send().await.expect(200);
    let body = code("token_new", "anna@example.com");
    let session = client.post("/verify", body).send().await.expect(200).json;
    assert_eq!(session["user"]["email"], "anna@example.com");
}

#[tokio::test]
async fn an_endpoint_that_refuses_or_answers_nonsense_is_said() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let (hook, _) = endpoint(|message| match message["user"]["email"].as_str().unwrap() {
        "refused@example.com" => {
            let error = json!({"error": {"http_code": 429, "message": "Later"}});
            axum::Json(error).into_response()
        }
        "text@example.com" => "{}".into_response(),
        "long@example.com" => axum::Json("x".repeat(300_000)).into_response(),
        "broken@example.com" => ([("content-type", "application/json")], "{").into_response(),
        "unauthorized@example.com" => StatusCode::UNAUTHORIZED.into_response(),
        _ => StatusCode::IM_A_TEAPOT.into_response(),
    })
    .await;
    client.set(|s| s.auth.hooks.send_email = hook);
    let sign_up = |email: &str| {
        let body = json!({"email": email, "password": "secret-1"});
        client.post("/signup", body).send()
    };
    for (name, status, code, words) in [
        ("refused", 429, "unknown", "Later"),
        (
            "text",
            400,
            "hook_payload_invalid_content_type",
            "Invalid JSON response. Received content-type: text/plain; charset=utf-8",
        ),
        (
            "long",
            422,
            "hook_payload_over_size_limit",
            "Payload size exceeded size limit of 204800 bytes",
        ),
        (
            "broken",
            500,
            "unexpected_failure",
            "Error unmarshaling JSON output.",
        ),
        (
            "unauthorized",
            500,
            "unexpected_failure",
            "Hook requires authorization token",
        ),
        (
            "tea",
            500,
            "unexpected_failure",
            "Unexpected status code returned from hook: 418",
        ),
    ] {
        let answer = sign_up(&format!("{name}@example.com"))
            .await
            .expect(status)
            .json;
        assert_eq!(
            (&answer["error_code"], &answer["msg"]),
            (&json!(code), &json!(words))
        );
    }
    client.set(|s| s.auth.hooks.send_email.secret = Secret::new("nothing"));
    let answer = sign_up("signed@example.com").await.expect(500).json;
    assert_eq!(
        answer["msg"],
        "Error generating signatures: invalid signature format"
    );
}

#[tokio::test]
async fn attempts_to_sign_in_are_told_and_may_be_refused() {
    let client = Client::new().await;
    client.sign_up("ann@example.com").await;
    let (hook, seen) = endpoint(|message| {
        let decision = if message["valid"] == true {
            "continue"
        } else {
            "reject"
        };
        axum::Json(json!({"decision": decision, "should_logout_user": true})).into_response()
    })
    .await;
    client.set(|s| s.auth.hooks.password_verification_attempt = hook);
    client
        .sign_in("ann@example.com", "secret-1")
        .await
        .expect(200);
    let words = "Further password verification attempts will be rejected.";
    client
        .sign_in("ann@example.com", "wrong")
        .await
        .refused(400, "invalid_credentials", words);
    assert_eq!(seen.lock().unwrap().len(), 2);
    let sessions = client.value("select count(*) from auth.sessions").await;
    assert_eq!(sessions.as_deref(), Some("0"));
    // Nobody is told of attempts at nobody.
    client.sign_in("nobody@example.com", "wrong").await.refused(
        400,
        "invalid_credentials",
        "Invalid login credentials",
    );
    assert_eq!(seen.lock().unwrap().len(), 2);
}

//! `/wechat_mini/…` against a stand-in for WeChat's servers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hearth_auth::AuthConfig;
use hearth_core::Secret;
use serde_json::{Value, json};

use crate::client::{Client, claims};

/// What the stand-in was asked.
#[derive(Default)]
struct Seen {
    tokens: AtomicUsize,
    logins: AtomicUsize,
}

type Asked = Query<HashMap<String, String>>;

async fn session(State(seen): State<Arc<Seen>>, Query(query): Asked) -> Response {
    seen.logins.fetch_add(1, Ordering::SeqCst);
    let answer = match query["js_code"].as_str() {
        _ if query["secret"] != "app-secret" => json!({"errcode": 40125, "errmsg": "bad secret"}),
        "used" => json!({"errcode": 40163, "errmsg": "code been used"}),
        "busy" => json!({"errcode": -1, "errmsg": "system error"}),
        "broken" => return "<html>".into_response(),
        code if code.starts_with("code-") => {
            let openid = format!("openid-{}", &code[5..]);
            json!({"openid": openid, "session_key": "hidden", "unionid": "union"})
        }
        _ => json!({"errcode": 40029, "errmsg": "invalid code"}),
    };
    // WeChat calls its JSON text/plain.
    answer.to_string().into_response()
}

async fn token(State(seen): State<Arc<Seen>>, Json(body): Json<Value>) -> Json<Value> {
    assert_eq!(body["grant_type"], "client_credential");
    let number = seen.tokens.fetch_add(1, Ordering::SeqCst) + 1;
    Json(json!({"access_token": format!("token-{number}"), "expires_in": 7200}))
}

async fn phone(Query(query): Asked, Json(body): Json<Value>) -> Json<Value> {
    // The first token has been ended by somebody else.
    if query["access_token"] == "token-1" {
        return Json(json!({"errcode": 40001, "errmsg": "invalid credential"}));
    }
    if body["code"] != "phone-code" {
        return Json(json!({"errcode": 40029, "errmsg": "invalid code"}));
    }
    Json(json!({"errcode": 0, "errmsg": "ok", "phone_info": {
        "phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86"}}))
}

async fn qrcode(Json(body): Json<Value>) -> Response {
    if body["page"] == "missing" {
        return Json(json!({"errcode": 41030, "errmsg": "invalid page"})).into_response();
    }
    assert_eq!(body, json!({"scene": "a=1", "width": 280}));
    vec![0xff_u8, 0xd8, 0xff].into_response()
}

async fn client() -> (Client, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let router = Router::new()
        .route("/sns/jscode2session", get(session))
        .route("/cgi-bin/stable_token", post(token))
        .route("/wxa/business/getuserphonenumber", post(phone))
        .route("/wxa/getwxacodeunlimit", post(qrcode))
        .with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wechat_api_url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = AuthConfig {
        wechat_api_url,
        ..AuthConfig::default()
    };
    let client = Client::with_config(config, |s| {
        s.auth.wechat_mini_app_id = "wx123".to_owned();
        s.auth.wechat_mini_app_secret = Secret::new("app-secret");
    })
    .await;
    (client, seen)
}

#[tokio::test]
async fn a_code_signs_in_and_the_openid_is_the_user() {
    let (client, _) = client().await;
    let session = client
        .get("/wechat_mini/login?code=code-ann")
        .send()
        .await
        .expect(200)
        .json;
    let keys: Vec<_> = session
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "access_token",
            "token_type",
            "expires_in",
            "expires_at",
            "refresh_token",
            "user"
        ]
    );
    let user = &session["user"];
    assert_eq!(user["wechat_id"], "openid-ann");
    assert_eq!(user["wechat_unionid"], "union");
    assert_eq!(user["email"], "");
    assert_eq!(user["phone"], "");
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "wechat_mini", "providers": ["wechat_mini"]})
    );
    assert_eq!(user["user_metadata"], json!({}));
    assert_eq!(user["identities"], json!([]));
    assert_eq!(user["is_anonymous"], false);
    assert_eq!(claims(&session)["role"], "authenticated");
    assert!(!session.to_string().contains("hidden"));
    let again = client
        .get("/wechat_mini/login?code=code-ann")
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(again["user"]["id"], user["id"]);
    client.refresh(&again["refresh_token"]).await.expect(200);
    let seen = client
        .get("/user")
        .session(&again)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(seen["wechat_id"], "openid-ann");
}

#[tokio::test]
async fn the_same_phone_asking_at_once_is_one_user() {
    let (client, _) = client().await;
    let login = || client.get("/wechat_mini/login?code=code-ann").send();
    let (a, b, c) = tokio::join!(login(), login(), login());
    let ids: Vec<_> = [a, b, c]
        .map(|x| x.expect(200).json["user"]["id"].clone())
        .into();
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn what_wechat_refuses_is_told_by_name() {
    let (client, _) = client().await;
    for (query, status, code, words) in [
        ("", 400, "validation_failed", "code is required"),
        ("?code=", 400, "validation_failed", "code is required"),
        (
            "?code=nonsense",
            400,
            "bad_oauth_callback",
            "Invalid WeChat code (40029)",
        ),
        (
            "?code=used",
            400,
            "bad_oauth_callback",
            "WeChat code has been used already (40163)",
        ),
    ] {
        let answer = client
            .get(&format!("/wechat_mini/login{query}"))
            .send()
            .await;
        answer.refused(status, code, words);
    }
    for (code, words) in [
        ("busy", "WeChat is busy (-1)"),
        ("broken", "WeChat's answer could not be read"),
    ] {
        let answer = client
            .get(&format!("/wechat_mini/login?code={code}"))
            .send()
            .await;
        assert_eq!(answer.expect(502).json["msg"], words);
    }
    client.set(|s| s.auth.wechat_mini_app_secret = Secret::new("wrong"));
    let answer = client
        .get("/wechat_mini/login?code=code-ann")
        .send()
        .await
        .expect(500);
    assert_eq!(
        answer.json["msg"],
        "WeChat refuses the AppID or AppSecret (40125)"
    );
    client.set(|s| s.auth.wechat_mini_app_id = String::new());
    let words = "Provider wechat_mini is not enabled: AppID and AppSecret are not set";
    let answer = client.get("/wechat_mini/login?code=code-ann").send().await;
    answer.refused(400, "provider_disabled", words);
    client.set(|s| {
        s.auth.wechat_mini_app_id = "wx123".to_owned();
        s.auth.wechat_mini_app_secret = Secret::new("app-secret");
        s.auth.disable_signup = true;
    });
    let answer = client.get("/wechat_mini/login?code=code-new").send().await;
    answer.refused(
        422,
        "signup_disabled",
        "Signups not allowed for this instance",
    );
}

#[tokio::test]
async fn a_phone_number_is_bound_with_a_cached_token_that_is_fetched_anew_once() {
    let (client, seen) = client().await;
    let session = client
        .get("/wechat_mini/login?code=code-ann")
        .send()
        .await
        .expect(200)
        .json;
    let bind = |code: &str| {
        client
            .get(&format!("/wechat_mini/bind_phone?code={code}"))
            .session(&session)
            .send()
    };
    client.clock.advance(1);
    let user = bind("phone-code").await.expect(200).json;
    assert_eq!(user["id"], session["user"]["id"]);
    assert_eq!(user["phone"], "8613800138000");
    assert!(user["phone_confirmed_at"].is_string());
    assert_eq!(user["app_metadata"]["provider"], "wechat_mini");
    assert_eq!(seen.tokens.load(Ordering::SeqCst), 2);
    bind("phone-code").await.expect(200);
    assert_eq!(seen.tokens.load(Ordering::SeqCst), 2);
    let words = "Invalid WeChat code (40029)";
    bind("nonsense")
        .await
        .refused(400, "bad_oauth_callback", words);

    let other = client
        .get("/wechat_mini/login?code=code-bob")
        .send()
        .await
        .expect(200)
        .json;
    let path = "/wechat_mini/bind_phone?code=phone-code";
    let words = "A user with this phone number has already been registered";
    let answer = client.get(path).session(&other).send().await;
    answer.refused(422, "phone_exists", words);
    let answer = client.get(path).send().await;
    answer.refused(403, "bad_jwt", "invalid claim: missing sub claim");
}

#[tokio::test]
async fn an_account_is_bound_to_one_user() {
    let (client, _) = client().await;
    let ann = client.sign_up("ann@example.com").await;
    let path = "/wechat_mini/bind_account?code=code-ann";
    let user = client.get(path).session(&ann).send().await.expect(200).json;
    assert_eq!(user["id"], ann["user"]["id"]);
    assert_eq!(user["wechat_id"], "openid-ann");
    assert_eq!(user["email"], "ann@example.com");
    client.get(path).session(&ann).send().await.expect(200);
    let session = client
        .get("/wechat_mini/login?code=code-ann")
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(session["user"]["id"], ann["user"]["id"]);

    let bob = client.sign_up("bob@example.com").await;
    let words = "WeChat account is already bound to another user";
    let answer = client.get(path).session(&bob).send().await;
    answer.refused(422, "identity_already_exists", words);
    let path = "/wechat_mini/bind_account?code=code-other";
    let words = "User is already bound to another WeChat account";
    let answer = client.get(path).session(&ann).send().await;
    answer.refused(422, "identity_already_exists", words);
}

#[tokio::test]
async fn a_mini_program_code_comes_as_base64() {
    let (client, _) = client().await;
    let ask = |body: Value| client.post("/wechat_mini/unlimited_qrcode", body).send();
    let answer = ask(json!({"scene": "a=1", "width": 280, "page": null, "x": 1})).await;
    assert_eq!(answer.expect(200).json, json!({"imgBase64": "/9j/"}));
    ask(json!({}))
        .await
        .refused(400, "validation_failed", "scene is required");
    let answer = ask(json!({"scene": "a=1", "page": "missing"})).await;
    answer.refused(400, "bad_oauth_callback", "WeChat: invalid page (41030)");
}

//! Codes to phones, through a stand-in for Aliyun's SMS service and through a hook.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::Query;
use axum::routing::post;
use axum::{Json, Router};
use hearth_apps::AppSettings;
use hearth_apps::settings::SmsProvider;
use hearth_auth::AuthConfig;
use hearth_core::Secret;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::client::Client;

type Messages = Arc<Mutex<Vec<HashMap<String, String>>>>;

/// A stand-in for Aliyun.
async fn aliyun() -> (AuthConfig, Messages) {
    let messages = Messages::default();
    let notes = messages.clone();
    let handler = move |headers: HeaderMap, Query(query): Query<HashMap<String, String>>| async move {
        let authorization = headers["authorization"].to_str().unwrap();
        assert!(
            authorization.starts_with("ACS3-HMAC-SHA256 Credential=key-id,SignedHeaders=host;")
        );
        assert_eq!(headers["x-acs-action"], "SendSms");
        if query["PhoneNumbers"] == "8613800000099" {
            let refusal = json!({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发限流"});
            return Json(refusal);
        }
        notes.lock().unwrap().push(query);
        Json(json!({"Code": "OK", "Message": "OK", "BizId": "biz-1", "RequestId": "r"}))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = AuthConfig {
        aliyun_sms_url: format!("http://{address}"),
        ..AuthConfig::default()
    };
    (config, messages)
}

fn with_account(settings: &mut AppSettings) {
    settings.auth.phone_enabled = true;
    settings.auth.sms.provider = SmsProvider::Aliyun;
    settings.auth.sms.aliyun.access_key_id = "key-id".to_owned();
    settings.auth.sms.aliyun.access_key_secret = Secret::new("key-secret");
    settings.auth.sms.aliyun.sign_name = "炉火".to_owned();
    settings.auth.sms.aliyun.template_code = "SMS_1".to_owned();
}

fn code_in(message: &HashMap<String, String>) -> String {
    let param: Value = serde_json::from_str(&message["TemplateParam"]).unwrap();
    param["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_by_phone_signs_in_for_a_minute() {
    let (config, messages) = aliyun().await;
    let client = Client::with_config(config, with_account).await;
    let ask = || {
        client
            .post("/otp", json!({"phone": "+86 13800000001"}))
            .send()
    };
    assert_eq!(ask().await.expect(200).json, json!({}));
    let message = messages.lock().unwrap().pop().unwrap();
    assert_eq!(message["PhoneNumbers"], "8613800000001");
    assert_eq!(
        (
            message["SignName"].as_str(),
            message["TemplateCode"].as_str()
        ),
        ("炉火", "SMS_1")
    );
    let code = code_in(&message);
    assert_eq!(code.len(), 6);
    let words = "For security purposes, you can only request this after 60 seconds.";
    ask().await.refused(429, "over_sms_send_rate_limit", words);
    let verify = |code: &str| {
        let body = json!({"type": "sms", "phone": "8613800000001", "token": code});
        client.post("/verify", body).send()
    };
    verify("wrong").await.expect(403);
    client.clock.advance(61);
    verify(&code).await.expect(403);
    ask().await.expect(200);
    let code = code_in(&messages.lock().unwrap().pop().unwrap());
    let session = verify(&code).await.expect(200).json;
    assert_eq!(session["user"]["phone"], "8613800000001");
    verify(&code).await.expect(403);
    client.clock.advance(61);
    assert_eq!(ask().await.expect(200).json, json!({"message_id": "biz-1"}));
}

#[tokio::test]
async fn a_new_number_is_confirmed_by_a_code() {
    let (config, messages) = aliyun().await;
    let client = Client::with_config(config, with_account).await;
    let session = client.sign_up("ann@example.com").await;
    let body = json!({"phone": "8613800000002"});
    let user = client
        .put("/user", body)
        .session(&session)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(user["new_phone"], "8613800000002");
    let code = code_in(&messages.lock().unwrap().pop().unwrap());
    let body = json!({"type": "phone_change", "phone": "8613800000002", "token": code});
    let session = client.post("/verify", body).send().await.expect(200).json;
    assert_eq!(session["user"]["phone"], "8613800000002");
}

#[tokio::test]
async fn what_the_provider_refuses_is_said() {
    let (config, messages) = aliyun().await;
    let client = Client::with_config(config, with_account).await;
    let ask = || {
        client
            .post("/otp", json!({"phone": "8613800000099"}))
            .send()
    };
    let words = "Error sending confirmation OTP to provider: isv.BUSINESS_LIMIT_CONTROL: 触发限流";
    ask().await.refused(422, "sms_send_failed", words);
    client.set(|s| s.auth.sms.aliyun.sign_name = String::new());
    client.clock.advance(61);
    assert!(ask().await.expect(422).text.contains("签名"));
    client.set(|s| s.auth.sms.provider = SmsProvider::None);
    client.clock.advance(61);
    assert_eq!(
        ask().await.expect(500).json["msg"],
        "Unable to get SMS provider"
    );
    client.set(|s| s.auth.rate_limits.sms_sent = 0);
    client.set(with_account);
    let words = "SMS rate limit exceeded";
    ask().await.refused(429, "over_sms_send_rate_limit", words);
    assert!(messages.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_testers_number_has_the_code_of_the_settings() {
    let client = Client::with(|s| {
        s.auth.phone_enabled = true;
        s.auth.sms.test_otps = [("8613800000003".to_owned(), "123456".to_owned())].into();
    })
    .await;
    let body = json!({"phone": "8613800000003"});
    client.post("/otp", body).send().await.expect(200);
    let body = json!({"type": "sms", "phone": "8613800000003", "token": "123456"});
    let session = client.post("/verify", body).send().await.expect(200).json;
    assert_eq!(session["user"]["phone"], "8613800000003");
}

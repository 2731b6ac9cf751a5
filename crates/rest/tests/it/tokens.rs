//! Refused tokens, in upstream's words.

use axum::body::Body;
use hearth_apps::{AppSettings, Bearer};
use hearth_core::Claims;
use hearth_jwt::JwtError;
use hearth_rest::Rest;
use http::Request;
use serde_json::{Map, Value, json};

use crate::scenario::{orchestra, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_tokens_say_why() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let no_key = "No suitable key or wrong key type";
    for (error, code, message, details) in [
        (
            JwtError::Empty,
            "PGRST301",
            "Empty JWT is sent in Authorization header",
            Value::Null,
        ),
        (
            JwtError::Parts { parts: 2 },
            "PGRST301",
            "Expected 3 parts in JWT; got 2",
            Value::Null,
        ),
        (
            JwtError::Malformed,
            "PGRST301",
            "JWT cryptographic operation failed",
            Value::Null,
        ),
        (
            JwtError::Signature,
            "PGRST301",
            no_key,
            json!("None of the keys was able to decode the JWT"),
        ),
        (
            JwtError::Algorithm,
            "PGRST301",
            no_key,
            json!("No suitable key was found to decode the JWT"),
        ),
        (JwtError::Expired, "PGRST303", "JWT expired", Value::Null),
        (
            JwtError::NotYetValid,
            "PGRST303",
            "JWT not yet valid",
            Value::Null,
        ),
        (
            JwtError::IssuedInFuture,
            "PGRST303",
            "JWT issued at future",
            Value::Null,
        ),
        (
            JwtError::ClaimType { claim: "exp" },
            "PGRST303",
            "The JWT 'exp' claim must be a number",
            Value::Null,
        ),
    ] {
        let request = Request::get("/venues").body(Body::empty()).unwrap();
        let answer = send(&router, app.context(Bearer::Invalid(error)), request).await;
        assert_eq!(answer.status, 401);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let wanted = json!({"code": code, "details": details, "hint": null, "message": message});
        assert_eq!(body, wanted);
        assert_eq!(
            answer.headers["www-authenticate"],
            format!("Bearer error=\"invalid_token\", error_description=\"{message}\"").as_str()
        );
    }
    app.drop_database().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_is_the_tokens_or_that_of_everybody() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let ask = async |claims: Value| {
        let fields: Map<String, Value> = claims.as_object().unwrap().clone();
        let context = app.context(Bearer::Token(Claims::new(fields)));
        let request = Request::get("/rpc/claims").body(Body::empty()).unwrap();
        send(&router, context, request).await
    };
    let answer = ask(json!({"sub": "x"})).await;
    let claims: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(claims, json!({"sub": "x", "role": "anon"}));
    let answer = ask(json!({"role": "nobody_at_all"})).await;
    assert_eq!(answer.status, 401);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["code"], "22023");
    assert_eq!(body["message"], "role \"nobody_at_all\" does not exist");
    // Not every role is one that callers may become.
    let answer = ask(json!({"role": "supabase_admin"})).await;
    assert_eq!(answer.status, 403);
    app.drop_database().await.unwrap();
}

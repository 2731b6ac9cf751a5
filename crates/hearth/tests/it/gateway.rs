//! Wrong input at the gateway: each a clear error in JSON with the right status.

use std::sync::OnceLock;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::server::{Running, temp_dir};

struct Shared {
    url: String,
    anon: String,
    service: String,
    publishable: String,
    secret: String,
    jwt_secret: String,
}

/// One server for the tests of this file; it ends with the test process's children.
fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let dir = temp_dir().keep();
        let server = Running::start(&dir, &["--log", "warn"]);
        server.must(&[
            "sql",
            "-c",
            "create table t (id int primary key, body text);
             create domain \"text/html\" as text;
             create function page() returns \"text/html\" language sql as
               $$ select '<script>' $$",
        ]);
        let status = server.status(None);
        let text = |name: &str| status[name].as_str().unwrap().to_owned();
        let shared = Shared {
            url: server.url.clone(),
            anon: text("ANON_KEY"),
            service: text("SERVICE_ROLE_KEY"),
            publishable: text("PUBLISHABLE_KEY"),
            secret: text("SECRET_KEY"),
            jwt_secret: text("JWT_SECRET"),
        };
        stop_with_this_process(server);
        shared
    })
}

/// A watchdog outside this process stops the server once the tests are over.
#[allow(
    clippy::zombie_processes,
    reason = "it outlives this process on purpose"
)]
fn stop_with_this_process(server: Running) {
    let script = format!(
        "while kill -0 {} 2>/dev/null; do sleep 0.2; done; kill -TERM {}; sleep 5; rm -rf '{}'",
        std::process::id(),
        server.pid(),
        server.dir.display()
    );
    std::process::Command::new("sh")
        .args(["-c", &script])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::mem::forget(server);
}

async fn call(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> (u16, HeaderMap, Value) {
    let mut request = Client::new()
        .request(method, format!("{}{path}", shared().url))
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    (
        status,
        headers,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

#[tokio::test]
async fn keys_in_header_or_query_and_bearers_alone_are_taken() {
    let s = shared();
    for key in [&s.anon, &s.publishable, &s.service, &s.secret] {
        let (status, _, body) =
            call(Method::GET, "/rest/v1/t?id=eq.-1", &[("apikey", key)], "").await;
        assert_eq!((status, body), (200, json!([])));
    }
    let path = format!("/rest/v1/t?id=eq.-1&apikey={}", s.anon);
    assert_eq!(call(Method::GET, &path, &[], "").await.0, 200);
    let bearer = format!("Bearer {}", s.anon);
    assert_eq!(
        call(
            Method::GET,
            "/rest/v1/t?id=eq.-1",
            &[("authorization", &bearer)],
            ""
        )
        .await
        .0,
        200
    );
}

#[tokio::test]
async fn missing_and_wrong_keys_are_refused_with_words() {
    let (status, _, body) = call(Method::GET, "/rest/v1/t", &[], "").await;
    assert_eq!(
        (status, body["message"].as_str()),
        (401, Some("No API key found in request"))
    );
    for key in ["x", "sb_publishable_wrong", "a.b.c"] {
        let (status, _, body) = call(Method::GET, "/auth/v1/user", &[("apikey", key)], "").await;
        assert_eq!(
            (status, body["message"].as_str()),
            (401, Some("Invalid API key")),
            "{key}"
        );
    }
}

#[tokio::test]
async fn forged_and_expired_tokens_are_refused_in_the_services_own_format() {
    let s = shared();
    let sign = |secret: &str, claims: Value| {
        let key = hearth_jwt::SigningKey::Hs256(secret.to_owned().into());
        format!("Bearer {}", hearth_jwt::mint(&key, &claims).unwrap())
    };
    let expired = sign(&s.jwt_secret, json!({"role": "anon", "exp": 1000}));
    let forged = sign("not the secret", json!({"role": "service_role"}));
    for (token, code) in [(&expired, "PGRST303"), (&forged, "PGRST301")] {
        let headers = [("apikey", s.anon.as_str()), ("authorization", token)];
        let (status, _, body) = call(Method::GET, "/rest/v1/t", &headers, "").await;
        assert_eq!((status, body["code"].as_str()), (401, Some(code)), "{body}");
        let (status, _, body) = call(Method::GET, "/auth/v1/user", &headers, "").await;
        assert_eq!(status, 403, "{body}");
        let (status, _, body) = call(Method::GET, "/storage/v1/bucket", &headers, "").await;
        assert_eq!(status, 400, "{body}");
        assert!(body["message"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn unknown_applications_services_and_paths_are_named() {
    let (status, _, body) = call(Method::GET, "/apps/nobody/rest/v1/t", &[], "").await;
    assert_eq!(status, 404);
    assert!(
        body["message"].as_str().unwrap().contains("nobody"),
        "{body}"
    );
    for path in ["/nothing", "/apps/default/nothing", "/apps//rest/v1/t"] {
        assert_eq!(call(Method::GET, path, &[], "").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn oversized_bodies_are_refused_announced_or_not() {
    let s = shared();
    let headers = [
        ("apikey", s.service.as_str()),
        ("content-type", "application/json"),
    ];
    let big = format!(r#"[{{"id":1,"body":"{}"}}]"#, "x".repeat(11 * 1024 * 1024));
    let (status, _, body) = call(Method::POST, "/rest/v1/t", &headers, big.clone()).await;
    assert_eq!(status, 413, "{body}");
    let chunks = big
        .into_bytes()
        .chunks(65536)
        .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
        .collect::<Vec<_>>();
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let (status, _, body) = call(Method::POST, "/rest/v1/t", &headers, stream).await;
    assert_eq!(status, 413, "{body}");
    let (_, _, rows) = call(Method::GET, "/rest/v1/t?body=like.x*", &headers[..1], "").await;
    assert_eq!(rows, json!([]), "something was written");
}

#[tokio::test]
async fn browsers_are_answered_across_origins_and_mini_programs_without_origin() {
    let s = shared();
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "PATCH"),
        (
            "access-control-request-headers",
            "apikey,authorization,traceparent,baggage",
        ),
    ];
    let (status, headers, _) = call(Method::OPTIONS, "/rest/v1/t", &preflight, "").await;
    assert_eq!(status, 200);
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(
        headers["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("PATCH")
    );
    assert_eq!(
        headers["access-control-allow-headers"],
        "apikey,authorization,traceparent,baggage"
    );
    let with_origin = [
        ("origin", "https://app.example"),
        ("apikey", s.anon.as_str()),
    ];
    let (_, headers, _) = call(Method::GET, "/rest/v1/t", &with_origin, "").await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    let (_, headers, _) = call(Method::GET, "/rest/v1/t", &[("apikey", &s.anon)], "").await;
    assert!(headers.contains_key("x-request-id"));
    // A refusal must be readable for the page, too.
    let (_, headers, _) = call(Method::GET, "/rest/v1/t", &with_origin[..1], "").await;
    assert_eq!(headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn post_stands_in_for_patch() {
    let s = shared();
    let key = ("apikey", s.service.as_str());
    let json_type = ("content-type", "application/json");
    call(
        Method::POST,
        "/rest/v1/t",
        &[key, json_type],
        r#"{"id":77,"body":"a"}"#,
    )
    .await;
    let headers = [
        key,
        json_type,
        ("x-http-method-override", "PATCH"),
        ("prefer", "return=representation"),
    ];
    let (status, _, body) = call(
        Method::POST,
        "/rest/v1/t?id=eq.77",
        &headers,
        r#"{"body":"b"}"#,
    )
    .await;
    assert_eq!((status, body), (200, json!([{"id": 77, "body": "b"}])));
    let wrong = [key, ("x-http-method-override", "BREW")];
    assert_eq!(call(Method::POST, "/rest/v1/t", &wrong, "").await.0, 400);
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_accept_it() {
    let s = shared();
    let key = ("apikey", s.service.as_str());
    let rows: Vec<Value> = (1000..1200)
        .map(|id| json!({"id": id, "body": "compressible ".repeat(4)}))
        .collect();
    let body = Value::from(rows).to_string();
    call(
        Method::POST,
        "/rest/v1/t",
        &[key, ("content-type", "application/json")],
        body,
    )
    .await;
    let (_, headers, _) = call(
        Method::GET,
        "/rest/v1/t?id=gte.1000",
        &[key, ("accept-encoding", "gzip")],
        "",
    )
    .await;
    assert_eq!(headers["content-encoding"], "gzip");
    let (_, headers, body) = call(Method::GET, "/rest/v1/t?id=gte.1000", &[key], "").await;
    assert!(!headers.contains_key("content-encoding"));
    assert_eq!(body.as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn a_page_of_an_application_does_not_stand_on_the_consoles_origin() {
    let key = ("apikey", shared().anon.as_str());
    let headers = [key, ("accept", "text/html")];
    let (status, headers, _) = call(Method::GET, "/rest/v1/rpc/page", &headers, "").await;
    assert_eq!(status, 200);
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox") && !policy.contains("same-origin"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
}

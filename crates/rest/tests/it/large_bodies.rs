//! Bodies that are large or deep: upstream's error, or PostgreSQL's, and never a crash.

use axum::body::Body;
use hearth_apps::AppSettings;
use hearth_rest::Rest;
use http::Request;

use crate::scenario::{orchestra, send};

const MANY: usize = 200_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_and_deep_bodies_are_refused_or_taken() {
    let app = orchestra(AppSettings::default()).await;
    let router = hearth_rest::router(Rest::new());
    let opened = "[".repeat(MANY);
    let nested = format!("{opened}{}", "]".repeat(MANY));
    let wide: serde_json::Map<_, _> = (0..MANY / 10)
        .map(|n| (format!("k{n}"), serde_json::Value::from(n)))
        .collect();
    let json = "application/json";
    let csv = "text/csv";
    let form = "application/x-www-form-urlencoded";
    let cases = [
        ("/logs", json, opened, 400, "PGRST102"),
        ("/logs", json, nested.clone(), 400, "PGRST102"),
        // Deeper than PostgreSQL's own reader goes.
        (
            "/logs",
            json,
            format!("{{\"line\":{nested}}}"),
            500,
            "54001",
        ),
        ("/logs?columns=line", json, nested.clone(), 500, "54001"),
        (
            "/rpc/echo_json",
            json,
            format!("{{\"a\":{nested}}}"),
            500,
            "54001",
        ),
        ("/logs", json, "{\"a\":".repeat(MANY), 400, "PGRST102"),
        ("/logs", json, "\\u".repeat(MANY), 400, "PGRST102"),
        (
            "/logs",
            json,
            serde_json::Value::Object(wide).to_string(),
            400,
            "PGRST204",
        ),
        ("/logs", csv, "\"".repeat(MANY), 400, "PGRST102"),
        ("/logs", csv, ",".repeat(MANY), 400, "PGRST102"),
        (
            "/logs",
            csv,
            format!("line\n\"{}", "x".repeat(MANY)),
            201,
            "",
        ),
        (
            "/logs",
            csv,
            format!("line\n{}", "x\n".repeat(MANY / 10)),
            201,
            "",
        ),
        ("/logs", form, "&".repeat(MANY), 400, "PGRST204"),
        ("/logs", form, "%".repeat(MANY), 400, "PGRST204"),
        ("/rpc/shout", "text/plain", "x".repeat(MANY), 200, ""),
    ];
    for (path, content_type, body, status, code) in cases {
        let start: String = body.chars().take(12).collect();
        let request = Request::post(path)
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        let answer = send(&router, app.anon(), request).await;
        assert_eq!(answer.status, status, "{path} {start}: {}", answer.body);
        assert!(
            answer.body.contains(code),
            "{path} {start}: {}",
            answer.body
        );
    }
    app.drop_database().await.unwrap();
}

//! What each role may do: every route of the API, as it describes itself.

use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

/// Routes that a viewer of the application may use, and that change nothing.
fn looks(method: &str, path: &str) -> bool {
    method == "GET" && !matches!(path, "/apps/{ref}/secrets" | "/administrators")
        // SQL runs in a read-only transaction.
        || matches!(
            (method, path),
            ("POST", "/apps/{ref}/pg/run" | "/apps/{ref}/pg/query") | ("DELETE", "/apps/{ref}/pg/run/{id}")
        )
        // One's own session and password.
        || path == "/session"
}

/// Routes that only an owner may use.
fn owners(method: &str, path: &str) -> bool {
    matches!(
        (method, path),
        ("POST", "/apps" | "/administrators")
            | ("POST", "/apps/{ref}/pause" | "/apps/{ref}/resume")
            | ("DELETE", "/apps/{ref}" | "/administrators/{username}")
            | ("PATCH", "/administrators/{username}")
            | ("GET", "/administrators")
    )
}

/// A body that gets past the reader of each route.
fn body(path: &str) -> Value {
    match path {
        "/apps" | "/apps/{ref}" => json!({"name": "x", "confirm": "no"}),
        "/administrators" => json!({"username": "x", "password": PASSWORD, "role": "viewer"}),
        "/administrators/{username}" => json!({"role": "viewer"}),
        "/apps/{ref}/queries/{id}" => json!({"name": "x", "sql": "select 1"}),
        "/apps/{ref}/pg/run" => json!({"sql": "select 1"}),
        "/apps/{ref}/pg/query" => json!({"query": "select 1"}),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_route_minds_the_role_and_the_application() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let app = world.app.reference.as_str();
    for (name, role, apps) in [
        ("viewer", "viewer", json!([app])),
        ("developer", "developer", json!([app])),
        ("elsewhere", "owner", json!(["other"])),
    ] {
        let new = json!({"username": name, "password": PASSWORD, "role": role, "apps": apps});
        owner.must("POST", "/administrators", new).await;
    }
    let viewer = world.signed_in("viewer", PASSWORD).await;
    let developer = world.signed_in("developer", PASSWORD).await;
    let elsewhere = world.signed_in("elsewhere", PASSWORD).await;
    let described = hearth_admin::openapi();
    let mut asked = 0;
    for (path, item) in described["paths"].as_object().unwrap() {
        let concrete = path
            .replace("{ref}", app)
            .replace("{id}", "0")
            .replace("{username}", "admin");
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_none() || path == "/session" {
                continue;
            }
            let method = method.to_uppercase();
            let route = format!("{method} {path}");
            let code = async |browser: &crate::world::Browser| {
                let (status, answer) = browser.send(&method, &concrete, body(path)).await;
                let code = answer["code"].as_str().unwrap_or_default().to_owned();
                (status.as_u16(), code)
            };
            let forbidden = (403, "forbidden".to_owned());
            let mine = path == "/administrators/{username}" && method == "GET";
            if !looks(&method, path) || mine {
                assert_eq!(code(&viewer).await, forbidden, "viewer: {route}");
            } else {
                assert_ne!(code(&viewer).await.0, 403, "viewer: {route}");
            }
            if owners(&method, path) || mine {
                assert_eq!(code(&developer).await, forbidden, "developer: {route}");
            }
            if path.starts_with("/apps/{ref}") {
                let hidden = (404, "app_not_found".to_owned());
                assert_eq!(code(&elsewhere).await, hidden, "elsewhere: {route}");
            }
            asked += 1;
        }
    }
    assert!(asked > 70);
    // The application is as it was, and a viewer's SQL changes nothing.
    let query = format!("/apps/{app}/pg/query");
    let sql = json!({"query": "create table public.made_by_a_viewer ()"});
    assert_eq!(viewer.refused("POST", &query, sql).await.1, "forbidden");
    assert_eq!(owner.get(&format!("/apps/{app}")).await["state"], "active");
    world.close().await;
}

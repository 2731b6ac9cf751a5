//! The description of the API, and the console's copy of it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::world::{PASSWORD, World};

/// What the console's types are made of (`npm run api` in `console/`).
const COPY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../console/src/api/openapi.json"
);

#[test]
fn the_consoles_copy_is_fresh() {
    let mut text = serde_json::to_string_pretty(&hearth_admin::openapi()).unwrap();
    text.push('\n');
    let path = Path::new(COPY);
    if std::env::var_os("HEARTH_UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let copy = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        copy == text,
        "console/src/api/openapi.json is stale: run `npm run api` in console/"
    );
}

#[tokio::test]
async fn every_described_route_is_there_and_refuses_strangers() {
    let world = World::new().await;
    let stranger = world.browser();
    let described = stranger.get("/openapi.json").await;
    assert_eq!(described["openapi"].as_str().unwrap()[..2], *"3.");
    let owner = world.signed_in("admin", PASSWORD).await;
    let mut operations = BTreeSet::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        let concrete = path
            .replace("{ref}", world.app.reference.as_str())
            .replace("{id}", "0")
            .replace("{username}", "nobody");
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(operations.insert(id.clone()), "{id} twice");
            let method = method.to_uppercase();
            if !matches!(path.as_str(), "/session" | "/openapi.json") {
                let (status, _) = stranger.send(&method, &concrete, Value::Null).await;
                assert_eq!(status, 401, "{method} {path}");
            }
            // Nothing changes: no body, or an id that is none.
            if method == "GET" || path.starts_with("/apps/{ref}/pg/") {
                let (_, body) = owner.send(&method, &concrete, Value::Null).await;
                assert_ne!(body["code"], "no_route", "{method} {path}");
            }
        }
    }
    assert!(operations.len() > 70, "{}", operations.len());
    world.close().await;
}

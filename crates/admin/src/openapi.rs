//! The description of the API as OpenAPI. The console's own routes describe themselves where they
//! are written, and a route is only there with its description (`console/mod.rs`). The objects of
//! `/pg` are postgres-meta's, all alike, and described here by their kind.

use axum::response::Response;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::console;
use crate::input;

/// What holds for all routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hearth console API",
        description = "Applications, their settings, logs and databases. Sign in at /session: the \
            cookie goes with every request, and every request but GET wants the header \
            X-Hearth-Console: 1. What is below /apps/{ref}/pg is /pg of that application, too, for \
            its service key.",
        license(name = "Apache-2.0")
    ),
    servers((url = "/console/api")),
    components(schemas(Refusal)),
    tags(
        (name = "session", description = "Signing in and out"),
        (name = "applications", description = "Applications, their keys and settings"),
        (name = "operation", description = "Logs, reports and migrations of an application"),
        (name = "sql", description = "SQL as the application's owner role"),
        (name = "administrators", description = "Who may use the console, and what they did"),
        (name = "pg", description = "Objects of the database, as postgres-meta has them"),
    )
)]
pub(crate) struct General;

/// What every answer beyond 399 says.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described: `AdminError` writes it")]
pub(crate) struct Refusal {
    /// For programs: `app_not_found`, or a code of PostgreSQL's.
    code: String,
    /// For people, in the language of `Accept-Language`.
    message: String,
    hint: Option<String>,
    details: Option<String>,
    /// Of an error in SQL: the character, from 1.
    position: Option<u32>,
}

/// What can be done with a kind of object: the letters of list, create, show, update, remove.
const KINDS: [(&str, &str); 17] = [
    ("column-privileges", "l"),
    ("columns", "lcsur"),
    ("config", "l"),
    ("extensions", "lcsur"),
    ("foreign-tables", "ls"),
    ("functions", "lcsur"),
    ("indexes", "ls"),
    ("materialized-views", "ls"),
    ("policies", "lcsur"),
    ("publications", "lcsur"),
    ("roles", "ls"),
    ("schemas", "lcsur"),
    ("table-privileges", "l"),
    ("tables", "lcsur"),
    ("triggers", "lcsur"),
    ("types", "l"),
    ("views", "ls"),
];

/// The whole description.
pub(crate) fn description() -> Value {
    let (_, api) = console::described().split_for_parts();
    let mut description = json!(api);
    if let Some(paths) = description["paths"].as_object_mut() {
        for (kind, can) in KINDS {
            describe(paths, kind, can);
        }
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    operation.insert("operationId".to_owned(), operation_id(method, path).into());
                }
            }
        }
    }
    description
}

/// `get_apps_ref_logs`: names of handlers alone are many times the same.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(method)
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

fn describe(paths: &mut Map<String, Value>, kind: &str, can: &str) {
    let application = json!({
        "name": "ref", "in": "path", "required": true,
        "description": "The application", "schema": {"type": "string"},
    });
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    let object = json!({"type": "object"});
    let of_json = |schema: Value| json!({"application/json": {"schema": schema}});
    let operation = |schema: Value, takes_body: bool| {
        let mut operation = json!({
            "tags": ["pg"],
            "responses": {"200": {"description": "", "content": of_json(schema)}},
        });
        if takes_body {
            operation["requestBody"] =
                json!({"required": true, "content": of_json(object.clone())});
        }
        operation
    };
    let array = json!({"type": "array", "items": object});
    let mut all = json!({"parameters": [application]});
    let mut one = json!({"parameters": [application, id]});
    for letter in can.chars() {
        match letter {
            'l' => all["get"] = operation(array.clone(), false),
            'c' => all["post"] = operation(object.clone(), true),
            's' => one["get"] = operation(object.clone(), false),
            'u' => one["patch"] = operation(object.clone(), true),
            _ => one["delete"] = operation(object.clone(), false),
        }
    }
    paths.insert(format!("/apps/{{ref}}/pg/{kind}"), all);
    if can.contains('s') {
        paths.insert(format!("/apps/{{ref}}/pg/{kind}/{{id}}"), one);
    }
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "session", responses((status = 200, body = Object)))]
pub(crate) async fn show() -> Response {
    input::json(&description())
}

//! Runs a scenario file: steps of a request and what its answer must be. Only what a step names is
//! compared.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use hearth_apps::{AppSettings, RequestContext};
use hearth_core::SystemClock;
use hearth_rest::Rest;
use hearth_testkit::TestApp;
use http::Request;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Map, Value};
use tower::ServiceExt;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// Settings of the application's API.
    #[serde(default)]
    settings: Value,
    /// Settings of the login in this database.
    #[serde(default)]
    database_settings: Map<String, Value>,
    /// SQL files beside the scenario, on top of the common schema.
    #[serde(default)]
    schema: Vec<String>,
    /// SQL on top of these.
    #[serde(default)]
    sql: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    name: String,
    /// `anon` (default), `service`, or a user's id.
    #[serde(default)]
    r#as: String,
    /// SQL before the request, as the application's owner.
    #[serde(default)]
    sql: Option<String>,
    #[serde(default)]
    method: String,
    path: String,
    /// One value each, or a list of them.
    #[serde(default)]
    headers: Map<String, Value>,
    /// Text as it is, anything else as JSON.
    #[serde(default)]
    body: Value,
    /// A body that is no text, in hexadecimal digits.
    #[serde(default)]
    body_hex: Option<String>,
    status: u16,
    /// Headers of the answer; null: must be absent; a list: exactly these values.
    #[serde(default)]
    expect_headers: Map<String, Value>,
    /// The body as JSON.
    json: Option<Value>,
    /// Members that the body, an object, must have.
    members: Option<Map<String, Value>>,
    /// What stands at these JSON pointers of the body; null: nothing.
    #[serde(default)]
    pointers: Map<String, Value>,
    /// The body as text.
    text: Option<String>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

/// Sends one request as the gateway would hand it over.
pub(crate) async fn send(
    router: &axum::Router,
    context: RequestContext,
    request: Request<Body>,
) -> Answer {
    let mut request = request;
    request.extensions_mut().insert(context);
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// An application with the common schema.
pub(crate) async fn orchestra(settings: AppSettings) -> TestApp {
    let app = TestApp::create_with(&[], settings, Arc::new(SystemClock))
        .await
        .unwrap();
    app.sql(&std::fs::read_to_string(folder().join("schema.sql")).unwrap())
        .await
        .unwrap();
    app
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance/scenarios/rest")
}

pub(crate) async fn run(chapter: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{chapter}.json"))).unwrap();
    let scenario: Scenario = serde_json::from_str(&text).unwrap();
    let mut settings = AppSettings::default();
    if !scenario.settings.is_null() {
        settings.api = serde_json::from_value(scenario.settings).unwrap();
    }
    let app = orchestra(settings).await;
    let root = app.superuser().await.unwrap();
    for (name, value) in &scenario.database_settings {
        let value = hearth_pg::identifier::literal(value.as_str().unwrap());
        let database = hearth_pg::identifier::quote(app.app.database.name());
        let sql = format!("alter role authenticator in database {database} set {name} = {value}");
        root.batch_execute(&sql).await.unwrap();
    }
    for file in &scenario.schema {
        let sql = std::fs::read_to_string(folder().join(file)).unwrap();
        app.sql(&sql).await.unwrap();
    }
    for sql in &scenario.sql {
        app.sql(sql).await.unwrap();
    }
    let router = hearth_rest::router(Rest::new());
    let mut failures = Vec::new();
    for step in &scenario.steps {
        if let Some(sql) = &step.sql {
            app.sql(sql).await.unwrap();
        }
        let context = match step.r#as.as_str() {
            "" | "anon" => app.anon(),
            "service" => app.service(),
            user => app.user(user),
        };
        let mut request = Request::builder()
            .method(if step.method.is_empty() {
                "GET"
            } else {
                &step.method
            })
            .uri(encoded(&step.path));
        for (name, value) in &step.headers {
            for value in texts(value) {
                request = request.header(name, value);
            }
        }
        let body = match &step.body {
            Value::Null if step.body_hex.is_some() => Body::from(bytes(step)),
            Value::Null => Body::empty(),
            Value::String(text) => Body::from(text.clone()),
            json => Body::from(json.to_string()),
        };
        let answer = send(&router, context, request.body(body).unwrap()).await;
        if let Err(why) = compare(step, &answer) {
            failures.push(format!(
                "{} {} {}\n  {why}\n  answered {} {:?}\n  {}",
                step.name, step.method, step.path, answer.status, answer.headers, answer.body
            ));
        }
    }
    app.drop_database().await.unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} steps of {chapter} failed:\n\n{}",
        failures.len(),
        scenario.steps.len(),
        failures.join("\n\n")
    );
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(|v| v.as_str().unwrap()).collect(),
        value => vec![value.as_str().unwrap()],
    }
}

fn bytes(step: &Step) -> Vec<u8> {
    let digits = step.body_hex.as_deref().unwrap_or_default();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Characters that no URI may contain, as a client would encode them.
fn encoded(path: &str) -> String {
    let encode = |c: char| match c {
        ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => format!("%{:02X}", c as u32),
        c if !c.is_ascii() => {
            let bytes = c.to_string().into_bytes();
            bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
        }
        c => c.to_string(),
    };
    path.chars().map(encode).collect()
}

fn compare(step: &Step, answer: &Answer) -> Result<(), String> {
    if step.status != answer.status {
        return Err(format!("expected status {}", step.status));
    }
    for (name, value) in &step.expect_headers {
        if value.is_array() {
            let found = answer.headers.get_all(name);
            let found: Vec<_> = found.iter().map(|v| v.to_str().unwrap()).collect();
            if found != texts(value) {
                return Err(format!("expected header {name}: {value}, found {found:?}"));
            }
            continue;
        }
        let found = answer
            .headers
            .get(name)
            .map(|v| v.to_str().unwrap_or_default());
        match value.as_str() {
            None if found.is_some() => return Err(format!("header {name} must be absent")),
            Some(wanted) if found != Some(wanted) => {
                return Err(format!("expected header {name}: {wanted}"));
            }
            _ => {}
        }
    }
    if let Some(wanted) = &step.text
        && *wanted != answer.body
    {
        return Err(format!("expected body {wanted:?}"));
    }
    let json = || serde_json::from_str::<Value>(&answer.body).map_err(|e| e.to_string());
    if let Some(wanted) = &step.json
        && *wanted != json()?
    {
        return Err(format!("expected {wanted}"));
    }
    for (pointer, wanted) in &step.pointers {
        let body = json()?;
        let found = body.pointer(pointer).unwrap_or(&Value::Null);
        if found != wanted {
            return Err(format!("expected {wanted} at {pointer}, found {found}"));
        }
    }
    for (name, wanted) in step.members.iter().flatten() {
        if json()?.get(name) != Some(wanted) {
            return Err(format!("expected {name}: {wanted}"));
        }
    }
    Ok(())
}

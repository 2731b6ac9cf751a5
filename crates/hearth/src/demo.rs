//! The chat-room demo: an application made by the tutorial's own SQL, and its page.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use hearth_apps::{AppSettings, NewApp, Registry};
use hearth_core::AppRef;
use http::{HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;
use serde_json::json;

use crate::database::OpenDatabase;
use crate::root::RootState;

/// Reference of the demo's application.
pub(crate) const REFERENCE: &str = "chatroom";
/// Its name: the tutorial's title.
const NAME: &str = "微信小程序聊天室";

/// The tutorial's SQL, word for word.
const SCHEMA: &str = include_str!("../../../examples/chatroom/schema.sql");
/// What the tutorial clicks instead of typing, or leaves out.
const SUPPLEMENT: &str = include_str!("../../../examples/chatroom/supplement.sql");

/// The page as Vite built it; empty in a build without Node.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../examples/chatroom/web/dist"]
#[allow_missing = true]
struct Page;

/// Makes the application and its tables, once.
pub(crate) async fn install(database: &OpenDatabase) -> anyhow::Result<()> {
    let reference = reference()?;
    if database.registry.get(&reference).is_none() {
        let settings = AppSettings::default();
        let new = NewApp {
            name: NAME.to_owned(),
            reference: Some(reference.clone()),
            is_default: false,
            settings,
        };
        database
            .registry
            .create(new)
            .await
            .context("the demo's application")?;
    }
    let owner = database.owner_client(&reference).await?;
    let row = owner
        .query_one("select to_regclass('public.messages') is null", &[])
        .await?;
    if row.get(0) {
        owner.batch_execute(&sql()).await.map_err(|e| {
            anyhow::anyhow!(
                "the demo's SQL failed: {}",
                hearth_pg::connect::describe(&e)
            )
        })?;
    }
    Ok(())
}

/// The whole SQL as one transaction.
pub(crate) fn sql() -> String {
    format!("begin; {SCHEMA}\n; {SUPPLEMENT}\n; commit")
}

fn reference() -> anyhow::Result<AppRef> {
    REFERENCE.parse().context("the demo's reference")
}

/// `/demo/chatroom/…`
pub(crate) fn router(registry: Arc<Registry>) -> Router<RootState> {
    let config = get(move || config(registry.clone()));
    Router::new()
        .route(
            "/demo/chatroom",
            get(async || Redirect::permanent("/demo/chatroom/")),
        )
        .route("/demo/chatroom/config.json", config)
        .route("/demo/chatroom/", get(async || page("index.html")))
        .route(
            "/demo/chatroom/{*path}",
            get(async |Path(path): Path<String>| page(&path)),
        )
        .route(
            "/demo",
            get(async || Redirect::permanent("/demo/chatroom/")),
        )
}

/// The two values that the tutorial copies out of the console. The address is left relative to the
/// page's own origin, whatever name or proxy it was opened through.
async fn config(registry: Arc<Registry>) -> Response {
    let Some(app) = reference()
        .ok()
        .and_then(|reference| registry.get(&reference))
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = json!({"url": format!("/apps/{REFERENCE}"), "key": app.keys.anon});
    let mut response = axum::Json(body).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(path: &str) -> Response {
    let Some(file) = Page::get(path) else {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    };
    let mime = file.metadata.mimetype().to_owned();
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&mime) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    // Vite names its assets after their content; the page itself is asked for each time.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; connect-src *; img-src * data: blob:; \
             style-src 'self'; object-src 'none'; base-uri 'none'; \
             frame-ancestors 'self'",
        ),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

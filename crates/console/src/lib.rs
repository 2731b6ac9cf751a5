//! The console's page as Vite built it, embedded in the binary. No logic: the page speaks HTTP to
//! the server like any client.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};

/// The files; none in a build without Node.
#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../console/dist"]
#[allow_missing = true]
struct Files;

/// A file's content and type.
struct File {
    content: Vec<u8>,
    mime: String,
}

#[cfg(feature = "embed")]
fn file(path: &str) -> Option<File> {
    let file = Files::get(path)?;
    Some(File {
        mime: file.metadata.mimetype().to_owned(),
        content: file.data.into_owned(),
    })
}

#[cfg(not(feature = "embed"))]
fn file(_: &str) -> Option<File> {
    None
}

/// `/console/…`: a file, or the page itself for a path of the page's own router.
pub fn router() -> Router {
    Router::new()
        .route("/console", get(async || Redirect::permanent("/console/")))
        .route("/console/", get(async || serve("index.html")))
        .route(
            "/console/{*path}",
            get(async |Path(path): Path<String>| serve(&path)),
        )
}

fn serve(path: &str) -> Response {
    let asset = path.starts_with("assets/");
    let found = match file(path) {
        Some(found) => Some(found),
        // A page of an older build may ask for an asset that is gone: HTML is no answer to that.
        None if asset => return (StatusCode::NOT_FOUND, "not found\n").into_response(),
        None => file("index.html"),
    };
    let Some(found) = found else {
        return (
            StatusCode::NOT_FOUND,
            "this build holds no console: build console/ with Node first\n",
        )
            .into_response();
    };
    let mut response = found.content.into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&found.mime) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    // Vite names its assets after their content; the page itself is asked for each time.
    let cache = if asset {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let fixed = [
        (header::CACHE_CONTROL, cache),
        // Scripts come from this server alone. Styles may stand in the page: its components set
        // them on elements. Pictures and downloads of an application come from this server or,
        // when previewed, from memory.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; \
             connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; \
             frame-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

//! `GET /.well-known/jwks.json`

use axum::response::Response;
use hearth_jwt::SigningKey;
use http::{HeaderValue, header};
use serde_json::{Value, json};

use crate::call::Call;
use crate::wire::ok;

/// The application's public keys. A shared secret has none.
pub(super) async fn jwks(call: Call) -> Response {
    let keys: Vec<Value> = match call.app().signing_key() {
        SigningKey::Hs256(_) => Vec::new(),
    };
    let mut response = ok(&json!({ "keys": keys }));
    let cache = HeaderValue::from_static("public, max-age=600");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}

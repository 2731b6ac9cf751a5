//! Bodies and query strings of requests.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::AdminError;

/// Largest body: an SQL script, or a page of settings.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A JSON body, whatever its content type says.
pub(crate) struct Input<T>(pub(crate) T);

impl<S, T> FromRequest<S> for Input<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self, AdminError> {
        let bytes = read(request.into_body()).await?;
        let bytes = if bytes.is_empty() { b"{}" } else { &bytes[..] };
        serde_json::from_slice(bytes)
            .map(Self)
            .map_err(|e| AdminError::Body(e.to_string()))
    }
}

async fn read(body: Body) -> Result<Bytes, AdminError> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(AdminError::Body(error.to_string())),
    }
}

/// The query string's parameters; the last of a name counts.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AdminError> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        ))
    }
}

impl Params {
    /// A parameter's text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that is `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "true" || text == "1")
    }

    /// A whole number.
    ///
    /// # Errors
    /// If it is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, AdminError> {
        match self.text(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                AdminError::invalid(
                    format!("{name} must be a whole number"),
                    format!("{name} 必须是整数"),
                )
            }),
        }
    }

    /// A list of texts, separated by commas.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .map(|text| text.split(',').map(str::to_owned).collect())
    }
}

/// JSON text as an answer.
pub(crate) fn raw(text: String) -> Response {
    answer(StatusCode::OK, text)
}

/// A JSON value as an answer.
pub(crate) fn json(value: &Value) -> Response {
    raw(value.to_string())
}

/// A JSON value as the answer to something that was made.
pub(crate) fn created(value: &Value) -> Response {
    answer(StatusCode::CREATED, value.to_string())
}

/// Nothing to say.
pub(crate) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn answer(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

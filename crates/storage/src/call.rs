//! A request to storage: whose it is, what it is about, and its path decoded exactly once.

use std::sync::Arc;

use hearth_apps::{Bearer, RequestContext};
use hearth_core::Claims;
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

use crate::error::StorageError;
use crate::jwt_text;
use crate::state::Storage;

/// One request without its body.
pub(crate) struct Call {
    pub(crate) storage: Arc<Storage>,
    pub(crate) context: RequestContext,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// What policies see in `storage.operation()`.
    pub(crate) operation: &'static str,
}

/// Who asks, where an endpoint lets strangers in.
pub(crate) enum Caller {
    /// Somebody with a valid token or key.
    Known(Claims),
    /// Nobody, or somebody whose token was refused.
    Stranger,
}

impl Call {
    /// The caller's claims.
    ///
    /// # Errors
    /// [`StorageError::AccessDenied`] for a refused token, [`StorageError::Validation`] for none.
    pub(crate) fn claims(&self) -> Result<Claims, StorageError> {
        match &self.context.bearer {
            Bearer::Absent if self.context.api_key.is_none() => Err(StorageError::Validation(
                "headers must have required property 'authorization'".to_owned(),
            )),
            _ => self
                .context
                .claims()
                .map_err(|e| StorageError::AccessDenied(jwt_text::words(&e))),
        }
    }

    /// The caller, who may be a stranger.
    pub(crate) fn caller(&self) -> Caller {
        match &self.context.bearer {
            Bearer::Invalid(_) => Caller::Stranger,
            Bearer::Absent if self.context.api_key.is_none() => Caller::Stranger,
            _ => self
                .context
                .claims()
                .map_or(Caller::Stranger, Caller::Known),
        }
    }

    /// A header as text; none if it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// True where the client asks to replace an existing object.
    pub(crate) fn wants_upsert(&self) -> bool {
        self.header("x-upsert") == Some("true")
    }

    /// A query parameter by name.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then(|| decode(&value.replace('+', " ")))
        })
    }

    /// The request's headers as PostgreSQL sees them in `request.headers`.
    pub(crate) fn headers_json(&self) -> String {
        let mut map = serde_json::Map::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            if let Ok(value) = value.to_str() {
                map.insert(name.as_str().to_owned(), value.into());
            }
        }
        serde_json::Value::Object(map).to_string()
    }
}

/// Percent-decodes `text` once. What is no UTF-8 becomes U+FFFD, which no name may contain.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn paths_are_decoded_once() {
        assert_eq!(decode("a%20b"), "a b");
        assert_eq!(decode("%252e%252e"), "%2e%2e");
        assert_eq!(decode("%2e%2e%2fx"), "../x");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%ff"), "\u{fffd}");
    }
}

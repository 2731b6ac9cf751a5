//! The verified claims of a bearer token, in the two forms that services need: the parsed fields
//! that Hearth itself looks at, and the exact JSON text that PostgreSQL sees in
//! `request.jwt.claims`.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Claims of a token whose signature and times have been verified.
///
/// Cloning is cheap: the parts are shared.
#[derive(Debug, Clone)]
pub struct Claims {
    text: Arc<str>,
    fields: Arc<Map<String, Value>>,
}

impl Claims {
    /// Takes the claims object as decoded from a verified token. Keys are sorted, as PostgREST has
    /// them in `request.jwt.claims`: SQL functions hand that text on to clients.
    pub fn new(mut fields: Map<String, Value>) -> Self {
        fields.sort_keys();
        fields.values_mut().for_each(Value::sort_all_objects);
        let text = serde_json::to_string(&fields).unwrap_or_else(|_| "{}".to_owned());
        Self {
            text: text.into(),
            fields: Arc::new(fields),
        }
    }

    /// Claims that consist of a role alone, for API keys that are no JWT (`sb_publishable_…`).
    pub fn of_role(role: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("role".to_owned(), Value::String(role.to_owned()));
        Self::new(fields)
    }

    /// The JSON object as text, for `request.jwt.claims`.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// All claims.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// A claim by name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// A claim by name, if it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The PostgreSQL role that the token asks for.
    pub fn role(&self) -> Option<&str> {
        self.text("role")
    }

    /// The user's id, for tokens of signed-in users.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// The session that the token was issued in.
    pub fn session_id(&self) -> Option<&str> {
        self.text("session_id")
    }

    /// Expiry in seconds since the Unix epoch; service tokens may have none.
    pub fn expires_at(&self) -> Option<i64> {
        self.get("exp")
            .and_then(|v| v.as_i64().or_else(|| v.as_f64().map(|f| f as i64)))
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Claims {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_claims_render_as_postgres_sees_them() {
        let claims = Claims::of_role("anon");
        assert_eq!(claims.as_json(), r#"{"role":"anon"}"#);
        assert_eq!(claims.role(), Some("anon"));
        assert_eq!(claims.expires_at(), None);
    }
}

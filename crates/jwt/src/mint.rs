//! Signing claims.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::keys::SigningKey;

/// Signs `claims` (any value that serialises to a JSON object) with `key`.
///
/// # Errors
/// Only if `claims` cannot be serialised.
pub fn mint<C: Serialize>(
    key: &SigningKey,
    claims: &C,
) -> Result<String, jsonwebtoken::errors::Error> {
    match key {
        SigningKey::Hs256(secret) => jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            claims,
            &EncodingKey::from_secret(secret.expose().as_bytes()),
        ),
    }
}

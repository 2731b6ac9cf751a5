//! Verification of bearer tokens. A verified token is cached until it expires, so that the
//! traffic of one key costs one signature check.

use std::sync::Arc;
use std::time::Duration;

use hearth_core::{Claims, Clock};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use moka::sync::Cache;
use serde_json::{Map, Value};

use crate::keys::SigningKey;

/// Clock skew that is forgiven, in seconds (PostgREST's value).
const LEEWAY_SECONDS: i64 = 30;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a bearer token is refused. Services render it in their own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The bearer text is empty.
    #[error("empty token")]
    Empty,
    /// Not three parts separated by dots.
    #[error("expected 3 parts in JWT; got {parts}")]
    Parts {
        /// How many there are.
        parts: usize,
    },
    /// Header or claims are not base64url JSON objects.
    #[error("malformed token")]
    Malformed,
    /// An algorithm that no key of the application has.
    #[error("unsupported algorithm")]
    Algorithm,
    /// No key of the application made this signature.
    #[error("bad signature")]
    Signature,
    /// `exp` has passed.
    #[error("token has expired")]
    Expired,
    /// `nbf` is in the future.
    #[error("token is not valid yet")]
    NotYetValid,
    /// `iat` is in the future.
    #[error("token was issued in the future")]
    IssuedInFuture,
    /// A time claim (`exp`, `nbf`, `iat`) is no number.
    #[error("the claim {claim} is not a number")]
    ClaimType {
        /// Its name.
        claim: &'static str,
    },
}

/// Verifies tokens of one application. Cloning shares the cache.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<Vec<SigningKey>>,
    clock: Arc<dyn Clock>,
    verified: Cache<Arc<str>, Claims>,
}

impl Verifier {
    /// Verifies against `keys` in order, with the time of `clock`.
    pub fn new(keys: Vec<SigningKey>, clock: Arc<dyn Clock>) -> Self {
        let verified = Cache::builder()
            .max_capacity(8 * 1024 * 1024)
            .weigher(|token: &Arc<str>, claims: &Claims| {
                (token.len() + 3 * claims.as_json().len() + 256) as u32
            })
            .time_to_idle(Duration::from_secs(600))
            .build();
        Self {
            keys: Arc::new(keys),
            clock,
            verified,
        }
    }

    /// The claims of `token`, if an application key signed it and its times hold now.
    ///
    /// # Errors
    /// The first reason to refuse it, signature before times.
    pub fn verify(&self, token: &str) -> Result<Claims, JwtError> {
        let claims = match self.verified.get(token) {
            Some(claims) => claims,
            None => {
                let claims = self.check_signature(token)?;
                self.verified.insert(token.into(), claims.clone());
                claims
            }
        };
        check_times(&claims, self.clock.unix())?;
        Ok(claims)
    }

    fn check_signature(&self, token: &str) -> Result<Claims, JwtError> {
        if token.is_empty() {
            return Err(JwtError::Empty);
        }
        let parts = token.split('.').count();
        if parts != 3 {
            return Err(JwtError::Parts { parts });
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|e| match e.kind() {
            jsonwebtoken::errors::ErrorKind::Json(json)
                if json.to_string().contains("unknown variant") =>
            {
                JwtError::Algorithm
            }
            _ => JwtError::Malformed,
        })?;
        let mut tried = false;
        for key in self.keys.iter() {
            let SigningKey::Hs256(secret) = key;
            if header.alg != Algorithm::HS256 {
                continue;
            }
            tried = true;
            let mut validation = Validation::new(Algorithm::HS256);
            validation.required_spec_claims.clear();
            validation.validate_exp = false;
            validation.validate_aud = false;
            let key = DecodingKey::from_secret(secret.expose().as_bytes());
            match jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation) {
                Ok(data) => return Ok(Claims::new(data.claims)),
                Err(e) => match e.kind() {
                    jsonwebtoken::errors::ErrorKind::InvalidSignature => {}
                    _ => return Err(JwtError::Malformed),
                },
            }
        }
        Err(if tried {
            JwtError::Signature
        } else {
            JwtError::Algorithm
        })
    }
}

fn time_claim(claims: &Claims, name: &'static str) -> Result<Option<i64>, JwtError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => Ok(n.as_i64().or_else(|| n.as_f64().map(|f| f as i64))),
        Some(_) => Err(JwtError::ClaimType { claim: name }),
    }
}

fn check_times(claims: &Claims, now: i64) -> Result<(), JwtError> {
    if time_claim(claims, "exp")?.is_some_and(|exp| now.saturating_sub(LEEWAY_SECONDS) > exp) {
        return Err(JwtError::Expired);
    }
    if time_claim(claims, "nbf")?.is_some_and(|nbf| now.saturating_add(LEEWAY_SECONDS) < nbf) {
        return Err(JwtError::NotYetValid);
    }
    if time_claim(claims, "iat")?.is_some_and(|iat| now.saturating_add(LEEWAY_SECONDS) < iat) {
        return Err(JwtError::IssuedInFuture);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hearth_core::clock::ManualClock;
    use serde_json::json;

    use super::*;
    use crate::mint::mint;

    fn verifier(clock: &ManualClock) -> (SigningKey, Verifier) {
        let key = SigningKey::random_hs256();
        (
            key.clone(),
            Verifier::new(vec![key], Arc::new(clock.clone())),
        )
    }

    #[test]
    fn a_cached_token_still_expires() {
        let clock = ManualClock::at(1000);
        let (key, verifier) = verifier(&clock);
        let token = mint(&key, &json!({"role": "authenticated", "exp": 1100})).unwrap();
        assert_eq!(
            verifier.verify(&token).unwrap().role(),
            Some("authenticated")
        );
        clock.advance(131);
        assert_eq!(verifier.verify(&token), Err(JwtError::Expired));
    }

    #[test]
    fn tokens_without_expiry_are_valid() {
        let (key, verifier) = verifier(&ManualClock::at(1000));
        let token = mint(&key, &json!({"role": "service_role"})).unwrap();
        assert!(verifier.verify(&token).is_ok());
    }

    #[test]
    fn forged_and_broken_tokens_are_refused_by_name() {
        let (_, verifier) = verifier(&ManualClock::at(1000));
        let foreign = mint(
            &SigningKey::random_hs256(),
            &json!({"role": "service_role"}),
        )
        .unwrap();
        assert_eq!(verifier.verify(&foreign), Err(JwtError::Signature));
        assert_eq!(verifier.verify(""), Err(JwtError::Empty));
        assert_eq!(verifier.verify("a.b"), Err(JwtError::Parts { parts: 2 }));
        assert_eq!(verifier.verify("a.b.c"), Err(JwtError::Malformed));
        // {"alg":"none","typ":"JWT"}.{"role":"service_role"}.
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.";
        assert_eq!(verifier.verify(none), Err(JwtError::Algorithm));
    }
}

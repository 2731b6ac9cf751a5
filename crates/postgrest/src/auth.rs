//! Who asks: the bearer token, its claims, and the role that they stand for. As PostgREST's modules
//! `Auth`, `Auth.Jwt` and `Auth.JwtCache` decide it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hearth_core::Claims;
use hearth_jwt::{JwtError, KeySet};
use hearth_rest::error::{RestError, TokenProblem};
use hearth_rest::execute::Caller;
use http::{HeaderMap, header};
use moka::sync::Cache;
use serde_json::{Map, Value};

use crate::config::Config;

/// Clock skew that is forgiven, in seconds.
const SKEW: i64 = 30;

/// Claims by token, until it expires.
type VerifiedTokens = Cache<Arc<str>, Arc<Map<String, Value>>>;

/// Verified tokens are remembered, whatever their claims are worth.
pub(crate) struct Tokens {
    keys: Option<KeySet>,
    secret: Option<Vec<u8>>,
    entries: u64,
    verified: Option<VerifiedTokens>,
    counts: Arc<Counts>,
}

/// How the memory of tokens fares.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Times a token was looked up.
    pub(crate) lookups: AtomicU64,
    /// Times it was found.
    pub(crate) hits: AtomicU64,
    /// Tokens that had to go for others.
    pub(crate) evictions: AtomicU64,
}

impl Tokens {
    /// Verifies with the keys of `config`.
    pub(crate) fn new(config: &Config, counts: Arc<Counts>) -> Self {
        let remembers = config.keys.is_some() && config.jwt_cache_entries > 0;
        let evicted = counts.clone();
        let verified = remembers.then(|| {
            Cache::builder()
                .max_capacity(config.jwt_cache_entries)
                .eviction_listener(move |_, _, cause| {
                    if cause == moka::notification::RemovalCause::Size {
                        evicted.evictions.fetch_add(1, Ordering::Relaxed);
                    }
                })
                .build()
        });
        Self {
            keys: config.keys.clone(),
            secret: config.secret.clone(),
            entries: config.jwt_cache_entries,
            verified,
            counts,
        }
    }

    /// Whether it verifies as `config` says.
    pub(crate) fn serves(&self, config: &Config) -> bool {
        self.secret == config.secret && self.entries == config.jwt_cache_entries
    }

    fn claims(&self, token: &str) -> Result<Arc<Map<String, Value>>, RestError> {
        let refused = |problem| RestError::Token(problem);
        let keys = self.keys.as_ref();
        let keys = keys.ok_or_else(|| refused(TokenProblem::NoSecret))?;
        if let Some(verified) = &self.verified {
            self.counts.lookups.fetch_add(1, Ordering::Relaxed);
            if let Some(claims) = verified.get(token) {
                self.counts.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(claims);
            }
        }
        let claims = keys.claims(token);
        let mut claims = claims.map_err(|error| refused(TokenProblem::Refused(error)))?;
        // SQL sees the claims as upstream writes them: in order of their names.
        claims.sort_keys();
        claims.values_mut().for_each(Value::sort_all_objects);
        let claims = Arc::new(claims);
        if let Some(verified) = &self.verified {
            verified.insert(token.into(), claims.clone());
        }
        Ok(claims)
    }

    /// The caller that a request's headers speak for.
    ///
    /// # Errors
    /// PGRST300 to 303.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        config: &Config,
        now: i64,
    ) -> Result<Caller, RestError> {
        let claims = match bearer(headers) {
            Some(token) => self.claims(&token)?,
            None => Arc::default(),
        };
        check(&claims, config.audience.as_deref(), now)?;
        let claims = Value::Object(Map::clone(&claims));
        let role = match config.role_claim.find(&claims) {
            Some(Value::String(role)) => role.clone(),
            Some(other) => other.to_string(),
            None => config
                .anon_role
                .clone()
                .ok_or(RestError::Token(TokenProblem::AnonymousDisabled))?,
        };
        let Value::Object(mut claims) = claims else {
            return Err(RestError::Token(TokenProblem::Refused(
                hearth_jwt::TokenError::Claims,
            )));
        };
        let known = claims.insert("role".to_owned(), Value::String(role.clone()));
        if known.is_none() {
            claims.sort_keys();
        }
        Ok(Caller {
            authenticated: config.anon_role.as_ref() != Some(&role),
            role,
            claims: Claims::new(claims),
        })
    }
}

/// What stands behind `Bearer`, in any case.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    let (scheme, token) = match text.find(char::is_whitespace) {
        Some(end) => text.split_at(end),
        None => (text.as_ref(), ""),
    };
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start().to_owned())
}

fn check(claims: &Map<String, Value>, audience: Option<&str>, now: i64) -> Result<(), RestError> {
    let time = |claim: &'static str| match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        // A number that is no whole one, or too large, counts as 0.
        Some(Value::Number(number)) => Ok(Some(whole(number).unwrap_or(0))),
        Some(_) => Err(RestError::Jwt(JwtError::ClaimType { claim })),
    };
    if time("exp")?.is_some_and(|exp| now - SKEW > exp) {
        return Err(RestError::Jwt(JwtError::Expired));
    }
    if time("nbf")?.is_some_and(|nbf| now + SKEW < nbf) {
        return Err(RestError::Jwt(JwtError::NotYetValid));
    }
    if time("iat")?.is_some_and(|iat| now + SKEW < iat) {
        return Err(RestError::Jwt(JwtError::IssuedInFuture));
    }
    let names = match claims.get("aud") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => {
            let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
            names.ok_or(RestError::Token(TokenProblem::AudienceType))?
        }
        Some(_) => return Err(RestError::Token(TokenProblem::AudienceType)),
    };
    // No names at all: for everybody.
    let named = |audience: &str| names.is_empty() || names.contains(&audience);
    match audience {
        Some(audience) if !named(audience) => Err(RestError::Token(TokenProblem::NotInAudience)),
        _ => Ok(()),
    }
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 9e18).then_some(float as i64)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hearth_core::ApiError;
    use serde_json::json;

    use super::*;

    fn refusal(claims: &Value, audience: Option<&str>) -> Option<String> {
        let claims = claims.as_object().unwrap();
        let error = check(claims, audience, 1_000_000).err()?;
        assert_eq!(error.code(), "PGRST303");
        Some(error.message().into_owned())
    }

    #[test]
    fn times_are_forgiven_half_a_minute() {
        for (claims, message) in [
            (json!({"exp": 999_970}), None),
            (json!({"exp": 999_969}), Some("JWT expired")),
            (json!({"exp": 2e6 + 0.5}), Some("JWT expired")),
            (json!({"exp": 2e6}), None),
            (json!({"exp": null}), None),
            (
                json!({"exp": "soon"}),
                Some("The JWT 'exp' claim must be a number"),
            ),
            (json!({"nbf": 1_000_030}), None),
            (json!({"nbf": 1_000_031}), Some("JWT not yet valid")),
            (
                json!({"nbf": {}}),
                Some("The JWT 'nbf' claim must be a number"),
            ),
            (json!({"iat": 1_000_030}), None),
            (json!({"iat": 1_000_031}), Some("JWT issued at future")),
            (
                json!({"iat": []}),
                Some("The JWT 'iat' claim must be a number"),
            ),
            (json!({"exp": 1, "nbf": "x"}), Some("JWT expired")),
        ] {
            assert_eq!(refusal(&claims, None).as_deref(), message, "{claims}");
        }
    }

    #[test]
    fn audiences() {
        let wrong = Some("JWT not in audience");
        let type_error = Some("The JWT 'aud' claim must be a string or an array of strings");
        for (claims, message) in [
            (json!({}), None),
            (json!({"aud": null}), None),
            (json!({"aud": []}), None),
            (json!({"aud": "us"}), None),
            (json!({"aud": ["them", "us"]}), None),
            (json!({"aud": "them"}), wrong),
            (json!({"aud": ["them"]}), wrong),
            (json!({"aud": 1}), type_error),
            (json!({"aud": ["us", 1]}), type_error),
        ] {
            assert_eq!(refusal(&claims, Some("us")).as_deref(), message, "{claims}");
        }
        assert_eq!(refusal(&json!({"aud": "them"}), None), None);
        assert_eq!(refusal(&json!({"aud": 1}), None).as_deref(), type_error);
    }

    #[test]
    fn bearers() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            bearer(&headers)
        };
        assert_eq!(of("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(of("bearer   a").as_deref(), Some("a"));
        assert_eq!(of("Bearer").as_deref(), Some(""));
        assert_eq!(of("Basic a"), None);
    }
}

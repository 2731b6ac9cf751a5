//! Who a socket or channel speaks for.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearth_apps::{App, Bearer, RequestContext};
use hearth_core::Claims;
use hearth_jwt::JwtError;
use serde_json::Value;

use crate::error::Refusal;

/// Prefix of the application's opaque keys.
const OPAQUE: &str = "sb_";

/// The verified identity of a channel.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Role and claims as PostgreSQL will see them.
    pub claims: Claims,
    /// Seconds since the Unix epoch after which the identity no longer holds.
    pub expires_at: Option<i64>,
    /// Distinguishes the token from a refreshed one without keeping it.
    fingerprint: u64,
}

impl Caller {
    /// The identity of a handshake or HTTP request, as the gateway found it.
    ///
    /// # Errors
    /// Why its token is refused.
    pub fn of_request(context: &RequestContext) -> Result<Self, Refusal> {
        let claims = match &context.bearer {
            Bearer::Invalid(error) => return Err(refusal(error)),
            _ => context.claims().map_err(|error| refusal(&error))?,
        };
        if claims.role().is_none() {
            return Err(Refusal::MissingClaims);
        }
        let caller = Self {
            expires_at: claims.expires_at(),
            claims,
            fingerprint: 0,
        };
        caller.check_time(context.app.clock.unix())?;
        Ok(caller)
    }

    /// The identity of a token in a join or an `access_token` message; an opaque key stands for
    /// the socket's own identity.
    ///
    /// # Errors
    /// Why the token is refused.
    pub fn of_token(app: &App, token: &str, socket: &Self) -> Result<Self, Refusal> {
        if token.starts_with(OPAQUE) {
            return Ok(match app.keys.recognise(token) {
                Some(kind) => Self {
                    claims: Claims::of_role(kind.role()),
                    expires_at: None,
                    fingerprint: fingerprint(token),
                },
                None => socket.clone(),
            });
        }
        // Clients that build the message by hand leave spaces and line ends in the token.
        let clean: String = token.chars().filter(|c| !c.is_whitespace()).collect();
        let now = app.clock.unix();
        let claims = app.verifier.verify(&clean).map_err(|error| match error {
            JwtError::Expired => Refusal::TokenExpired(now - unverified_expiry(&clean)),
            error => refusal(&error),
        })?;
        let (Some(_), Some(expires_at)) = (claims.role(), claims.expires_at()) else {
            return Err(Refusal::MissingClaims);
        };
        let caller = Self {
            claims,
            expires_at: Some(expires_at),
            fingerprint: fingerprint(token),
        };
        caller.check_time(now)?;
        Ok(caller)
    }

    /// Whether `token` is the one this identity came from.
    pub fn is_from(&self, token: &str) -> bool {
        self.fingerprint == fingerprint(token)
    }

    /// Whether the identity still holds at `now`: to the second, without the leeway that single
    /// requests get.
    ///
    /// # Errors
    /// [`Refusal::TokenExpired`].
    pub fn check_time(&self, now: i64) -> Result<(), Refusal> {
        match self.expires_at {
            Some(at) if at <= now => Err(Refusal::TokenExpired(now - at)),
            _ => Ok(()),
        }
    }

    /// The PostgreSQL role.
    pub fn role(&self) -> &str {
        self.claims.role().unwrap_or("anon")
    }
}

fn fingerprint(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}

fn refusal(error: &JwtError) -> Refusal {
    match error {
        JwtError::Expired => Refusal::TokenExpired(0),
        JwtError::Signature => Refusal::JwtSignature,
        JwtError::Algorithm => Refusal::JwtSigner,
        JwtError::NotYetValid | JwtError::IssuedInFuture | JwtError::ClaimType { .. } => {
            Refusal::InvalidTimes
        }
        _ => Refusal::MalformedJwt,
    }
}

/// `exp` of a token whose signature is known to be good, only to say in words when that was.
fn unverified_expiry(token: &str) -> i64 {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
    claims["exp"].as_f64().map_or(0, |exp| exp as i64)
}

/// The client's own headers of the handshake (`x-…`) as policies may see them in
/// `request.headers`.
pub fn request_headers(headers: &http::HeaderMap) -> Arc<str> {
    let own = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-"))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let own: serde_json::Map<String, Value> = own
        .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
        .collect();
    Value::Object(own).to_string().into()
}

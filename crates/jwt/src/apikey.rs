//! API keys: the legacy `anon` and `service_role` tokens, and the opaque `sb_publishable_…` and
//! `sb_secret_…` keys beside them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearth_core::Secret;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::keys::SigningKey;
use crate::mint::mint;

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiKeyKind {
    /// Public: role `anon` until a user signs in.
    Publishable,
    /// Server side only: role `service_role`, which bypasses row level security.
    Secret,
}

impl ApiKeyKind {
    /// The PostgreSQL role of a request that carries this key and no user token.
    pub fn role(self) -> &'static str {
        match self {
            Self::Publishable => "anon",
            Self::Secret => "service_role",
        }
    }
}

/// The four keys of one application.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKeys {
    /// Legacy JWT of role `anon`.
    pub anon: String,
    /// Legacy JWT of role `service_role`.
    pub service_role: Secret,
    /// `sb_publishable_…`.
    pub publishable: String,
    /// `sb_secret_…`.
    pub secret: Secret,
}

#[derive(Serialize)]
struct LegacyClaims<'a> {
    role: &'a str,
    iss: &'a str,
    iat: i64,
    exp: i64,
}

/// Lifetime of the legacy keys: fifty years, as MemFire Cloud issues them.
const LEGACY_LIFETIME_SECONDS: i64 = 50 * 365 * 24 * 60 * 60;

impl ApiKeys {
    /// New keys, the legacy ones signed with `key` at `now` (Unix seconds).
    ///
    /// # Errors
    /// Only if signing fails.
    pub fn generate(key: &SigningKey, now: i64) -> Result<Self, jsonwebtoken::errors::Error> {
        let legacy = |role| {
            let exp = now + LEGACY_LIFETIME_SECONDS;
            mint(
                key,
                &LegacyClaims {
                    role,
                    iss: "supabase",
                    iat: now,
                    exp,
                },
            )
        };
        Ok(Self {
            anon: legacy("anon")?,
            service_role: legacy("service_role")?.into(),
            publishable: opaque("sb_publishable_"),
            secret: opaque("sb_secret_").into(),
        })
    }

    /// Which of the application's keys `text` is, if any. Compared in constant time.
    pub fn recognise(&self, text: &str) -> Option<ApiKeyKind> {
        let is = |key: &str| bool::from(key.as_bytes().ct_eq(text.as_bytes()));
        if is(&self.anon) || is(&self.publishable) {
            Some(ApiKeyKind::Publishable)
        } else if is(self.service_role.expose()) || is(self.secret.expose()) {
            Some(ApiKeyKind::Secret)
        } else {
            None
        }
    }
}

/// `<prefix><22 random characters>_<8 characters of checksum>`, the shape Supabase's keys have.
fn opaque(prefix: &str) -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    let body = URL_SAFE_NO_PAD.encode(bytes);
    let digest = Sha256::digest(format!("{prefix}{body}"));
    let checksum = &URL_SAFE_NO_PAD.encode(digest)[..8];
    format!("{prefix}{body}_{checksum}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recognised_and_nothing_else() {
        let keys = ApiKeys::generate(&SigningKey::random_hs256(), 1_700_000_000).unwrap();
        assert_eq!(keys.recognise(&keys.anon), Some(ApiKeyKind::Publishable));
        assert_eq!(
            keys.recognise(&keys.publishable),
            Some(ApiKeyKind::Publishable)
        );
        assert_eq!(
            keys.recognise(keys.secret.expose()),
            Some(ApiKeyKind::Secret)
        );
        assert_eq!(
            keys.recognise(keys.service_role.expose()),
            Some(ApiKeyKind::Secret)
        );
        assert_eq!(keys.recognise(""), None);
        assert_eq!(keys.recognise("sb_publishable_x"), None);
    }
}

//! The keys an application signs and verifies with.

use hearth_core::Secret;

/// A signing key. Every application starts with one HS256 secret; asymmetric keys stand beside it.
#[derive(Debug, Clone)]
pub enum SigningKey {
    /// Shared secret, HS256, used as its UTF-8 bytes (as GoTrue and PostgREST do).
    Hs256(Secret),
}

impl SigningKey {
    /// A new random HS256 secret of 64 hexadecimal characters.
    pub fn random_hs256() -> Self {
        Self::Hs256(Secret::random_hex(32))
    }
}

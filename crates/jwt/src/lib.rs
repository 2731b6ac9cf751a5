//! JSON web tokens: an application's keys, verification (cached until expiry), minting, and the
//! API keys that are tokens themselves. No I/O.

pub mod apikey;
pub mod key_set;
pub mod keys;
pub mod mint;
pub mod verify;

pub use apikey::{ApiKeyKind, ApiKeys};
pub use key_set::{KeyError, KeySet, TokenError};
pub use keys::SigningKey;
pub use mint::mint;
pub use verify::{JwtError, Verifier};

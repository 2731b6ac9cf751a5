//! Text that must not reach a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret text: `Debug` and `Display` show `***`, [`Secret::expose`] gives it away.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `bytes` random bytes from the system's generator, as lower-case hexadecimal.
    pub fn random_hex(bytes: usize) -> Self {
        use rand::RngCore;
        use std::fmt::Write;
        let mut buffer = vec![0; bytes];
        rand::rng().fill_bytes(&mut buffer);
        let mut text = String::with_capacity(bytes * 2);
        for byte in buffer {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

//! Identifiers as types of their own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The reference of an application: the `<ref>` in `/apps/<ref>` and `<ref>.<base_domain>`, and
/// the tail of its database's name. 1 to 40 characters of `a-z 0-9 -`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppRef(String);

/// Why a text is no application reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an application reference has 1 to 40 characters of a-z, 0-9 and -, and starts with a letter"
)]
pub struct InvalidAppRef;

impl AppRef {
    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new random reference of 20 lower-case letters, the shape that Supabase uses.
    pub fn random() -> Self {
        use rand::Rng;
        let mut rng = rand::rng();
        Self(
            (0..20)
                .map(|_| rng.random_range(b'a'..=b'z') as char)
                .collect(),
        )
    }

    /// The application's database: `app_<ref>` with `-` as `_`.
    pub fn database(&self) -> String {
        format!("app_{}", self.0.replace('-', "_"))
    }

    /// The application's owner role; one per application, named as its database.
    pub fn owner_role(&self) -> String {
        self.database()
    }
}

impl FromStr for AppRef {
    type Err = InvalidAppRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAppRef)
        }
    }
}

impl TryFrom<String> for AppRef {
    type Error = InvalidAppRef;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AppRef> for String {
    fn from(value: AppRef) -> Self {
        value.0
    }
}

impl fmt::Display for AppRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of one request, in the log line and in the answer's `x-request-id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// A fresh, time-ordered id.
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7())
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_checked() {
        for good in ["a", "demo", "chat-room", "abc123"] {
            assert!(good.parse::<AppRef>().is_ok(), "{good}");
        }
        for bad in ["", "1a", "A", "a_b", "a/b", "ä", &"a".repeat(41)] {
            assert!(bad.parse::<AppRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn random_references_are_valid() {
        assert!(AppRef::random().as_str().parse::<AppRef>().is_ok());
    }
}

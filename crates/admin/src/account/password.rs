//! Passwords as argon2id. Few at a time: each takes 19 MiB of memory and a core for a while.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;

use crate::error::AdminError;

/// Shortest password.
pub(crate) const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 512;
const AT_ONCE: usize = 2;

/// Checks and makes hashes.
#[derive(Clone)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    /// What an unknown user's password is compared with, so that it takes as long as a known one's.
    nobody: Arc<str>,
}

impl Passwords {
    /// Prepared for use.
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            nobody: hash(hearth_core::Secret::random_hex(16).expose())
                .unwrap_or_default()
                .into(),
        }
    }

    /// Whether `password` is the one of `stored`; always false without one, in the same time.
    pub(crate) async fn verify(&self, stored: Option<&str>, password: &str) -> bool {
        let hash = stored.map_or_else(|| self.nobody.clone(), Arc::from);
        let password = password.to_owned();
        let Ok(_place) = self.places.acquire().await else {
            return false;
        };
        let verified = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            })
        });
        verified.await.unwrap_or(false) && stored.is_some()
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// If it is too short or too long.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AdminError> {
        check(password)?;
        let password = password.to_owned();
        let Ok(_place) = self.places.acquire().await else {
            return Err(AdminError::Internal);
        };
        let hashed = tokio::task::spawn_blocking(move || hash(&password)).await;
        hashed
            .map_err(|e| AdminError::internal(&e))?
            .ok_or(AdminError::Internal)
    }
}

fn check(password: &str) -> Result<(), AdminError> {
    let length = password.chars().count();
    if (MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Ok(());
    }
    Err(AdminError::invalid(
        format!("A password has {MIN_LENGTH} to {MAX_LENGTH} characters"),
        format!("密码长度须为 {MIN_LENGTH} 到 {MAX_LENGTH} 个字符"),
    ))
}

fn hash(password: &str) -> Option<String> {
    let salt = SaltString::generate(&mut OsRng);
    match Argon2::default().hash_password(password.as_bytes(), &salt) {
        Ok(hash) => Some(hash.to_string()),
        Err(error) => {
            tracing::error!(%error, "a password could not be hashed");
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_verify() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify(Some(&hash), "correct horse").await);
        assert!(!passwords.verify(Some(&hash), "wrong horse").await);
        assert!(!passwords.verify(None, "correct horse").await);
        assert!(passwords.hash("短").await.is_err());
    }
}

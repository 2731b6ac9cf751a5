//! Passwords: rules, hashes, and a bound on how many are hashed at the same time, so that a flood
//! of sign-ins waits in a queue instead of taking every core from the other requests.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use hearth_apps::settings::AuthSettings;
use rand::Rng;
use tokio::sync::Semaphore;

use crate::error::AuthError;

/// What bcrypt takes; longer ones are refused rather than cut.
const MAX_BYTES: usize = 72;
/// GoTrue's cost.
const COST: u32 = 10;
/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(10);
/// Bounds on imported argon2 hashes, as upstream: 1 GiB, 20 rounds, 16 lanes.
const ARGON2_MAX: (u32, u32, u32) = (1024 * 1024, 20, 16);

/// Hashes and verifies on blocking threads, a few at a time.
#[derive(Clone)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    decoy: Arc<OnceLock<String>>,
}

impl Hasher {
    /// At most `concurrency` hashes at the same time.
    pub(crate) fn new(concurrency: usize) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency.max(1)));
        Self {
            permits,
            decoy: Arc::default(),
        }
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password = password.to_owned();
        self.run(move || hash(&password)).await?
    }

    /// True if `hash` is `password`'s. An empty hash is nobody's, and takes as long as any other.
    pub(crate) async fn verify(&self, password: &str, hash: &str) -> Result<bool, AuthError> {
        let (password, stored) = (password.to_owned(), hash.to_owned());
        let decoy = self.decoy.clone();
        self.run(move || {
            if !stored.is_empty() {
                return verify(&password, &stored);
            }
            let decoy = decoy.get_or_init(|| self::hash(&random(33)).unwrap_or_default());
            let _ = verify(&password, decoy);
            false
        })
        .await
    }

    async fn run<T, F>(&self, work: F) -> Result<T, AuthError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = turn else {
            return Err(AuthError::Timeout);
        };
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        done.await
            .map_err(|error| AuthError::Internal(error.to_string().into()))
    }
}

fn hash(password: &str) -> Result<String, AuthError> {
    bcrypt::hash_with_result(password, COST)
        .map(|parts| parts.format_for_version(bcrypt::Version::TwoA))
        .map_err(|error| AuthError::Internal(error.to_string().into()))
}

fn verify(password: &str, stored: &str) -> bool {
    if stored.starts_with("$argon2") {
        return verify_argon2(password, stored).unwrap_or(false);
    }
    bcrypt::verify(password, stored).unwrap_or(false)
}

fn verify_argon2(password: &str, stored: &str) -> Option<bool> {
    let parsed = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(parsed.algorithm).ok()?;
    let params = argon2_params(&parsed)?;
    let argon2 = Argon2::new(algorithm, Version::V0x13, params);
    Some(argon2.verify_password(password.as_bytes(), &parsed).is_ok())
}

fn argon2_params(parsed: &PasswordHash<'_>) -> Option<Params> {
    let known = matches!(parsed.algorithm.as_str(), "argon2i" | "argon2id");
    let params = Params::try_from(parsed).ok()?;
    let bounded = params.m_cost() <= ARGON2_MAX.0
        && params.t_cost() <= ARGON2_MAX.1
        && params.p_cost() <= ARGON2_MAX.2;
    (known && bounded && parsed.version == Some(0x13) && parsed.hash.is_some()).then_some(params)
}

/// True if `text` is a hash that this service can verify: what an admin may import.
pub(crate) fn is_hash(text: &str) -> bool {
    if text.starts_with("$argon2") {
        return PasswordHash::new(text).is_ok_and(|parsed| argon2_params(&parsed).is_some());
    }
    text.parse::<bcrypt::HashParts>().is_ok()
}

/// The application's rules.
///
/// # Errors
/// [`AuthError::WeakPassword`] with every rule that is broken.
pub(crate) fn check_strength(password: &str, settings: &AuthSettings) -> Result<(), AuthError> {
    if password.len() > MAX_BYTES {
        let words = format!("Password cannot be longer than {MAX_BYTES} characters");
        return Err(AuthError::validation(words));
    }
    let (mut messages, mut reasons) = (Vec::new(), Vec::new());
    if password.len() < settings.password_min_length {
        let least = settings.password_min_length;
        reasons.push("length");
        messages.push(format!("Password should be at least {least} characters."));
    }
    let sets = &settings.password_required_characters;
    let lacks = |set: &String| !set.is_empty() && !password.contains(|c| set.contains(c));
    if sets.iter().any(lacks) {
        reasons.push("characters");
        let sets = sets.join(", ");
        messages.push(format!(
            "Password should contain at least one character of each: {sets}."
        ));
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(AuthError::WeakPassword {
        message: messages.join(" "),
        reasons,
    })
}

/// A password that nobody knows.
pub(crate) fn random(length: usize) -> String {
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(rng.sample(rand::distr::Alphanumeric)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_gotrues_and_verify() {
        let hashed = hash("secret 密码").unwrap();
        assert!(hashed.starts_with("$2a$10$") && is_hash(&hashed));
        assert!(verify("secret 密码", &hashed));
        assert!(!verify("secret", &hashed));
    }

    #[test]
    fn imported_argon2_hashes_verify_within_bounds() {
        use argon2::password_hash::{PasswordHasher, SaltString};
        let salt = SaltString::from_b64("c29tZXNhbHRzYWx0").unwrap();
        let params = Params::new(64, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hashed = argon2.hash_password(b"secret", &salt).unwrap().to_string();
        assert!(is_hash(&hashed) && verify("secret", &hashed) && !verify("other", &hashed));
        assert!(!is_hash(&hashed.replace("m=64", "m=4194304")));
        assert!(!is_hash("plain text") && !verify("plain text", "plain text"));
    }

    #[test]
    fn every_broken_rule_is_named() {
        let settings = AuthSettings {
            password_required_characters: vec!["abc".to_owned(), "123".to_owned()],
            ..AuthSettings::default()
        };
        assert!(check_strength("abc123", &settings).is_ok());
        let error = check_strength("a", &settings).unwrap_err();
        let AuthError::WeakPassword { message, reasons } = error else {
            panic!("{error}")
        };
        assert_eq!(reasons, ["length", "characters"]);
        assert_eq!(
            message,
            "Password should be at least 6 characters. \
             Password should contain at least one character of each: abc, 123."
        );
        let long = "a".repeat(73);
        let error = check_strength(&long, &AuthSettings::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Password cannot be longer than 72 characters"
        );
    }
}

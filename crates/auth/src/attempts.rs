//! Wrong codes are counted: a code has six digits, and whoever may guess as often as they like
//! guesses right. Only failures count, so that nobody who types the right code ever notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::call::Call;
use crate::error::AuthError;

/// Wrong codes for one address or factor within the window, after which even the right one waits.
const MOST: u32 = 30;
const WINDOW: Duration = Duration::from_secs(300);

/// Failures of late, for all applications.
pub(crate) struct Attempts(Cache<String, Arc<AtomicU32>>);

impl Attempts {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(100_000)
                .time_to_live(WINDOW)
                .build(),
        )
    }

    /// Refuses if too many codes for `target` were wrong.
    pub(crate) fn check(&self, call: &Call, target: &str) -> Result<(), AuthError> {
        let failures = self
            .0
            .get(&key(call, target))
            .map_or(0, |n| n.load(Ordering::Relaxed));
        if failures < MOST {
            Ok(())
        } else {
            Err(AuthError::TooManyAttempts)
        }
    }

    /// Another wrong one.
    pub(crate) fn failed(&self, call: &Call, target: &str) {
        self.0
            .get_with(key(call, target), Arc::default)
            .fetch_add(1, Ordering::Relaxed);
    }
}

fn key(call: &Call, target: &str) -> String {
    format!("{} {target}", call.app().reference)
}

//! After five failures in a row a user name is refused from that address for a while that doubles
//! with each further failure.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::error::AdminError;

const FREE: u32 = 5;
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    until: Instant,
}

/// Failures per user name and address, forgotten after the longest delay.
pub(crate) struct Lockout {
    failures: Cache<(Arc<str>, IpAddr), Failures>,
}

impl Lockout {
    /// Without any failure yet.
    pub(crate) fn new() -> Self {
        Self {
            failures: Cache::builder()
                .max_capacity(50_000)
                .time_to_idle(LONGEST + FIRST)
                .build(),
        }
    }

    /// Refuses while the delay lasts; else counts a failure, which a success takes back. Counting
    /// first keeps a burst of parallel guesses within the bound.
    ///
    /// # Errors
    /// [`AdminError::Locked`].
    pub(crate) fn attempt(&self, username: &str, from: IpAddr) -> Result<(), AdminError> {
        let key = key(username, from);
        let mut refused = None;
        self.failures.entry(key).and_compute_with(|entry| {
            let now = Instant::now();
            let before = entry.map(moka::Entry::into_value);
            if let Some(before) = before
                && before.until > now
            {
                refused = Some(before.until - now);
                return moka::ops::compute::Op::Nop;
            }
            let count = before.map_or(0, |b| b.count).saturating_add(1);
            moka::ops::compute::Op::Put(Failures {
                count,
                until: now + delay(count),
            })
        });
        match refused {
            None => Ok(()),
            Some(left) => Err(AdminError::Locked {
                seconds: left.as_secs() + 1,
            }),
        }
    }

    /// Forgets the failures of a user who got it right.
    pub(crate) fn succeeded(&self, username: &str, from: IpAddr) {
        self.failures.invalidate(&key(username, from));
    }
}

fn key(username: &str, from: IpAddr) -> (Arc<str>, IpAddr) {
    // However long the name: a digest's worth of it tells it apart well enough.
    let name: String = username.chars().take(128).collect();
    (name.to_lowercase().into(), from)
}

fn delay(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(further) => FIRST.saturating_mul(1 << further.min(16)).min(LONGEST),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_waits_and_a_success_forgives() {
        let lockout = Lockout::new();
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let there: IpAddr = "127.0.0.2".parse().unwrap();
        for _ in 0..FREE {
            lockout.attempt("Admin", here).unwrap();
        }
        let refused = lockout.attempt("admin", here).unwrap_err();
        assert!(matches!(refused, AdminError::Locked { seconds: 1..=31 }));
        lockout.attempt("admin", there).unwrap();
        lockout.attempt("other", here).unwrap();
        lockout.succeeded("admin", here);
        lockout.attempt("admin", here).unwrap();
        assert_eq!(delay(FREE + 1), FIRST * 2);
        assert_eq!(delay(u32::MAX), LONGEST);
    }
}

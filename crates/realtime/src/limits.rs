//! What one application's clients may do: rates over the application, and per channel for
//! presence. Figures are upstream's where the application's settings have none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Presence messages of one channel within [`PRESENCE_WINDOW`].
pub const PRESENCE_CALLS: u32 = 5;
/// See [`PRESENCE_CALLS`].
pub const PRESENCE_WINDOW: Duration = Duration::from_secs(30);
/// Presence messages per second over the application.
pub const PRESENCE_EVENTS_PER_SECOND: u32 = 1000;
/// Largest frame that is read at all.
pub const MAX_FRAME_BYTES: usize = 5_000_000;
/// What a payload may exceed its limit by, for the envelope around it.
pub const PAYLOAD_PADDING: usize = 500;
/// Longest topic.
pub const MAX_TOPIC_BYTES: usize = 4096;
/// Messages of one channel that wait for its join to finish.
pub const MAX_QUEUED: usize = 64;
/// A socket that says nothing for this long is closed; clients send a heartbeat every 25 to 30
/// seconds.
pub const IDLE: Duration = Duration::from_secs(60);

/// How many seconds' worth of events may come at once.
const BURST_SECONDS: f64 = 10.0;

/// A token bucket: `rate` events per second on average, and what ten seconds allow at once: all
/// clients of an application come back together after a restart.
#[derive(Debug)]
pub struct Rate {
    state: Mutex<(f64, Instant)>,
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            state: Mutex::new((f64::INFINITY, Instant::now())),
        }
    }
}

impl Rate {
    /// Takes `count` events out of the bucket; false if they are too many.
    pub fn take(&self, rate: u32, count: u32) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (tokens, since) = *state;
        let rate = f64::from(rate);
        let most = rate * BURST_SECONDS;
        let refilled = (tokens + now.duration_since(since).as_secs_f64() * rate).min(most);
        let allowed = refilled >= f64::from(count);
        *state = (
            if allowed {
                refilled - f64::from(count)
            } else {
                refilled
            },
            now,
        );
        allowed
    }
}

/// Presence messages of one channel.
#[derive(Debug, Default)]
pub struct PresenceWindow {
    started: Option<Instant>,
    calls: u32,
}

impl PresenceWindow {
    /// Counts one; false if it is one too many.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        match self.started {
            Some(started) if now.duration_since(started) <= PRESENCE_WINDOW => {
                self.calls += 1;
                self.calls <= PRESENCE_CALLS
            }
            _ => {
                self.started = Some(now);
                self.calls = 1;
                true
            }
        }
    }
}

/// Counts open sockets; one is given back when its guard is dropped.
#[derive(Debug, Default, Clone)]
pub struct Sockets(Arc<AtomicUsize>);

impl Sockets {
    /// Counts one more, unless there are `most` already.
    pub fn enter(&self, most: usize) -> Option<SocketGuard> {
        if self.0.fetch_add(1, Ordering::Relaxed) >= most {
            self.0.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(SocketGuard(self.0.clone()))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counted socket.
#[derive(Debug)]
pub struct SocketGuard(Arc<AtomicUsize>);

impl Drop for SocketGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_beyond_the_rate_is_refused() {
        let rate = Rate::default();
        assert!((0..100).all(|_| rate.take(10, 1)));
        assert!(!rate.take(10, 5));
    }

    #[test]
    fn presence_is_limited_per_window() {
        let mut window = PresenceWindow::default();
        assert!((0..PRESENCE_CALLS).all(|_| window.take()));
        assert!(!window.take());
    }

    #[test]
    fn sockets_are_given_back() {
        let sockets = Sockets::default();
        let first = sockets.enter(1).unwrap();
        assert!(sockets.enter(1).is_none());
        drop(first);
        assert!(sockets.enter(1).is_some());
    }
}

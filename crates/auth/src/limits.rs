//! How often clients may ask, by address and endpoint, and how many mails and messages leave an
//! application. Rates and bursts are GoTrue's; the application's settings decide, at run time.
//!
//! GoTrue limits by address only behind a proxy that names it; here, requests from the server's own
//! machine are left alone: they are the developer's, or a local proxy's own. What a local proxy
//! passes on has the address that it names.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use governor::clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use hearth_apps::settings::RateLimits;
use hearth_core::{AppRef, Clock};
use moka::sync::Cache;

use crate::call::Call;
use crate::error::AuthError;

const HOUR: Duration = Duration::from_secs(3600);
const FIVE_MINUTES: Duration = Duration::from_secs(300);
const MINUTE: Duration = Duration::from_secs(60);
/// How many requests may come at once, but for anonymous sign-ins.
const BURST: NonZero<u32> = NonZero::new(30).expect("30 is not 0");
/// Addresses that have been quiet are forgotten after so many requests.
const SWEEP_EVERY: u32 = 1024;

/// What is limited by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    SignUp,
    Anonymous,
    Recover,
    Resend,
    MagicLink,
    Otp,
    UpdateUser,
    Token,
    Verify,
    FactorChallenge,
    FactorVerify,
}

impl Endpoint {
    const ALL: [Self; 11] = [
        Self::SignUp,
        Self::Anonymous,
        Self::Recover,
        Self::Resend,
        Self::MagicLink,
        Self::Otp,
        Self::UpdateUser,
        Self::Token,
        Self::Verify,
        Self::FactorChallenge,
        Self::FactorVerify,
    ];

    /// How many requests in which time.
    fn rate(self, limits: &RateLimits) -> (u32, Duration) {
        match self {
            Self::Anonymous => (limits.anonymous_users, HOUR),
            Self::Token => (limits.token_refresh, FIVE_MINUTES),
            Self::Verify => (limits.verify, FIVE_MINUTES),
            Self::FactorChallenge | Self::FactorVerify => (limits.mfa_challenge_and_verify, MINUTE),
            _ => (limits.otp, FIVE_MINUTES),
        }
    }
}

/// The time as the limiter reads it.
#[derive(Clone)]
struct LimiterClock(Arc<dyn Clock>);

impl clock::Clock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanos = self.0.now().timestamp_nanos_opt().unwrap_or(0);
        Nanos::new(u64::try_from(nanos).unwrap_or(0))
    }
}

type ByAddress =
    RateLimiter<IpAddr, DashMapStateStore<IpAddr>, LimiterClock, NoOpMiddleware<Nanos>>;

/// The counts of one application under its present settings.
struct Counts {
    limits: RateLimits,
    /// Endpoints that are missing refuse all.
    by_address: HashMap<Endpoint, ByAddress>,
    mails: Window,
    messages: Window,
    requests: AtomicU32,
}

/// The counts of all applications.
pub(crate) struct Limits(Cache<AppRef, Arc<Counts>>);

impl Limits {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(10_000)
                .time_to_idle(2 * HOUR)
                .build(),
        )
    }

    /// Counts a request; refuses it if its address asks too often.
    pub(crate) fn request(&self, call: &Call, endpoint: Endpoint) -> Result<(), AuthError> {
        let peer = call.context.peer.to_canonical();
        if peer.is_loopback() {
            return Ok(());
        }
        let counts = self.counts(call);
        let limiter = counts.by_address.get(&endpoint);
        let limiter = limiter.ok_or(AuthError::TooManyAttempts)?;
        if counts.requests.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter
            .check_key(&network(peer))
            .map_err(|_| AuthError::TooManyAttempts)
    }

    /// Counts a mail that leaves the server. The mailbox sends nothing, so what goes there does
    /// not count.
    pub(crate) fn mail(&self, call: &Call) -> Result<(), AuthError> {
        let settings = call.settings();
        if settings.auth.smtp.host.is_empty() && !settings.auth.hooks.send_email.enabled {
            return Ok(());
        }
        let counts = self.counts(call);
        if counts.mails.take(call.now(), counts.limits.email_sent) {
            Ok(())
        } else {
            Err(AuthError::TooManyMails)
        }
    }

    /// Counts a message to a phone.
    pub(crate) fn message(&self, call: &Call) -> Result<(), AuthError> {
        let counts = self.counts(call);
        if counts.messages.take(call.now(), counts.limits.sms_sent) {
            Ok(())
        } else {
            Err(AuthError::TooManyMessages)
        }
    }

    fn counts(&self, call: &Call) -> Arc<Counts> {
        let app = call.app();
        let wanted = app.settings().auth.rate_limits.clone();
        if let Some(counts) = self.0.get(&app.reference)
            && counts.limits == wanted
        {
            return counts;
        }
        let counts = Arc::new(Counts::new(wanted, &app.clock));
        self.0.insert(app.reference.clone(), counts.clone());
        counts
    }
}

impl Counts {
    fn new(limits: RateLimits, clock: &Arc<dyn Clock>) -> Self {
        let limiter = |endpoint: Endpoint| {
            let (events, span) = endpoint.rate(&limits);
            let events = NonZero::new(events)?;
            let burst = if endpoint == Endpoint::Anonymous {
                events
            } else {
                BURST
            };
            let quota = Quota::with_period(span / events.get())?.allow_burst(burst);
            let clock = LimiterClock(clock.clone());
            Some((
                endpoint,
                RateLimiter::new(quota, DashMapStateStore::default(), clock),
            ))
        };
        Self {
            by_address: Endpoint::ALL.into_iter().filter_map(limiter).collect(),
            limits,
            mails: Window::default(),
            messages: Window::default(),
            requests: AtomicU32::new(0),
        }
    }
}

/// So many events in each hour, counted from the first.
#[derive(Default)]
struct Window(Mutex<Option<(DateTime<Utc>, u32)>>);

impl Window {
    fn take(&self, now: DateTime<Utc>, most: u32) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, count) = match *window {
            Some((began, count)) if now < began + TimeDelta::hours(1) => (began, count),
            _ => (now, 0),
        };
        let free = count < most;
        *window = Some((began, count + u32::from(free)));
        free
    }
}

/// Who is counted together: an address, or the network that one holder of IPv6 addresses has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_of_ipv6_addresses_counts_once() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }

    #[test]
    fn a_window_opens_anew_after_an_hour() {
        let window = Window::default();
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        assert!(window.take(at(0), 2) && window.take(at(10), 2));
        assert!(!window.take(at(59), 2));
        assert!(window.take(at(60), 2));
        assert!(!window.take(at(60), 0));
    }
}

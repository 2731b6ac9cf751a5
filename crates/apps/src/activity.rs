//! What has been asked of each application lately: counts per minute for a day, and the last
//! requests. In memory and bounded; a restart forgets it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hearth_core::RequestId;

/// Minutes kept.
pub const MINUTES: i64 = 24 * 60;
/// Requests kept per application.
const ENTRIES: usize = 2000;
/// Characters of a path that are kept.
const PATH: usize = 300;

/// Upper bounds of the latency classes in milliseconds; one more is beyond them.
pub const LATENCIES: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 30_000];

/// One request that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Counts up within an application.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: RequestId,
    /// Which service.
    pub service: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path, without its query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// How long it took.
    pub elapsed: Duration,
}

/// Counts of one minute.
#[derive(Debug, Clone, Default)]
pub struct Minute {
    /// Requests per service.
    pub requests: BTreeMap<&'static str, u64>,
    /// Answers with 400 to 499.
    pub refused: u64,
    /// Answers with 500 and beyond.
    pub failed: u64,
    /// Requests per class of [`LATENCIES`].
    pub latencies: [u64; LATENCIES.len() + 1],
    /// Measured once in the minute: connections, bytes of the database, bytes of objects.
    pub gauges: Option<Gauges>,
}

/// What is measured, not counted.
#[derive(Debug, Clone, Copy)]
pub struct Gauges {
    /// Connections to the database.
    pub connections: i64,
    /// Bytes of the database.
    pub database_size: i64,
    /// Bytes of the objects, where known.
    pub storage_size: Option<i64>,
}

#[derive(Default)]
struct Lately {
    minutes: BTreeMap<i64, Minute>,
    entries: VecDeque<Answered>,
    number: u64,
}

impl Lately {
    fn minute(&mut self, at: DateTime<Utc>) -> &mut Minute {
        let minute = at.timestamp().div_euclid(60);
        let oldest = minute - MINUTES;
        while self
            .minutes
            .first_key_value()
            .is_some_and(|(first, _)| *first <= oldest)
        {
            self.minutes.pop_first();
        }
        self.minutes.entry(minute).or_default()
    }
}

/// What has been asked of all applications.
#[derive(Default)]
pub struct Activity {
    apps: RwLock<HashMap<String, Arc<Mutex<Lately>>>>,
}

impl Activity {
    fn of(&self, app: &str) -> Arc<Mutex<Lately>> {
        let known = self.apps.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(lately) = known.get(app) {
            return lately.clone();
        }
        drop(known);
        let mut apps = self.apps.write().unwrap_or_else(PoisonError::into_inner);
        apps.entry(app.to_owned()).or_default().clone()
    }

    /// Counts an answered request of the application `app`; its number is given here.
    pub fn record(&self, app: &str, mut answered: Answered) {
        let lately = self.of(app);
        let mut lately = lately.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = lately.minute(answered.at);
        *minute.requests.entry(answered.service).or_default() += 1;
        match answered.status {
            400..500 => minute.refused += 1,
            500.. => minute.failed += 1,
            _ => {}
        }
        let millis = u64::try_from(answered.elapsed.as_millis()).unwrap_or(u64::MAX);
        let class = LATENCIES.partition_point(|bound| *bound <= millis);
        if let Some(count) = minute.latencies.get_mut(class) {
            *count += 1;
        }
        lately.number += 1;
        answered.number = lately.number;
        if let Some((end, _)) = answered.path.char_indices().nth(PATH) {
            // A truncated text would keep its whole room.
            answered.path = answered.path[..end].to_owned();
        }
        if lately.entries.len() >= ENTRIES {
            lately.entries.pop_front();
        }
        lately.entries.push_back(answered);
    }

    /// Keeps what was measured of the application `app`.
    pub fn measured(&self, app: &str, at: DateTime<Utc>, gauges: Gauges) {
        let lately = self.of(app);
        let mut lately = lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.minute(at).gauges = Some(gauges);
    }

    /// The minutes since `from` of the application `app`, in which anything happened; each by its
    /// number since the epoch.
    pub fn minutes(&self, app: &str, from: DateTime<Utc>) -> Vec<(i64, Minute)> {
        let lately = self.of(app);
        let lately = lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately
            .minutes
            .range(from.timestamp().div_euclid(60)..)
            .map(|(at, minute)| (*at, minute.clone()))
            .collect()
    }

    /// The last requests of the application `app` that `wanted` wants, newest first.
    pub fn requests(
        &self,
        app: &str,
        limit: usize,
        wanted: impl Fn(&Answered) -> bool,
    ) -> Vec<Answered> {
        let lately = self.of(app);
        let lately = lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately
            .entries
            .iter()
            .rev()
            .filter(|answered| wanted(answered))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Forgets a deleted application.
    pub fn forget(&self, app: &str) {
        self.apps
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, millis: u64, at: i64) -> Answered {
        Answered {
            number: 0,
            at: DateTime::from_timestamp(at, 0).unwrap_or_default(),
            id: RequestId::new(),
            service: "rest",
            method: "GET".to_owned(),
            path: "路".repeat(1000),
            status,
            elapsed: Duration::from_millis(millis),
        }
    }

    #[test]
    fn a_day_and_the_last_requests_are_kept() {
        let activity = Activity::default();
        activity.record("a", answered(200, 0, 60));
        activity.record("a", answered(404, 3, 60));
        activity.record("a", answered(500, 99_999, 119));
        let minutes = activity.minutes("a", DateTime::UNIX_EPOCH);
        assert_eq!(minutes.len(), 1);
        let (at, minute) = &minutes[0];
        assert_eq!((*at, minute.requests["rest"]), (1, 3));
        assert_eq!((minute.refused, minute.failed), (1, 1));
        assert_eq!(
            (
                minute.latencies[0],
                minute.latencies[2],
                minute.latencies[12]
            ),
            (1, 1, 1)
        );
        let newest = activity.requests("a", 2, |a| a.status >= 400);
        assert_eq!((newest[0].number, newest[1].number), (3, 2));
        assert_eq!(newest[0].path.chars().count(), PATH);
        for i in 0..3000 {
            activity.record("a", answered(200, 0, 60 * (MINUTES + 2) + i));
        }
        assert_eq!(activity.requests("a", 9999, |_| true).len(), ENTRIES);
        assert!(
            activity
                .minutes("a", DateTime::UNIX_EPOCH)
                .iter()
                .all(|(at, _)| *at > 1)
        );
        assert!(activity.requests("b", 1, |_| true).is_empty());
    }
}

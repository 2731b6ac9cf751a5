//! What has happened in each application lately: counts per minute for a day, the last requests,
//! and the last events that services told of. In memory and bounded; `kept` writes the counts down
//! in coarser steps, so that they outlive a restart.

mod kept;
mod log;
mod minutes;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use kept::{KEPT_DAYS, KEPT_SECONDS};
pub use log::{Answered, Event, Level};
pub use minutes::{Counts, Gauges, LATENCIES, Stretch, in_steps};

use self::log::{Last, cut};

/// Minutes kept in memory.
pub const MINUTES: i64 = 24 * 60;
/// Requests kept per application.
const REQUESTS: usize = 2000;
/// Events kept per application.
const EVENTS: usize = 1000;

/// What has happened in one application lately.
pub struct AppActivity {
    lately: Mutex<Lately>,
}

struct Lately {
    minutes: BTreeMap<i64, Counts>,
    gauges: Option<Gauges>,
    requests: Last<Answered>,
    events: Last<Event>,
}

impl Default for AppActivity {
    fn default() -> Self {
        Self {
            lately: Mutex::new(Lately {
                minutes: BTreeMap::new(),
                gauges: None,
                requests: Last::of(REQUESTS),
                events: Last::of(EVENTS),
            }),
        }
    }
}

impl Lately {
    fn minute(&mut self, at: DateTime<Utc>) -> &mut Counts {
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

impl AppActivity {
    fn with<T>(&self, work: impl FnOnce(&mut Lately) -> T) -> T {
        work(&mut self.lately.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts an answered request; its number is given here.
    pub fn answered(&self, mut answered: Answered) {
        answered.path = cut(answered.path);
        answered.agent = cut(answered.agent);
        self.with(|lately| {
            let minute = lately.minute(answered.at);
            if let Some(count) = minute.requests.get_mut(answered.service) {
                *count += 1;
            } else {
                minute.requests.insert(answered.service.to_owned(), 1);
            }
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
            lately.requests.push(|number| {
                answered.number = number;
                answered
            });
        });
    }

    /// Remembers what `service` says has happened. `details` is an object of short values.
    pub fn event(
        &self,
        at: DateTime<Utc>,
        service: &'static str,
        level: Level,
        message: impl Into<String>,
        details: Value,
    ) {
        let message = cut(message.into());
        self.with(|lately| {
            lately.events.push(|number| Event {
                number,
                at,
                service,
                level,
                message,
                details,
            });
        });
    }

    /// Keeps what was measured. What is as before takes no room: an idle application costs nothing.
    pub fn measured(&self, at: DateTime<Utc>, gauges: Gauges) {
        self.with(|lately| {
            // The objects' size is only looked at now and then.
            let storage_size = gauges
                .storage_size
                .or(lately.gauges.and_then(|before| before.storage_size));
            let gauges = Gauges {
                storage_size,
                ..gauges
            };
            if lately.gauges != Some(gauges) {
                lately.gauges = Some(gauges);
                lately.minute(at).gauges = Some(gauges);
            }
        });
    }

    /// The minutes since `from` in which anything happened, oldest first.
    pub fn minutes(&self, from: DateTime<Utc>) -> Vec<Stretch> {
        self.with(|lately| {
            let minutes = lately.minutes.range(from.timestamp().div_euclid(60)..);
            let stretches = minutes.filter_map(|(minute, counts)| {
                Some(Stretch {
                    at: DateTime::from_timestamp(minute * 60, 0)?,
                    seconds: 60,
                    counts: counts.clone(),
                })
            });
            stretches.collect()
        })
    }

    /// The last requests that `wanted` wants, newest first.
    pub fn requests(&self, limit: usize, wanted: impl Fn(&Answered) -> bool) -> Vec<Answered> {
        self.with(|lately| lately.requests.newest(limit, wanted))
    }

    /// The last events that `wanted` wants, newest first.
    pub fn events(&self, limit: usize, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        self.with(|lately| lately.events.newest(limit, wanted))
    }
}

/// What has happened in all applications.
#[derive(Default)]
pub struct Activity {
    apps: RwLock<HashMap<String, Arc<AppActivity>>>,
}

impl Activity {
    /// What has happened in the application `app`. It outlives changes of the application's keys
    /// and state.
    pub fn of(&self, app: &str) -> Arc<AppActivity> {
        let known = self.apps.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(activity) = known.get(app) {
            return activity.clone();
        }
        drop(known);
        let mut apps = self.apps.write().unwrap_or_else(PoisonError::into_inner);
        apps.entry(app.to_owned()).or_default().clone()
    }

    /// Forgets a deleted application.
    pub(crate) fn forget(&self, app: &str) {
        self.apps
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(app);
    }

    fn all(&self) -> Vec<(String, Arc<AppActivity>)> {
        let apps = self.apps.read().unwrap_or_else(PoisonError::into_inner);
        apps.iter()
            .map(|(app, activity)| (app.clone(), activity.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use hearth_core::RequestId;
    use serde_json::json;

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
            code: None,
            elapsed: Duration::from_millis(millis),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            agent: String::new(),
        }
    }

    #[test]
    fn a_day_and_the_last_requests_are_kept() {
        let activity = Activity::default();
        let app = activity.of("a");
        app.answered(answered(200, 0, 60));
        app.answered(answered(404, 3, 60));
        app.answered(answered(500, 99_999, 119));
        let minutes = app.minutes(DateTime::UNIX_EPOCH);
        assert_eq!(minutes.len(), 1);
        let counts = &minutes[0].counts;
        assert_eq!((minutes[0].at.timestamp(), counts.total()), (60, 3));
        assert_eq!((counts.refused, counts.failed), (1, 1));
        let classes = counts.latencies;
        assert_eq!((classes[0], classes[2], classes[12]), (1, 1, 1));
        let newest = app.requests(2, |a| a.status >= 400);
        assert_eq!((newest[0].number, newest[1].number), (3, 2));
        assert_eq!(newest[0].path.chars().count(), 300);
        for i in 0..3000 {
            app.answered(answered(200, 0, 60 * (MINUTES + 2) + i));
        }
        assert_eq!(app.requests(9999, |_| true).len(), REQUESTS);
        let minutes = app.minutes(DateTime::UNIX_EPOCH);
        assert!(minutes.iter().all(|minute| minute.at.timestamp() > 60));
        assert!(activity.of("b").requests(1, |_| true).is_empty());
    }

    #[test]
    fn events_are_bounded_and_newest_first() {
        let app = AppActivity::default();
        for i in 0..EVENTS + 5 {
            let message = format!("joined {i}");
            app.event(Utc::now(), "realtime", Level::Info, message, json!({}));
        }
        let events = app.events(9999, |_| true);
        assert_eq!(events.len(), EVENTS);
        assert_eq!(events[0].number, EVENTS as u64 + 5);
    }

    #[test]
    fn an_idle_application_takes_no_room() {
        let app = AppActivity::default();
        let gauges = Gauges {
            connections: 1,
            database_size: 2,
            storage_size: Some(3),
        };
        for minute in 0..100 {
            let at = DateTime::from_timestamp(minute * 60, 0).unwrap_or_default();
            let storage_size = (minute % 2 == 0).then_some(3);
            app.measured(
                at,
                Gauges {
                    storage_size,
                    ..gauges
                },
            );
        }
        assert_eq!(app.minutes(DateTime::UNIX_EPOCH).len(), 1);
    }
}

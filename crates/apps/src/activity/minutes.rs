//! Counts of one minute, and what many of them come to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// Upper bounds of the latency classes in milliseconds; one more is beyond them.
pub const LATENCIES: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 30_000];

/// Counts of one minute, or of several together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests per service.
    pub requests: BTreeMap<String, u64>,
    /// Answers with 400 to 499.
    pub refused: u64,
    /// Answers with 500 and beyond.
    pub failed: u64,
    /// Requests per class of [`LATENCIES`].
    pub latencies: [u64; LATENCIES.len() + 1],
    /// Measured last within the time; none where nothing has changed since the time before.
    pub gauges: Option<Gauges>,
}

/// What is measured, not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Connections to the database.
    pub connections: i64,
    /// Bytes of the database.
    pub database_size: i64,
    /// Bytes of the objects, where known.
    pub storage_size: Option<i64>,
}

impl Counts {
    /// Requests over all services.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// The upper bound in milliseconds of the latency class that holds `percent` of the requests;
    /// none where there were no requests.
    pub fn quantile(&self, percent: u64) -> Option<u64> {
        let requests: u64 = self.latencies.iter().sum();
        let rank = (requests * percent).div_ceil(100);
        let last = LATENCIES.last().copied();
        (requests > 0).then_some(())?;
        let mut seen = 0;
        for (class, count) in self.latencies.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return LATENCIES.get(class).copied().or(last);
            }
        }
        last
    }

    /// Adds what came later.
    pub fn add(&mut self, later: &Self) {
        for (service, requests) in &later.requests {
            *self.requests.entry(service.clone()).or_default() += requests;
        }
        self.refused += later.refused;
        self.failed += later.failed;
        for (sum, count) in self.latencies.iter_mut().zip(later.latencies) {
            *sum += count;
        }
        self.gauges = later.gauges.or(self.gauges);
    }
}

/// What happened within a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub at: DateTime<Utc>,
    /// Its length in seconds.
    pub seconds: i64,
    /// What happened.
    pub counts: Counts,
}

/// Sums `stretches`, oldest first, up to steps of `seconds` each; longer ones stay as they are.
pub fn in_steps(stretches: Vec<Stretch>, seconds: i64) -> Vec<Stretch> {
    let mut steps: BTreeMap<(i64, i64), Counts> = BTreeMap::new();
    for stretch in stretches {
        let length = seconds.max(stretch.seconds);
        let step = stretch.at.timestamp().div_euclid(length) * length;
        steps
            .entry((step, length))
            .or_default()
            .add(&stretch.counts);
    }
    steps
        .into_iter()
        .filter_map(|((step, seconds), counts)| {
            let at = DateTime::from_timestamp(step, 0)?;
            Some(Stretch {
                at,
                seconds,
                counts,
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn stretch(at: i64, seconds: i64, requests: u64) -> Stretch {
        Stretch {
            at: DateTime::from_timestamp(at, 0).unwrap(),
            seconds,
            counts: Counts {
                requests: BTreeMap::from([("rest".to_owned(), requests)]),
                ..Counts::default()
            },
        }
    }

    #[test]
    fn minutes_are_summed_and_longer_stretches_stay() {
        let steps = in_steps(
            vec![stretch(0, 300, 9), stretch(300, 60, 1), stretch(360, 60, 2)],
            60,
        );
        let seen: Vec<_> = steps
            .iter()
            .map(|s| (s.seconds, s.counts.total()))
            .collect();
        assert_eq!(seen, [(300, 9), (60, 1), (60, 2)]);
        let steps = in_steps(steps, 900);
        assert_eq!((steps.len(), steps[0].counts.total()), (1, 12));
    }

    #[test]
    fn a_quantile_is_the_bound_of_its_class() {
        let mut counts = Counts::default();
        assert_eq!(counts.quantile(50), None);
        counts.latencies[0] = 98;
        counts.latencies[4] = 1;
        counts.latencies[12] = 1;
        assert_eq!(counts.quantile(50), Some(1));
        assert_eq!(counts.quantile(99), Some(20));
        assert_eq!(counts.quantile(100), Some(30_000));
    }
}

//! Percentiles, medians, and what one run of a load measured.

use std::time::Duration;

use serde::Serialize;

/// One run of a load, or the median of several.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Measured {
    /// Operations (requests, deliveries) per second.
    pub(crate) per_second: f64,
    /// Median time of one, µs.
    pub(crate) p50_us: f64,
    /// 99th percentile, µs.
    pub(crate) p99_us: f64,
    /// CPU time per operation, µs: of Hearth, or of the limit's server.
    pub(crate) cpu_us: f64,
    /// CPU time of PostgreSQL per operation, µs.
    pub(crate) postgres_cpu_us: f64,
}

impl Measured {
    /// All CPU time per operation.
    pub(crate) fn cpu_total(&self) -> f64 {
        self.cpu_us + self.postgres_cpu_us
    }

    /// Each figure's median by itself.
    pub(crate) fn median(runs: &[Self]) -> Option<Self> {
        (!runs.is_empty()).then(|| Self {
            per_second: median(runs.iter().map(|r| r.per_second)),
            p50_us: median(runs.iter().map(|r| r.p50_us)),
            p99_us: median(runs.iter().map(|r| r.p99_us)),
            cpu_us: median(runs.iter().map(|r| r.cpu_us)),
            postgres_cpu_us: median(runs.iter().map(|r| r.postgres_cpu_us)),
        })
    }
}

/// The middle value; of an even number, the mean of the two in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied();
    f64::midpoint(upper, lower.unwrap_or(upper))
}

/// Times of single operations, in tenths of a microsecond.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<u32>);

impl Times {
    /// Adds one.
    pub(crate) fn add(&mut self, time: Duration) {
        let tenths = time.as_nanos() / 100;
        self.0.push(u32::try_from(tenths).unwrap_or(u32::MAX));
    }

    /// Adds all of `others`.
    pub(crate) fn append(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The time in µs that `share` of the operations did not exceed.
    pub(crate) fn percentile(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let rank = (share * self.0.len() as f64).ceil() as usize;
        let tenths = self.0.get(rank.saturating_sub(1)).copied();
        f64::from(tenths.unwrap_or_default()) / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
        let mut times = Times::default();
        for n in 1..=100 {
            times.add(Duration::from_micros(n));
        }
        assert_eq!(times.percentile(0.5), 50.0);
        assert_eq!(times.percentile(0.99), 99.0);
        assert_eq!(Times::default().percentile(0.5), 0.0);
    }
}

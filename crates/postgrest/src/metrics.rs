//! PostgREST's metrics in Prometheus' text format.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hearth_pg::callers::Usage;
use prometheus::{Counter, CounterVec, Encoder, Gauge, Opts, Registry, TextEncoder};

use crate::auth::Counts;

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// The memory of tokens.
    pub(crate) tokens: Arc<Counts>,
    /// Loadings of the schema cache that succeeded.
    pub(crate) loads: AtomicU64,
    /// Those that failed.
    pub(crate) failed_loads: AtomicU64,
    /// How long the queries of the last one took, in microseconds.
    pub(crate) load_micros: AtomicU64,
}

impl Metrics {
    /// All of them as text; `usage` is that of the connections.
    ///
    /// # Errors
    /// Only if a name is none.
    pub(crate) fn text(&self, usage: Usage) -> Result<Vec<u8>, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, value: f64| {
            let counter = Counter::with_opts(Opts::new(name, help))?;
            counter.inc_by(value);
            registry.register(Box::new(counter))
        };
        let gauge = |name: &str, help: &str, value: f64| {
            let gauge = Gauge::with_opts(Opts::new(name, help))?;
            gauge.set(value);
            registry.register(Box::new(gauge))
        };
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        counter(
            "pgrst_db_pool_timeouts_total",
            "The total number of pool connection timeouts",
            usage.timeouts as f64,
        )?;
        gauge(
            "pgrst_db_pool_available",
            "Available connections in the pool",
            usage.available as f64,
        )?;
        gauge(
            "pgrst_db_pool_waiting",
            "Requests waiting to acquire a pool connection",
            usage.waiting as f64,
        )?;
        gauge(
            "pgrst_db_pool_max",
            "Max pool connections",
            usage.most as f64,
        )?;
        let loads = CounterVec::new(
            Opts::new(
                "pgrst_schema_cache_loads_total",
                "The total number of times the schema cache was loaded",
            ),
            &["status"],
        )?;
        for (status, count) in [("SUCCESS", &self.loads), ("FAIL", &self.failed_loads)] {
            let count = read(count);
            if count > 0.0 {
                loads.with_label_values(&[status]).inc_by(count);
            }
        }
        registry.register(Box::new(loads))?;
        gauge(
            "pgrst_schema_cache_query_time_seconds",
            "The query time in seconds of the last schema cache load",
            read(&self.load_micros) / 1e6,
        )?;
        counter(
            "pgrst_jwt_cache_requests_total",
            "The total number of JWT cache lookups",
            read(&self.tokens.lookups),
        )?;
        counter(
            "pgrst_jwt_cache_hits_total",
            "The total number of JWT cache hits",
            read(&self.tokens.hits),
        )?;
        counter(
            "pgrst_jwt_cache_evictions_total",
            "The total number of JWT cache evictions",
            read(&self.tokens.evictions),
        )?;
        let mut text = Vec::new();
        TextEncoder::new().encode(&registry.gather(), &mut text)?;
        Ok(text)
    }
}

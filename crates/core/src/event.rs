//! Operational facts as a closed list: the logger and the metrics each match on it, so that
//! nothing is logged and then forgotten in the dashboards.

use crate::error::ErrorKind;

/// Something an operator may want to know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    RequestFinished {
        /// Which service answered: `rest`, `auth`, `storage`, `realtime`, `gateway`, …
        service: &'static str,
        /// HTTP status.
        status: u16,
        /// From the last byte of the head to the first byte of the answer, in microseconds.
        elapsed_us: u64,
    },
    /// A service refused or failed a request.
    ServiceError {
        /// Which service.
        service: &'static str,
        /// Who has to act.
        kind: ErrorKind,
    },
    /// PostgreSQL ended without being asked to and is started again.
    PostgresRestarted,
    /// The schema cache of an application was loaded.
    SchemaLoaded {
        /// Milliseconds it took.
        elapsed_ms: u64,
        /// Tables and views in it.
        relations: usize,
        /// Functions in it.
        routines: usize,
    },
}

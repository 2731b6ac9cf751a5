//! A pool of connections for whole transactions.

use std::time::Duration;

use deadpool::managed::{self, Metrics, QueueMode, RecycleError, RecycleResult, Timeouts};
use tokio_postgres::Config;

use super::WireClient;
use crate::error::PgError;

/// Makes and checks the connections of one pool.
pub struct Manager {
    config: Config,
}

impl managed::Manager for Manager {
    type Type = WireClient;
    type Error = PgError;

    async fn create(&self) -> Result<WireClient, PgError> {
        // Rarely made: it should not make every request's future larger.
        Box::pin(WireClient::connect(&self.config)).await
    }

    async fn recycle(&self, client: &mut WireClient, _: &Metrics) -> RecycleResult<PgError> {
        if client.is_ready() {
            Ok(())
        } else {
            Err(RecycleError::message("connection is closed"))
        }
    }
}

/// A connection out of a pool; goes back when dropped.
pub type WireConn = managed::Object<Manager>;

/// A pool of connections of one login to one database. Opens nothing until it is asked.
#[derive(Clone)]
pub struct WirePool {
    inner: managed::Pool<Manager>,
}

impl WirePool {
    /// At most `size` connections; a caller waits at most `wait` for a free one.
    pub fn new(config: Config, size: usize, wait: Duration) -> Self {
        let timeouts = Timeouts {
            wait: Some(wait),
            create: Some(Duration::from_secs(10)),
            recycle: None,
        };
        let inner = managed::Pool::builder(Manager { config })
            .max_size(size.max(1))
            .timeouts(timeouts)
            // The connection used last has its plans and pages warm, the others can be closed.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build();
        match inner {
            Ok(inner) => Self { inner },
            Err(error) => unreachable!("the pool has a runtime: {error}"),
        }
    }

    /// A connection, waiting for one if all are busy.
    ///
    /// # Errors
    /// As [`crate::Pool::get`].
    pub async fn get(&self) -> Result<WireConn, PgError> {
        use managed::PoolError;
        self.inner.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(managed::TimeoutType::Wait) => PgError::PoolTimeout,
            other => PgError::Unavailable(other.to_string()),
        })
    }

    /// Closes the connections that nobody has used for `idle`.
    pub fn close_idle(&self, idle: Duration) {
        self.inner.retain(|_, metrics| metrics.last_used() < idle);
    }

    /// Closes free connections that were opened longer ago than `age`.
    pub fn close_older(&self, age: Duration) {
        self.inner.retain(|_, metrics| metrics.age() < age);
    }

    /// Closes one free connection, if there is one.
    pub(crate) fn close_one(&self) {
        let mut closed = false;
        self.inner
            .retain(|_, _| std::mem::replace(&mut closed, true));
    }

    /// Closes every connection, the busy ones when they come back; the pool refuses from now on.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Open connections, and how many of them are free.
    pub fn usage(&self) -> (usize, usize) {
        let status = self.inner.status();
        (status.size, status.available)
    }
}

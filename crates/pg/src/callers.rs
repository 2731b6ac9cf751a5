//! Connections for callers' requests to one database: those that hold a session, and those that
//! send a whole transaction in one round trip.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::config::TargetSessionAttrs;

use crate::connect::Target;
use crate::error::PgError;
use crate::pool::{Conn, Pool};
use crate::wire::{self, WireConn, WirePool};

/// Both kinds of connections of one login. Opens nothing until it is asked.
#[derive(Clone)]
pub struct Callers {
    target: Target,
    sessions: Pool,
    transactions: Option<WirePool>,
    limit: Option<Limit>,
}

/// Both kinds together have no more connections than this.
#[derive(Clone)]
struct Limit {
    most: usize,
    wait: Duration,
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    timeouts: Arc<AtomicUsize>,
}

/// A connection that counts towards the limit while it is held.
pub struct Held<C> {
    conn: C,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<C> Deref for Held<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.conn
    }
}

impl<C> DerefMut for Held<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.conn
    }
}

/// How a bounded set of connections is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The most there may be.
    pub most: usize,
    /// Connections that are open and free.
    pub available: usize,
    /// Requests that wait for one.
    pub waiting: usize,
    /// Requests that waited in vain, ever.
    pub timeouts: usize,
}

impl Callers {
    /// At most `size` connections of each kind; a request waits at most `wait` for a free one.
    pub fn new(target: impl Into<Target>, size: usize, wait: Duration) -> Self {
        let target = target.into();
        let config = &target.config;
        // Choosing among servers is left to tokio-postgres.
        let one_server = config.get_hosts().len() == 1
            && config.get_hostaddrs().is_empty()
            && config.get_target_session_attrs() == TargetSessionAttrs::Any;
        Self {
            transactions: (one_server && wire::is_possible(config))
                .then(|| WirePool::new(target.config.clone(), size, wait)),
            sessions: Pool::new(target.clone(), size, wait),
            target,
            limit: None,
        }
    }

    /// At most `size` connections of both kinds together.
    pub fn bounded(target: impl Into<Target>, size: usize, wait: Duration) -> Self {
        let size = size.max(1);
        Self {
            limit: Some(Limit {
                most: size,
                wait,
                permits: Arc::new(Semaphore::new(size)),
                waiting: Arc::default(),
                timeouts: Arc::default(),
            }),
            ..Self::new(target, size, wait)
        }
    }

    /// Without connections for whole transactions, and without statements that stay prepared: for
    /// a pooler in between that gives each transaction another session.
    #[must_use]
    pub fn unprepared(mut self) -> Self {
        self.transactions = None;
        self.sessions = self.sessions.unprepared();
        self
    }

    /// A connection that holds a session, to be used only through [`crate::scope`].
    ///
    /// # Errors
    /// As [`Pool::get`].
    pub async fn session(&self) -> Result<Held<Conn>, PgError> {
        let permit = self.permit().await?;
        if let (Some(limit), Some(others)) = (&self.limit, &self.transactions) {
            let (open, free) = self.sessions.usage();
            if free == 0 && open + others.usage().0 >= limit.most {
                others.close_one();
            }
        }
        Ok(Held {
            conn: self.sessions.get().await?,
            _permit: permit,
        })
    }

    /// Connections for whole transactions; none where the server is reached by TLS.
    pub fn transactions(&self) -> Option<Transactions<'_>> {
        self.transactions.as_ref().map(|pool| Transactions {
            callers: self,
            pool,
        })
    }

    async fn permit(&self) -> Result<Option<OwnedSemaphorePermit>, PgError> {
        let Some(limit) = &self.limit else {
            return Ok(None);
        };
        if let Ok(permit) = limit.permits.clone().try_acquire_owned() {
            return Ok(Some(permit));
        }
        let waiting = Waiting::of(limit);
        let permit = tokio::time::timeout(limit.wait, limit.permits.clone().acquire_owned()).await;
        drop(waiting);
        match permit {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => {
                limit.timeouts.fetch_add(1, Ordering::Relaxed);
                Err(PgError::PoolTimeout)
            }
        }
    }

    /// Where the connections lead.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How the connections are used; none unless they are bounded.
    pub fn limited_usage(&self) -> Option<Usage> {
        let limit = self.limit.as_ref()?;
        let free =
            self.sessions.usage().1 + self.transactions.as_ref().map_or(0, |pool| pool.usage().1);
        Some(Usage {
            most: limit.most,
            available: free,
            waiting: limit.waiting.load(Ordering::Relaxed),
            timeouts: limit.timeouts.load(Ordering::Relaxed),
        })
    }

    /// Open connections of both kinds.
    pub fn open(&self) -> usize {
        let whole = self.transactions.as_ref().map_or(0, |pool| pool.usage().0);
        self.sessions.usage().0 + whole
    }

    /// Closes free connections that nobody has used for `idle`.
    pub fn close_idle(&self, idle: Duration) {
        self.sessions.close_idle(idle);
        if let Some(pool) = &self.transactions {
            pool.close_idle(idle);
        }
    }

    /// Closes free connections that are older than `age`.
    pub fn close_older(&self, age: Duration) {
        self.sessions.close_older(age);
        if let Some(pool) = &self.transactions {
            pool.close_older(age);
        }
    }

    /// Closes everything for good.
    pub fn close(&self) {
        self.sessions.close();
        if let Some(pool) = &self.transactions {
            pool.close();
        }
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.sessions.is_closed()
    }
}

/// The connections for whole transactions.
#[derive(Clone, Copy)]
pub struct Transactions<'a> {
    callers: &'a Callers,
    pool: &'a WirePool,
}

impl Transactions<'_> {
    /// A connection, waiting for one if all are busy.
    ///
    /// # Errors
    /// As [`Pool::get`].
    pub async fn get(&self) -> Result<Held<WireConn>, PgError> {
        let permit = self.callers.permit().await?;
        if let Some(limit) = &self.callers.limit {
            let (open, free) = self.pool.usage();
            if free == 0 && open + self.callers.sessions.usage().0 >= limit.most {
                self.callers.sessions.close_one();
            }
        }
        Ok(Held {
            conn: self.pool.get().await?,
            _permit: permit,
        })
    }
}

/// Counts a request among those that wait, also if it gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(limit: &'a Limit) -> Self {
        limit.waiting.fetch_add(1, Ordering::Relaxed);
        Self(&limit.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

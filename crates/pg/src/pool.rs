//! Pools of connections that remember their prepared statements.

use std::collections::hash_map::RandomState;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, Metrics, QueueMode, RecycleError, RecycleResult, Timeouts};
use lru::LruCache;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use crate::connect::{Target, connect_to};
use crate::error::PgError;

/// Prepared statements kept per connection; the least recently used is closed beyond that.
const STATEMENTS_PER_CONNECTION: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// Prepared statements by text and types of the leading parameters.
type Statements = LruCache<(Box<str>, Box<[Type]>), Statement, RandomState>;

/// A client with its statement cache.
pub struct PgClient {
    client: Client,
    statements: Mutex<Statements>,
    unusable: AtomicBool,
    touched: AtomicBool,
    schema_version: AtomicU64,
    /// Statements are sent whole each time.
    unprepared: bool,
}

/// Says, once dropped, that users' code may have left something in the session.
pub struct Touches<'c>(&'c PgClient);

impl Drop for Touches<'_> {
    fn drop(&mut self) {
        self.0.touched.store(true, Ordering::Relaxed);
    }
}

impl PgClient {
    /// Wraps a connected client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::new(LruCache::with_hasher(
                STATEMENTS_PER_CONNECTION,
                RandomState::new(),
            )),
            unusable: AtomicBool::new(false),
            touched: AtomicBool::new(false),
            schema_version: AtomicU64::new(0),
            unprepared: false,
        }
    }

    /// Whether nothing may stay prepared in the session.
    pub fn is_unprepared(&self) -> bool {
        self.unprepared
    }

    /// Runs a statement, prepared once per connection where it may stay prepared, and gives its
    /// rows.
    ///
    /// # Errors
    /// PostgreSQL's refusal.
    pub async fn rows(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PgError> {
        if self.unprepared {
            // The server infers what is unknown.
            let typed: Vec<_> = params.iter().map(|p| (*p, Type::UNKNOWN)).collect();
            return Ok(self.client.query_typed(sql, &typed).await?);
        }
        let statement = self.prepare(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    /// As [`PgClient::rows`], with the types of the parameters given.
    ///
    /// # Errors
    /// PostgreSQL's refusal.
    pub async fn rows_typed(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, PgError> {
        if self.unprepared {
            return Ok(self.client.query_typed(sql, params).await?);
        }
        let (values, types): (Vec<_>, Vec<_>) = params.iter().cloned().unzip();
        let statement = self.prepare_typed(sql, &types).await?;
        Ok(self.client.query(&statement, &values).await?)
    }

    /// Prepares `sql`, or finds it prepared; the server infers the parameters' types.
    ///
    /// # Errors
    /// PostgreSQL's refusal of the statement.
    pub async fn prepare(&self, sql: &str) -> Result<Statement, PgError> {
        self.prepare_typed(sql, &[]).await
    }

    /// As [`PgClient::prepare`], with the types of the leading parameters given.
    ///
    /// # Errors
    /// PostgreSQL's refusal of the statement.
    pub async fn prepare_typed(&self, sql: &str, types: &[Type]) -> Result<Statement, PgError> {
        if let Some(statement) = self.prepared(sql, types) {
            return Ok(statement);
        }
        let statement = self.client.prepare_typed(sql, types).await?;
        let key = (sql.into(), types.into());
        // The evicted statement closes itself on the server when it is dropped.
        let _evicted = self.lock().push(key, statement.clone());
        Ok(statement)
    }

    /// The statement, if this connection has it prepared already.
    pub fn prepared(&self, sql: &str, types: &[Type]) -> Option<Statement> {
        self.lock()
            .get(&(sql.into(), types.into()) as &(Box<str>, Box<[Type]>))
            .cloned()
    }

    /// Forgets all prepared statements, after DDL made their plans or result types stale.
    pub fn forget_statements(&self) {
        self.lock().clear();
    }

    /// Forgets all prepared statements where they were made for another version of the schema:
    /// the types of their parameters were settled then.
    pub fn use_schema_version(&self, version: u64) {
        if self.schema_version.swap(version, Ordering::Relaxed) != version {
            self.forget_statements();
        }
    }

    /// Says that this connection must not go back to the pool.
    pub fn mark_unusable(&self) {
        self.unusable.store(true, Ordering::Relaxed);
    }

    /// To be held while code runs that may leave something in the session: the next transaction
    /// of [`crate::scope`] begins with a clean one.
    pub fn touches(&self) -> Touches<'_> {
        Touches(self)
    }

    /// Makes the session what it was at its start, statements apart, where code has touched it.
    pub(crate) async fn clean(&self) -> Result<(), tokio_postgres::Error> {
        const CLEAN: &str = "reset all; close all; unlisten *; discard temp; \
             select pg_catalog.pg_advisory_unlock_all()";
        if self.touched.swap(false, Ordering::Relaxed) {
            let cleaned = self.client.batch_execute(CLEAN).await;
            if cleaned.is_err() {
                self.mark_unusable();
            }
            return cleaned;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Statements> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for PgClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Makes and checks the connections of one pool.
#[derive(Debug)]
pub struct Manager {
    target: Target,
    unprepared: bool,
}

impl managed::Manager for Manager {
    type Type = PgClient;
    type Error = PgError;

    async fn create(&self) -> Result<PgClient, PgError> {
        // Rarely made: it should not make every request's future larger.
        let (client, _task) = Box::pin(connect_to(&self.target)).await?;
        let mut client = PgClient::new(client);
        client.unprepared = self.unprepared;
        Ok(client)
    }

    async fn recycle(&self, client: &mut PgClient, _: &Metrics) -> RecycleResult<PgError> {
        if client.is_closed() || client.unusable.load(Ordering::Relaxed) {
            return Err(RecycleError::message("connection is closed"));
        }
        Ok(())
    }
}

/// A connection out of a pool; goes back when dropped.
pub type Conn = managed::Object<Manager>;

/// A pool of connections of one login to one database. Opens nothing until it is asked.
#[derive(Clone)]
pub struct Pool {
    inner: managed::Pool<Manager>,
    target: Target,
    size: usize,
    wait: Duration,
}

impl Pool {
    /// At most `size` connections; a caller waits at most `wait` for a free one.
    pub fn new(target: impl Into<Target>, size: usize, wait: Duration) -> Self {
        Self::with(target.into(), size, wait, false)
    }

    /// The same pool, of connections in whose sessions nothing stays prepared.
    pub(crate) fn unprepared(self) -> Self {
        Self::with(self.target, self.size, self.wait, true)
    }

    fn with(target: Target, size: usize, wait: Duration, unprepared: bool) -> Self {
        let timeouts = Timeouts {
            wait: Some(wait),
            create: Some(Duration::from_secs(10)),
            recycle: None,
        };
        let manager = Manager {
            target: target.clone(),
            unprepared,
        };
        let inner = managed::Pool::builder(manager)
            .max_size(size.max(1))
            .timeouts(timeouts)
            // The connection used last has its plans and pages warm, the others can be closed.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build();
        match inner {
            Ok(inner) => Self {
                inner,
                target,
                size,
                wait,
            },
            Err(error) => unreachable!("the pool has a runtime: {error}"),
        }
    }

    /// A connection, waiting for one if all are busy.
    ///
    /// # Errors
    /// [`PgError::PoolTimeout`] after the waiting time, [`PgError::Unavailable`] while the server
    /// is away.
    pub async fn get(&self) -> Result<Conn, PgError> {
        use managed::PoolError;
        self.inner.get().await.map_err(|e| match e {
            PoolError::Backend(error) => error,
            PoolError::Timeout(managed::TimeoutType::Wait) => PgError::PoolTimeout,
            other => PgError::Unavailable(other.to_string()),
        })
    }

    /// How long a caller waits for a free connection.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Closes the connections that nobody has used for `idle`.
    pub fn close_idle(&self, idle: Duration) {
        self.inner
            .retain(|client, metrics| !client.is_closed() && metrics.last_used() < idle);
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

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Open connections, and how many of them are free.
    pub fn usage(&self) -> (usize, usize) {
        let status = self.inner.status();
        (status.size, status.available)
    }
}

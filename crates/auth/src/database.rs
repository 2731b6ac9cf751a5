//! The service's own connection to an application's database: role `supabase_auth_admin`, no
//! superuser, since users' triggers run along with these statements.

use std::ops::Deref;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hearth_apps::{App, ServiceRole};
use hearth_pg::{Conn, PgError};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

pub(crate) type Param<'a> = &'a (dyn ToSql + Sync);

/// A connection out of the application's pool. Statements are prepared once per connection.
pub(crate) struct Db(Conn);

impl Db {
    /// Takes a connection.
    pub(crate) async fn open(app: &App) -> Result<Self, PgError> {
        Ok(Self(app.database.service(ServiceRole::Auth).await?))
    }

    /// All rows.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, PgError> {
        let statement = self.0.prepare(sql).await?;
        Ok(self.0.query(&statement, params).await?)
    }

    /// The first row, if there is one.
    pub(crate) async fn first(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, PgError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<u64, PgError> {
        let statement = self.0.prepare(sql).await?;
        Ok(self.0.execute(&statement, params).await?)
    }

    /// Runs a statement that has no parameters and answers nothing.
    pub(crate) async fn run(&self, sql: &'static str) -> Result<(), PgError> {
        Ok(self.0.batch_execute(sql).await?)
    }

    /// Calls a function of the application's own, whose name is quoted in `sql`, with one value.
    pub(crate) async fn call(&self, sql: &str, param: Param<'_>) -> Result<Option<Row>, PgError> {
        Ok(self.0.query_opt(sql, &[param]).await?)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(self) -> Result<Tx, PgError> {
        let tx = Tx {
            db: self,
            open: true,
        };
        tx.db.0.batch_execute("begin").await?;
        Ok(tx)
    }
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back before the connection does
/// anything else.
pub(crate) struct Tx {
    db: Db,
    open: bool,
}

impl Tx {
    /// Takes a connection and begins a transaction.
    pub(crate) async fn begin(app: &App) -> Result<Self, PgError> {
        Db::open(app).await?.begin().await
    }

    /// Commits.
    pub(crate) async fn commit(mut self) -> Result<(), PgError> {
        let result = self.db.0.batch_execute("commit").await;
        self.open = false;
        Ok(result?)
    }
}

impl Deref for Tx {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // tokio-postgres sends a request when its future is first polled, so that one poll queues
        // the rollback behind whatever the connection still does; nobody waits for the answer.
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Err(_)) = pin!(self.db.0.batch_execute("rollback")).poll(&mut context) {
            self.db.0.mark_unusable();
        }
    }
}

/// True where a unique index refused the statement; `index` is its name.
pub(crate) fn violates(error: &PgError, index: &str) -> bool {
    error
        .db_error()
        .is_some_and(|e| e.code().code() == "23505" && e.constraint() == Some(index))
}

//! The one place where a caller's rights enter PostgreSQL: role, claims, `request.*` settings and
//! `search_path` are set for one transaction, and end with it.
//!
//! `begin` and the settings go out pipelined; [`run`] sends the statement and `commit` along with
//! them, so that a whole request costs one round trip. All settings are transaction-local
//! (`set_config(…, true)`): nothing of one caller can reach the next request on the connection.
//! Where users' functions are called by name, what these leave in the session is cleared before
//! the next transaction ([`PgClient::touches`]).

use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::error::PgError;
use crate::pool::PgClient;

/// Whether a transaction may write, as its `begin` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// `begin read only`
    ReadOnly,
    /// `begin`
    #[default]
    ReadWrite,
}

impl Access {
    fn begin(self) -> &'static str {
        match self {
            Self::ReadOnly => "begin isolation level read committed read only",
            Self::ReadWrite => "begin isolation level read committed read write",
        }
    }
}

/// How far a transaction is kept apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// `read committed`
    #[default]
    ReadCommitted,
    /// `repeatable read`
    RepeatableRead,
    /// `serializable`
    Serializable,
}

impl Isolation {
    /// Reads a value of `default_transaction_isolation`.
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "repeatable read" => Self::RepeatableRead,
            "serializable" => Self::Serializable,
            _ => Self::ReadCommitted,
        }
    }

    fn begin(self, access: Access) -> &'static str {
        match (self, access) {
            (Self::ReadCommitted, access) => access.begin(),
            (Self::RepeatableRead, Access::ReadOnly) => {
                "begin isolation level repeatable read read only"
            }
            (Self::RepeatableRead, Access::ReadWrite) => {
                "begin isolation level repeatable read read write"
            }
            (Self::Serializable, Access::ReadOnly) => {
                "begin isolation level serializable read only"
            }
            (Self::Serializable, Access::ReadWrite) => {
                "begin isolation level serializable read write"
            }
        }
    }
}

/// On whose behalf a transaction runs. Every text is a value that is bound, never SQL.
#[derive(Debug, Clone, Copy)]
pub struct Rights<'a> {
    /// The role to become.
    pub role: &'a str,
    /// `request.jwt.claims`: the claims as a JSON object.
    pub claims: &'a str,
    /// `search_path` as PostgreSQL writes it, names quoted and joined by commas.
    pub search_path: &'a str,
    /// `request.method`, `.path`, `.headers`, `.cookies` for the instant API; empty elsewhere.
    pub request: RequestSettings<'a>,
}

/// What SQL functions may ask about the HTTP request (PostgREST's `request.*` settings).
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestSettings<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path below the service.
    pub path: &'a str,
    /// Headers as a JSON object, names in lower case.
    pub headers: &'a str,
    /// Cookies as a JSON object.
    pub cookies: &'a str,
}

const SET_RIGHTS: &str = "select set_config('search_path', $1, true), \
     set_config('role', $2, true), \
     set_config('request.jwt.claims', $3, true), \
     set_config('request.method', $4, true), \
     set_config('request.path', $5, true), \
     set_config('request.headers', $6, true), \
     set_config('request.cookies', $7, true)";

impl<'a> Rights<'a> {
    pub(crate) fn values(&self) -> [&'a str; 7] {
        let r = &self.request;
        [
            self.search_path,
            self.role,
            self.claims,
            r.method,
            r.path,
            r.headers,
            r.cookies,
        ]
    }
}

/// A transaction that runs with a caller's rights. Dropped without [`Scoped::commit`], it is
/// rolled back before the connection does anything else.
pub struct Scoped<'c> {
    client: &'c PgClient,
    open: bool,
}

impl<'c> Scoped<'c> {
    /// Begins a transaction and takes on `rights`: one round trip.
    ///
    /// # Errors
    /// PostgreSQL's refusal, for instance of a role that does not exist (22023).
    pub async fn begin(
        client: &'c PgClient,
        access: Access,
        rights: &Rights<'_>,
    ) -> Result<Scoped<'c>, PgError> {
        if client.is_unprepared() {
            let level = Isolation::ReadCommitted;
            return Self::begin_with(client, access, level, &[], rights).await;
        }
        let set = client.prepare(SET_RIGHTS).await?;
        let scoped = Self { client, open: true };
        let values = rights.values();
        let (clean, began, set) = futures_util::future::join3(
            client.clean(),
            client.batch_execute(access.begin()),
            execute(client, &set, &values),
        )
        .await;
        clean?;
        began?;
        set?;
        Ok(scoped)
    }

    /// As [`Scoped::begin`], at a level of isolation, and with settings that the login makes before
    /// it takes on `rights` (only it may be granted some of them).
    ///
    /// # Errors
    /// PostgreSQL's refusal of a setting or role.
    pub async fn begin_with(
        client: &'c PgClient,
        access: Access,
        isolation: Isolation,
        settings: &[(&str, &str)],
        rights: &Rights<'_>,
    ) -> Result<Scoped<'c>, PgError> {
        let scoped = Self { client, open: true };
        let (clean, began) = futures_util::future::join(
            client.clean(),
            client.batch_execute(isolation.begin(access)),
        )
        .await;
        clean?;
        began?;
        scoped.set(settings).await?;
        scoped.assume(rights).await?;
        Ok(scoped)
    }

    /// Sets settings for the rest of the transaction.
    ///
    /// # Errors
    /// PostgreSQL's refusal of a name or value.
    pub async fn set(&self, settings: &[(&str, &str)]) -> Result<(), PgError> {
        if settings.is_empty() {
            return Ok(());
        }
        let calls: Vec<String> = (0..settings.len())
            .map(|i| format!("set_config(${}, ${}, true)", 2 * i + 1, 2 * i + 2))
            .collect();
        let sql = format!("select {}", calls.join(", "));
        let values: Vec<&(dyn ToSql + Sync)> = settings
            .iter()
            .flat_map(|(name, value)| [name as &(dyn ToSql + Sync), value])
            .collect();
        self.query(&sql, &values).await?;
        Ok(())
    }

    /// Goes on with other rights in the same transaction: for a rehearsal that prepares rows with
    /// one role and looks at them with another.
    ///
    /// # Errors
    /// PostgreSQL's refusal, for instance of a role that does not exist (22023).
    pub async fn assume(&self, rights: &Rights<'_>) -> Result<(), PgError> {
        if self.client.is_unprepared() {
            let values = rights.values();
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            self.client.rows(SET_RIGHTS, &values).await?;
            return Ok(());
        }
        let set = self.client.prepare(SET_RIGHTS).await?;
        execute(self.client, &set, &rights.values()).await?;
        Ok(())
    }

    /// The connection, for statements inside this transaction.
    pub fn client(&self) -> &'c PgClient {
        self.client
    }

    /// Runs a statement (prepared once per connection) and gives all its rows.
    ///
    /// # Errors
    /// PostgreSQL's refusal; the transaction can then only be rolled back.
    pub async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PgError> {
        self.client.rows(sql, params).await
    }

    /// Runs a statement and gives the number of rows it touched.
    ///
    /// # Errors
    /// PostgreSQL's refusal; the transaction can then only be rolled back.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, PgError> {
        if self.client.is_unprepared() {
            return Ok(self.client.rows(sql, params).await?.len() as u64);
        }
        let statement = self.client.prepare(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }

    /// Commits.
    ///
    /// # Errors
    /// PostgreSQL's refusal (deferred constraints), or a lost connection: then it is not known
    /// whether the transaction was committed.
    pub async fn commit(mut self) -> Result<(), PgError> {
        // Dropping the future half-way may leave the commit unsent: `open` stays until it is done.
        let result = self.client.batch_execute("commit").await;
        self.open = false;
        Ok(result?)
    }

    /// Rolls back.
    ///
    /// # Errors
    /// A lost connection.
    pub async fn rollback(mut self) -> Result<(), PgError> {
        let result = self.client.batch_execute("rollback").await;
        self.open = false;
        Ok(result?)
    }
}

impl Drop for Scoped<'_> {
    fn drop(&mut self) {
        if self.open {
            send_rollback(self.client);
        }
    }
}

/// Queues a `rollback` behind whatever the connection still does. tokio-postgres sends a request
/// when its future is first polled, so one poll suffices; nobody waits for the answer.
fn send_rollback(client: &PgClient) {
    let mut rollback = Box::pin(client.batch_execute("rollback"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    if let std::task::Poll::Ready(Err(_)) = rollback.as_mut().poll(&mut context) {
        client.mark_unusable();
    }
}

async fn execute(
    client: &PgClient,
    statement: &Statement,
    values: &[&str],
) -> Result<u64, tokio_postgres::Error> {
    client.execute_raw(statement, values.iter().copied()).await
}

/// A whole transaction in one round trip: begin, rights, one statement, commit. For statements
/// whose plan leaves no check to make before the commit.
///
/// The statement is prepared first where this connection does not have it yet, which costs a round
/// trip the first time.
///
/// # Errors
/// The first refusal among the four; nothing is committed then.
pub async fn run(
    client: &PgClient,
    access: Access,
    rights: &Rights<'_>,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PgError> {
    if client.is_unprepared() {
        let scoped = Scoped::begin(client, access, rights).await?;
        let rows = scoped.query(sql, params).await?;
        scoped.commit().await?;
        return Ok(rows);
    }
    let set = client.prepare(SET_RIGHTS).await?;
    let statement = prepare_as(client, access, rights, sql).await?;
    let values = rights.values();
    // Should this future be dropped while it waits, everything has been sent already by its first
    // poll, the commit included; `guard` only matters if that first poll never happened in full.
    let mut guard = Scoped { client, open: true };
    let (clean, began, set, rows, committed) = futures_util::future::join5(
        client.clean(),
        client.batch_execute(access.begin()),
        execute(client, &set, &values),
        client.query(&statement, params),
        client.batch_execute("commit"),
    )
    .await;
    guard.open = false;
    clean?;
    began?;
    set?;
    let rows = rows?;
    committed?;
    Ok(rows)
}

/// Prepares `sql` with the caller's rights in force, because name resolution depends on
/// `search_path` and usage rights on schemas.
async fn prepare_as(
    client: &PgClient,
    access: Access,
    rights: &Rights<'_>,
    sql: &str,
) -> Result<Statement, PgError> {
    if let Some(statement) = client.prepared(sql, &[]) {
        return Ok(statement);
    }
    let scoped = Scoped::begin(client, access, rights).await?;
    let statement = client.prepare(sql).await?;
    scoped.commit().await?;
    Ok(statement)
}

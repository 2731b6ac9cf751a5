//! Whole transactions in one network round trip, for the instant API's usual request.
//!
//! tokio-postgres ends each statement with a Sync, so that a transaction of four costs four
//! flushes on PostgreSQL's side and as many wake-ups on ours, and it hands everything through a
//! task of its own. Here the caller's task writes rights and statement with a single Sync behind
//! them and reads the answer itself. What stands between two Syncs is one transaction in
//! PostgreSQL: it needs neither `begin` nor `commit`, is rolled back as a whole by an error, and
//! transaction-local settings end with it.
//!
//! Messages are written and read by `postgres-protocol`, the crate under tokio-postgres. Work of
//! several statements, and connections with TLS, stay with [`crate::Scoped`].

mod pool;
mod row;
mod startup;

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use lru::LruCache;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::{Header, Message};
use postgres_protocol::message::frontend::{self, BindError};
use postgres_types::{Format, Kind, ToSql, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::{PgError, ServerError};
use crate::scope::{Access, Rights};
use startup::Stream;

pub use pool::{WireConn, WirePool};
pub use row::WireRow;
pub use startup::is_possible;

/// Prepared statements kept per connection; the least recently used is closed beyond that.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");
/// Room for one reading.
const READ: usize = 16 * 1024;

/// The settings of a transaction. `is null` spares the way back to the values, which are known.
macro_rules! set_rights {
    ($more:literal) => {
        concat!(
            "select set_config('search_path', $1, true) is null, \
             set_config('role', $2, true) is null, \
             set_config('request.jwt.claims', $3, true) is null, \
             set_config('request.method', $4, true) is null, \
             set_config('request.path', $5, true) is null, \
             set_config('request.headers', $6, true) is null, \
             set_config('request.cookies', $7, true) is null",
            $more
        )
    };
}

/// The prepared settings of one kind of transaction.
struct RightsStatement {
    name: &'static str,
    sql: &'static str,
}

impl RightsStatement {
    fn of(access: Access) -> Self {
        match access {
            Access::ReadWrite => Self {
                name: "rights",
                sql: set_rights!(""),
            },
            Access::ReadOnly => Self {
                name: "rights_ro",
                sql: set_rights!(", set_config('transaction_read_only', 'on', true) is null"),
            },
        }
    }
}

/// A statement that the server has prepared.
struct Prepared {
    name: String,
    params: Box<[Type]>,
    columns: Arc<[Type]>,
}

/// What came back between two Syncs.
#[derive(Default)]
struct Reply {
    /// Rows of the last statement.
    rows: Vec<postgres_protocol::message::backend::DataRowBody>,
    params: Vec<Type>,
    columns: Vec<Type>,
    error: Option<ServerError>,
}

/// One connection.
pub struct WireClient {
    stream: Stream,
    inbox: BytesMut,
    outbox: BytesMut,
    statements: LruCache<Box<str>, Arc<Prepared>>,
    /// Names of statements that the server may forget.
    to_close: Vec<String>,
    /// Which kinds of settings are prepared, and which is being prepared.
    rights: [bool; 2],
    preparing_rights: Option<Access>,
    next_name: u64,
    schema_version: u64,
    /// Something was sent whose answer has not been read to its end.
    busy: bool,
}

impl WireClient {
    fn new(stream: Stream, inbox: BytesMut) -> Self {
        Self {
            stream,
            inbox,
            outbox: BytesMut::with_capacity(4096),
            statements: LruCache::new(STATEMENTS),
            to_close: Vec::new(),
            rights: [false; 2],
            preparing_rights: None,
            next_name: 0,
            schema_version: 0,
            busy: false,
        }
    }

    /// Runs `sql` as a transaction of its own with `rights` in force, and gives its rows. The
    /// statement is prepared first where this connection does not have it yet, which costs a round
    /// trip the first time.
    ///
    /// Should the future be dropped while it waits, the transaction still ends by itself, and the
    /// connection goes no more back to its pool.
    ///
    /// # Errors
    /// PostgreSQL's refusal, its of the commit included: nothing is committed then.
    /// [`PgError::Lost`] where the connection broke: it is not known whether it was.
    pub async fn transaction(
        &mut self,
        access: Access,
        rights: &Rights<'_>,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<WireRow>, PgError> {
        let prepared = match self.statements.get(sql) {
            Some(prepared) => prepared.clone(),
            None => self.prepare(access, rights, sql).await?,
        };
        self.begin(access, rights)?;
        self.bind(&prepared, params)?;
        frontend::execute("", 0, &mut self.outbox).map_err(unsendable)?;
        let reply = self.exchange().await?;
        let rows = reply.rows.into_iter();
        rows.map(|row| WireRow::new(row, prepared.columns.clone()))
            .collect()
    }

    /// True if the statement is prepared on this connection.
    pub fn is_prepared(&self, sql: &str) -> bool {
        self.statements.contains(sql)
    }

    /// Forgets all prepared statements, after DDL made their plans or result types stale.
    pub fn forget_statements(&mut self) {
        while let Some((_, prepared)) = self.statements.pop_lru() {
            self.to_close.push(prepared.name.clone());
        }
    }

    /// Forgets all prepared statements where they were made for another version of the schema.
    pub fn use_schema_version(&mut self, version: u64) {
        if self.schema_version != version {
            self.schema_version = version;
            self.forget_statements();
        }
    }

    /// Whether the next transaction may be sent: nothing is under way, and the server has not
    /// ended the connection meanwhile.
    fn is_ready(&mut self) -> bool {
        !self.busy && self.stream.is_quiet()
    }

    /// Prepares `sql` with the rights in force, because name resolution depends on `search_path`
    /// and on usage rights on schemas.
    async fn prepare(
        &mut self,
        access: Access,
        rights: &Rights<'_>,
        sql: &str,
    ) -> Result<Arc<Prepared>, PgError> {
        let name = format!("s{}", self.next_name);
        self.next_name += 1;
        self.begin(access, rights)?;
        frontend::parse(&name, sql, [], &mut self.outbox).map_err(unsendable)?;
        frontend::describe(b'S', &name, &mut self.outbox).map_err(unsendable)?;
        let reply = self.exchange().await?;
        let prepared = Arc::new(Prepared {
            name,
            params: reply.params.into(),
            columns: reply.columns.into(),
        });
        if let Some((_, evicted)) = self.statements.push(sql.into(), prepared.clone()) {
            self.to_close.push(evicted.name.clone());
        }
        Ok(prepared)
    }

    /// Starts the messages of a transaction: its settings come first.
    fn begin(&mut self, access: Access, rights: &Rights<'_>) -> Result<(), PgError> {
        let out = &mut self.outbox;
        out.clear();
        for name in self.to_close.drain(..) {
            frontend::close(b'S', &name, out).map_err(unsendable)?;
        }
        let statement = RightsStatement::of(access);
        self.preparing_rights = (!self.rights[access as usize]).then_some(access);
        if self.preparing_rights.is_some() {
            let text = Type::TEXT.oid();
            frontend::parse(statement.name, statement.sql, [text; 7], out).map_err(unsendable)?;
        }
        frontend::bind(
            "",
            statement.name,
            [0],
            rights.values(),
            |value: &str, out| {
                out.extend_from_slice(value.as_bytes());
                Ok(IsNull::No)
            },
            [1],
            out,
        )
        .map_err(unbindable)?;
        frontend::execute("", 0, out).map_err(unsendable)
    }

    fn bind(&mut self, prepared: &Prepared, params: &[&(dyn ToSql + Sync)]) -> Result<(), PgError> {
        if params.len() != prepared.params.len() {
            let (takes, given) = (prepared.params.len(), params.len());
            return Err(PgError::Protocol(format!(
                "the statement takes {takes} parameters, {given} were given"
            )));
        }
        let typed = || params.iter().zip(&prepared.params);
        let formats = typed().map(|(value, ty)| match value.encode_format(ty) {
            Format::Text => 0,
            Format::Binary => 1,
        });
        frontend::bind(
            "",
            &prepared.name,
            formats,
            typed(),
            |(value, ty), out| {
                value.to_sql_checked(ty, out).map(|null| match null {
                    postgres_types::IsNull::Yes => IsNull::Yes,
                    postgres_types::IsNull::No => IsNull::No,
                })
            },
            [1],
            &mut self.outbox,
        )
        .map_err(unbindable)
    }

    /// Sends what has been written with a Sync behind it, and reads up to the server's being ready
    /// again.
    async fn exchange(&mut self) -> Result<Reply, PgError> {
        frontend::sync(&mut self.outbox);
        self.busy = true;
        self.stream.write_all(&self.outbox).await.map_err(lost)?;
        let mut reply = Reply::default();
        loop {
            let Some(message) = Message::parse(&mut self.inbox).map_err(garbled)? else {
                self.fill(&mut reply).await?;
                continue;
            };
            match message {
                // A prepared statement stays, whatever becomes of the transaction.
                Message::ParseComplete => {
                    if let Some(access) = self.preparing_rights.take() {
                        self.rights[access as usize] = true;
                    }
                }
                // The last statement's rows are the answer; before them come the settings'.
                Message::BindComplete => reply.rows.clear(),
                Message::DataRow(row) => reply.rows.push(row),
                Message::ParameterDescription(body) => {
                    let types = body.parameters().map(|oid| Ok(type_of(oid)));
                    reply.params = types.collect().map_err(garbled)?;
                }
                Message::RowDescription(body) => {
                    let types = body.fields().map(|field| Ok(type_of(field.type_oid())));
                    reply.columns = types.collect().map_err(garbled)?;
                }
                Message::ErrorResponse(body) => {
                    let error = ServerError::of(&body).map_err(garbled)?;
                    reply.error.get_or_insert(error);
                }
                Message::ReadyForQuery(_) => break,
                _ => {}
            }
        }
        self.busy = false;
        match reply.error.take() {
            Some(error) => Err(PgError::Server(Box::new(error))),
            None => Ok(reply),
        }
    }

    async fn fill(&mut self, reply: &mut Reply) -> Result<(), PgError> {
        let announced = Header::parse(&self.inbox).map_err(garbled)?;
        let more = announced.map_or(0, |header| {
            let length = usize::try_from(header.len()).unwrap_or(0) + 1;
            length.saturating_sub(self.inbox.len())
        });
        self.inbox.reserve(more.max(READ));
        let read = self.stream.read_buf(&mut self.inbox).await.map_err(lost)?;
        if read > 0 {
            return Ok(());
        }
        // A server that shuts down says so before it closes.
        Err(match reply.error.take() {
            Some(error) => PgError::Server(Box::new(error)),
            None => PgError::Lost("the server closed the connection".to_owned()),
        })
    }
}

/// The type, if it is one of PostgreSQL's own. Others are passed through as text or bytes, for
/// which their name does not matter.
fn type_of(oid: u32) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()))
}

fn unsendable(error: std::io::Error) -> PgError {
    PgError::Protocol(error.to_string())
}

fn unbindable(error: BindError) -> PgError {
    PgError::Protocol(match error {
        BindError::Conversion(error) => error.to_string(),
        BindError::Serialization(error) => error.to_string(),
    })
}

fn garbled(error: std::io::Error) -> PgError {
    PgError::Lost(format!("the server's answer cannot be read: {error}"))
}

fn lost(error: std::io::Error) -> PgError {
    PgError::Lost(error.to_string())
}

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

mod json;
mod json_array;
mod json_text;
mod pool;
mod reply;
mod row;
mod settings;
mod spool;
mod startup;

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::BytesMut;
use lru::LruCache;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend::{self, BindError};
use postgres_types::{Format, ToSql, Type};
use tokio::io::AsyncWriteExt;

use crate::error::PgError;
use crate::scope::{Access, Rights};
use json::{JsonColumns, JsonWriter};
use reply::Reply;
use settings::Settings;
use startup::Stream;

pub use json::{JsonShape, UserType, UserTypes};
pub use pool::{WireConn, WirePool};
pub use row::WireRow;
pub use spool::Collected;
pub use startup::is_possible;

/// Prepared statements kept per connection; the least recently used is closed beyond that.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// What a statement may touch besides its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Footprint {
    /// It runs nothing but PostgreSQL's own functions, none of which reads `request.*` or changes
    /// the session: only role, claims and search path are set.
    Quiet,
    /// Likewise, but it may read `request.*`: all settings are made for this one transaction.
    Asking,
    /// It may run users' code, which can leave something in the session: all settings are made for
    /// this one transaction, and the session is cleared behind it, in the same round trip.
    #[default]
    Open,
}

/// A statement that is a transaction of its own, and whose it is.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Whether it may write.
    pub access: Access,
    /// The caller's rights; `request` does not matter to a quiet one.
    pub rights: Rights<'a>,
    /// What it may touch besides its rows.
    pub footprint: Footprint,
    /// Its text.
    pub sql: &'a str,
    /// Its parameters.
    pub params: &'a [&'a (dyn ToSql + Sync)],
}

/// Rows as JSON.
pub struct JsonRows {
    /// How many there are.
    pub rows: u64,
    /// The JSON; beyond a mebibyte it is not kept in memory.
    pub json: Collected,
    /// What the statement after them answered.
    pub after: Vec<WireRow>,
}

/// A statement that the server has prepared.
struct Prepared {
    name: String,
    params: Box<[Type]>,
    columns: Arc<[Type]>,
    /// None where the JSON of a column is not certain.
    json: Option<JsonColumns>,
}

/// One connection.
pub struct WireClient {
    stream: Stream,
    inbox: BytesMut,
    outbox: BytesMut,
    statements: LruCache<Box<str>, Arc<Prepared>>,
    /// Names of statements that the server may forget.
    to_close: Vec<String>,
    /// Which settings' statements are prepared, and which is being prepared.
    settings: [bool; Settings::COUNT],
    preparing_settings: Option<Settings>,
    /// What stays set in the session.
    next_name: u64,
    schema_version: u64,
    user_types: Arc<UserTypes>,
    /// `DateStyle` begins with ISO.
    iso_dates: bool,
    /// Something was sent whose answer has not been read to its end.
    busy: bool,
}

impl WireClient {
    fn new(stream: Stream, inbox: BytesMut, iso_dates: bool) -> Self {
        Self {
            stream,
            inbox,
            outbox: BytesMut::with_capacity(4096),
            statements: LruCache::new(STATEMENTS),
            to_close: Vec::new(),
            settings: [false; Settings::COUNT],
            preparing_settings: None,
            next_name: 0,
            schema_version: 0,
            user_types: Arc::default(),
            iso_dates,
            busy: false,
        }
    }

    /// Runs `work` and gives its rows. The statement is prepared first where this connection does
    /// not have it yet, which costs a round trip the first time.
    ///
    /// Should the future be dropped while it waits, the transaction still ends by itself, and the
    /// connection goes no more back to its pool.
    ///
    /// # Errors
    /// PostgreSQL's refusal, its of the commit included: nothing is committed then.
    /// [`PgError::Lost`] where the connection broke: it is not known whether it was.
    pub async fn transaction(&mut self, work: &Work<'_>) -> Result<Vec<WireRow>, PgError> {
        let prepared = self.prepared(work).await?;
        self.begin(work)?;
        self.execute(&prepared, work.params, Format::Binary)?;
        let reply = self.exchange(Reply::default(), work.footprint).await?;
        reply.rows(&prepared.columns)
    }

    /// As [`WireClient::transaction`], for a statement without rows: how many it touched.
    ///
    /// # Errors
    /// As there.
    pub async fn affected(&mut self, work: &Work<'_>) -> Result<u64, PgError> {
        let prepared = self.prepared(work).await?;
        self.begin(work)?;
        self.execute(&prepared, work.params, Format::Binary)?;
        let reply = self.exchange(Reply::default(), work.footprint).await?;
        Ok(reply.affected)
    }

    /// As [`WireClient::transaction`], its rows as the JSON that `json_agg` makes of them. In the
    /// same transaction, after them, `after` is run, which takes no parameters.
    ///
    /// None where PostgreSQL itself has to write it, because the type of a column is not certain:
    /// nothing has run then. None also where users' code that `work` runs has set another
    /// `DateStyle` meanwhile: only a read may be an open one.
    ///
    /// # Errors
    /// As there; [`PgError::Protocol`] for a write that is not quiet.
    pub async fn json(
        &mut self,
        work: &Work<'_>,
        shape: JsonShape,
        after: Option<&str>,
    ) -> Result<Option<JsonRows>, PgError> {
        if work.access == Access::ReadWrite && work.footprint == Footprint::Open {
            let text = "rows of an open write are not written as JSON here";
            return Err(PgError::Protocol(text.to_owned()));
        }
        let prepared = self.prepared(work).await?;
        let Some(columns) = prepared
            .json
            .as_ref()
            .filter(|c| self.iso_dates || !c.dated)
        else {
            return Ok(None);
        };
        let after = match after {
            Some(sql) => {
                let work = Work {
                    sql,
                    params: &[],
                    ..*work
                };
                Some(self.prepared(&work).await?)
            }
            None => None,
        };
        let before = self.begin(work)?;
        self.execute(&prepared, work.params, Format::Text)?;
        if let Some(after) = &after {
            self.execute(after, &[], Format::Binary)?;
        }
        let writer = JsonWriter::new(shape);
        let reply = Reply::writing(before, columns, writer);
        let mut reply = self.exchange(reply, work.footprint).await?;
        let Some(writer) = reply.json.take().filter(|_| !reply.unexpected) else {
            return match work.access {
                Access::ReadOnly => Ok(None),
                // It is done, and must not be done again.
                Access::ReadWrite => Err(PgError::Protocol(
                    "a written row came in another form than its types have".to_owned(),
                )),
            };
        };
        Ok(Some(JsonRows {
            rows: writer.rows,
            json: writer.finish().await.map_err(unspooled)?,
            after: match after {
                Some(after) => reply.rows(&after.columns)?,
                None => Vec::new(),
            },
        }))
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
        // Users' code can have dropped these, too.
        for settings in Settings::ALL {
            if std::mem::take(&mut self.settings[settings as usize]) {
                self.to_close.push(settings.name().to_owned());
            }
        }
    }

    /// Forgets what was learnt of another version of the schema: prepared statements, and the
    /// database's own types. The session is cleared: under the version before, users' code may have
    /// run as part of what looked quiet.
    ///
    /// # Errors
    /// As [`WireClient::transaction`].
    pub async fn use_schema(
        &mut self,
        version: u64,
        user_types: &Arc<UserTypes>,
    ) -> Result<(), PgError> {
        if self.schema_version == version {
            return Ok(());
        }
        let is_new = std::mem::replace(&mut self.schema_version, version) == 0;
        self.user_types = Arc::clone(user_types);
        self.forget_statements();
        if is_new {
            return Ok(());
        }
        self.outbox.clear();
        frontend::query(startup::CLEAN, &mut self.outbox).map_err(unsendable)?;
        self.busy = true;
        self.stream.write_all(&self.outbox).await.map_err(lost)?;
        let mut cleaned = Reply::default();
        self.receive(&mut cleaned).await?;
        self.iso_dates = cleaned.iso_dates.unwrap_or(self.iso_dates);
        match cleaned.error.take() {
            // It stays busy, and serves nobody any more.
            Some(error) => Err(PgError::Server(Box::new(error))),
            None => {
                self.busy = false;
                Ok(())
            }
        }
    }

    /// Whether the next transaction may be sent: nothing is under way, and the server has not
    /// ended the connection meanwhile.
    fn is_ready(&mut self) -> bool {
        !self.busy && self.stream.is_quiet()
    }

    /// The statement, prepared with the rights in force, because name resolution depends on
    /// `search_path` and on usage rights on schemas.
    async fn prepared(&mut self, work: &Work<'_>) -> Result<Arc<Prepared>, PgError> {
        if let Some(prepared) = self.statements.get(work.sql) {
            return Ok(prepared.clone());
        }
        let name = format!("s{}", self.next_name);
        self.next_name += 1;
        self.begin(work)?;
        frontend::parse(&name, work.sql, [], &mut self.outbox).map_err(unsendable)?;
        frontend::describe(b'S', &name, &mut self.outbox).map_err(unsendable)?;
        // Nothing of users' runs while a statement is prepared.
        let reply = self.exchange(Reply::default(), Footprint::Quiet).await?;
        let described = reply.columns.iter();
        let json = JsonColumns::of(
            described.map(|(name, ty)| (name.as_str(), ty.oid())),
            &self.user_types,
        );
        let prepared = Arc::new(Prepared {
            name,
            params: reply.params.into(),
            columns: reply.columns.into_iter().map(|(_, ty)| ty).collect(),
            json,
        });
        if let Some((_, evicted)) = self.statements.push(work.sql.into(), prepared.clone()) {
            self.to_close.push(evicted.name.clone());
        }
        Ok(prepared)
    }

    /// Starts the messages of a transaction: its settings come first. Gives the number of
    /// statements that these are.
    fn begin(&mut self, work: &Work<'_>) -> Result<usize, PgError> {
        let out = &mut self.outbox;
        out.clear();
        for name in self.to_close.drain(..) {
            frontend::close(b'S', &name, out).map_err(unsendable)?;
        }
        let settings = match work.footprint {
            Footprint::Open | Footprint::Asking => Settings::of_transaction(work.access),
            Footprint::Quiet => Settings::Quiet,
        };
        self.preparing_settings = (!self.settings[settings as usize]).then_some(settings);
        let values = settings.values(&work.rights);
        if self.preparing_settings.is_some() {
            let types = values.iter().map(|_| Type::TEXT.oid());
            frontend::parse(settings.name(), settings.sql(), types, out).map_err(unsendable)?;
        }
        frontend::bind(
            "",
            settings.name(),
            [0],
            values,
            |value: &str, out| {
                out.extend_from_slice(value.as_bytes());
                Ok(IsNull::No)
            },
            [1],
            out,
        )
        .map_err(unbindable)?;
        frontend::execute("", 0, out).map_err(unsendable)?;
        Ok(1)
    }

    fn execute(
        &mut self,
        prepared: &Prepared,
        params: &[&(dyn ToSql + Sync)],
        result: Format,
    ) -> Result<(), PgError> {
        self.bind(prepared, params, result)?;
        frontend::execute("", 0, &mut self.outbox).map_err(unsendable)
    }

    fn bind(
        &mut self,
        prepared: &Prepared,
        params: &[&(dyn ToSql + Sync)],
        result: Format,
    ) -> Result<(), PgError> {
        if params.len() != prepared.params.len() {
            let (takes, given) = (prepared.params.len(), params.len());
            return Err(PgError::Protocol(format!(
                "the statement takes {takes} parameters, {given} were given"
            )));
        }
        let typed = || params.iter().zip(&prepared.params);
        let formats = typed().map(|(value, ty)| value.encode_format(ty) as i16);
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
            [result as i16],
            &mut self.outbox,
        )
        .map_err(unbindable)
    }

    /// Sends what has been written with a Sync behind it, and reads up to the server's being ready
    /// again, with a clean session where something may have been left in it.
    async fn exchange<'c>(
        &mut self,
        mut reply: Reply<'c>,
        footprint: Footprint,
    ) -> Result<Reply<'c>, PgError> {
        frontend::sync(&mut self.outbox);
        let cleans = footprint == Footprint::Open;
        if cleans {
            frontend::query(startup::CLEAN, &mut self.outbox).map_err(unsendable)?;
        }
        self.busy = true;
        self.stream.write_all(&self.outbox).await.map_err(lost)?;
        self.receive(&mut reply).await?;
        if cleans {
            let mut cleaned = Reply::default();
            self.receive(&mut cleaned).await?;
            reply.iso_dates = cleaned.iso_dates.or(reply.iso_dates);
            // A session that cannot be cleared stays busy, and serves nobody any more.
            self.busy = cleaned.error.is_some();
        } else {
            self.busy = false;
        }
        self.iso_dates = reply.iso_dates.unwrap_or(self.iso_dates);
        // A prepared statement stays, whatever becomes of the transaction.
        if let Some(settings) = self.preparing_settings.take_if(|_| reply.parsed > 0) {
            self.settings[settings as usize] = true;
        }
        match reply.error.take() {
            Some(error) => Err(PgError::Server(Box::new(error))),
            None => Ok(reply),
        }
    }

    /// Reads up to the server's being ready again.
    async fn receive(&mut self, reply: &mut Reply<'_>) -> Result<(), PgError> {
        while !reply.read(&mut self.inbox).map_err(garbled)? {
            if let Some(writer) = &mut reply.json {
                writer.spill().await.map_err(unspooled)?;
            }
            reply::fill(&mut self.stream, &mut self.inbox, reply).await?;
        }
        Ok(())
    }
}

fn unspooled(error: std::io::Error) -> PgError {
    PgError::Protocol(format!("an answer cannot be put aside: {error}"))
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

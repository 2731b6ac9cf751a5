//! What the server answers between two Syncs.

use std::sync::Arc;

use bytes::{Buf, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{
    DATA_ROW_TAG, DataRowBody, Header, Message, ParameterStatusBody,
};
use postgres_types::{Kind, Type};
use tokio::io::AsyncReadExt;

use super::json::{JsonColumns, JsonWriter};
use super::startup::Stream;
use super::{WireRow, garbled, lost};
use crate::error::{PgError, ServerError};

/// Room for one reading.
const READ: usize = 16 * 1024;
/// Tag and length, which does not count the tag, and the number of fields.
const HEADER: usize = 5;
const FIELDS: usize = 2;

/// What has come so far.
#[derive(Default)]
pub(super) struct Reply<'c> {
    /// Rows of the last statement, those apart that are written as JSON.
    rows: Vec<DataRowBody>,
    pub(super) params: Vec<Type>,
    pub(super) columns: Vec<(String, Type)>,
    /// How many statements have been parsed, and bound.
    pub(super) parsed: usize,
    bound: usize,
    /// Rows that the last statement touched.
    pub(super) affected: u64,
    pub(super) error: Option<ServerError>,
    /// The statement whose rows are written as JSON, counted from 1, and how.
    json_of: usize,
    json_columns: Option<&'c JsonColumns>,
    pub(super) json: Option<JsonWriter>,
    /// `DateStyle` has changed to one that begins with ISO, or to another.
    pub(super) iso_dates: Option<bool>,
    /// A value could not be written.
    pub(super) unexpected: bool,
}

impl<'c> Reply<'c> {
    /// The rows of the statement behind the first `before` become JSON.
    pub(super) fn writing(before: usize, columns: &'c JsonColumns, writer: JsonWriter) -> Self {
        Self {
            json_of: before + 1,
            json_columns: Some(columns),
            json: Some(writer),
            ..Self::default()
        }
    }

    /// The rows of the last statement.
    pub(super) fn rows(self, columns: &Arc<[Type]>) -> Result<Vec<WireRow>, PgError> {
        let rows = self.rows.into_iter();
        rows.map(|row| WireRow::new(row, columns.clone())).collect()
    }

    /// Reads what has arrived in full; true where that was the end.
    pub(super) fn read(&mut self, inbox: &mut BytesMut) -> std::io::Result<bool> {
        loop {
            self.write_rows(inbox);
            let Some(message) = Message::parse(inbox)? else {
                return Ok(false);
            };
            match message {
                Message::ParseComplete => self.parsed += 1,
                // The last statement's rows are the answer; before them come the settings'.
                Message::BindComplete => {
                    self.bound += 1;
                    self.rows.clear();
                }
                Message::DataRow(row) => self.rows.push(row),
                Message::CommandComplete(body) => self.affected = affected(body.tag()?),
                Message::ParameterDescription(body) => {
                    let types = body.parameters().map(|oid| Ok(type_of(oid)));
                    self.params = types.collect()?;
                }
                Message::RowDescription(body) => {
                    let columns = body
                        .fields()
                        .map(|field| Ok((field.name().to_owned(), type_of(field.type_oid()))));
                    self.columns = columns.collect()?;
                }
                Message::ErrorResponse(body) => {
                    let error = ServerError::of(&body)?;
                    self.error.get_or_insert(error);
                }
                Message::ParameterStatus(body) => {
                    self.iso_dates = iso_dates(&body)?.or(self.iso_dates);
                }
                Message::ReadyForQuery(_) => return Ok(true),
                _ => {}
            }
        }
    }

    /// Writes the rows at the front as JSON, out of the buffer where they arrived.
    fn write_rows(&mut self, inbox: &mut BytesMut) {
        let (Some(columns), Some(writer)) = (self.json_columns, &mut self.json) else {
            return;
        };
        if self.bound != self.json_of {
            return;
        }
        while let Some(row) = row(inbox) {
            if !self.unexpected {
                self.unexpected = writer.row(columns, &row[HEADER + FIELDS..]).is_err();
            }
            let length = row.len();
            inbox.advance(length);
        }
    }
}

/// The message at the front, if it is a row and there in full.
fn row(inbox: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = inbox.split_first()?;
    let length = u32::from_be_bytes(*rest.first_chunk()?);
    let whole = inbox.get(..usize::try_from(length).ok()?.checked_add(1)?)?;
    (*tag == DATA_ROW_TAG && whole.len() >= HEADER + FIELDS).then_some(whole)
}

/// Waits for more.
pub(super) async fn fill(
    stream: &mut Stream,
    inbox: &mut BytesMut,
    reply: &mut Reply<'_>,
) -> Result<(), PgError> {
    let announced = Header::parse(inbox).map_err(garbled)?;
    let more = announced.map_or(0, |header| {
        let length = usize::try_from(header.len()).unwrap_or(0) + 1;
        length.saturating_sub(inbox.len())
    });
    inbox.reserve(more.max(READ));
    let read = stream.read_buf(inbox).await.map_err(lost)?;
    if read > 0 {
        return Ok(());
    }
    // A server that shuts down says so before it closes.
    Err(match reply.error.take() {
        Some(error) => PgError::Server(Box::new(error)),
        None => PgError::Lost("the server closed the connection".to_owned()),
    })
}

/// Whether dates are ISO from now on, if this is about them.
pub(super) fn iso_dates(status: &ParameterStatusBody) -> std::io::Result<Option<bool>> {
    if status.name()? != "DateStyle" {
        return Ok(None);
    }
    Ok(Some(status.value()?.starts_with("ISO")))
}

/// `INSERT 0 5` touched five rows, as `UPDATE 5` did.
fn affected(tag: &str) -> u64 {
    let last = tag.rsplit(' ').next();
    last.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// The type, if it is one of PostgreSQL's own. Others are passed through as text or bytes, for
/// which their name does not matter.
fn type_of(oid: u32) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()))
}

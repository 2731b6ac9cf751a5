//! A row as it came, its values decoded when they are asked for.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::DataRowBody;
use postgres_types::{FromSql, Type};

use crate::error::PgError;

/// One row of a result, in PostgreSQL's binary format.
pub struct WireRow {
    columns: Arc<[Type]>,
    data: Bytes,
    ranges: Vec<Option<Range<usize>>>,
}

impl WireRow {
    pub(super) fn new(row: DataRowBody, columns: Arc<[Type]>) -> Result<Self, PgError> {
        let ranges = row.ranges().collect();
        Ok(Self {
            columns,
            ranges: ranges.map_err(|error| PgError::Protocol(error.to_string()))?,
            data: row.buffer_bytes().clone(),
        })
    }

    /// The value of a column.
    ///
    /// # Errors
    /// [`PgError::Protocol`] where there is no such column or it has another type.
    pub fn try_get<'a, T: FromSql<'a>>(&'a self, index: usize) -> Result<T, PgError> {
        let (Some(ty), Some(range)) = (self.columns.get(index), self.ranges.get(index)) else {
            return Err(PgError::Protocol(format!("there is no column {index}")));
        };
        if !T::accepts(ty) {
            return Err(PgError::Protocol(format!("column {index} is of type {ty}")));
        }
        let raw = range.clone().map(|range| &self.data[range]);
        T::from_sql_nullable(ty, raw).map_err(|error| PgError::Protocol(error.to_string()))
    }

    /// The bytes of a column, shared and not copied; none if it is NULL or there is none.
    pub fn bytes(&self, index: usize) -> Option<Bytes> {
        let range = self.ranges.get(index)?.clone()?;
        Some(self.data.slice(range))
    }
}

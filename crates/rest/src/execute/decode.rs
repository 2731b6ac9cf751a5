//! The one row that a statement answers, column by column.

use bytes::Bytes;
use hearth_pg::{Collected, PgError, WireRow};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use crate::query::Layout;

/// What a statement answered.
#[derive(Debug, Clone, Default)]
pub struct DbResult {
    /// Rows of this answer.
    pub page: i64,
    /// Rows in all, if that was asked for.
    pub total: Option<i64>,
    /// The key of the inserted row: `name=eq.value`.
    pub location: Vec<String>,
    /// The body.
    pub body: Collected,
    /// Rows that an upsert inserted.
    pub inserted: Option<i64>,
    /// `response.headers`
    pub headers: Option<String>,
    /// `response.status`
    pub status: Option<String>,
}

/// A row of either kind of connection.
pub(crate) trait Columns {
    /// A column's value.
    fn value<'a, T: FromSql<'a>>(&'a self, index: usize) -> Result<T, PgError>;
    /// A column's bytes, whatever its type; NULL is none.
    fn bytes(&self, index: usize) -> Result<Option<Bytes>, PgError>;
}

impl Columns for WireRow {
    fn value<'a, T: FromSql<'a>>(&'a self, index: usize) -> Result<T, PgError> {
        self.try_get(index)
    }

    fn bytes(&self, index: usize) -> Result<Option<Bytes>, PgError> {
        Ok(self.bytes(index))
    }
}

impl Columns for Row {
    fn value<'a, T: FromSql<'a>>(&'a self, index: usize) -> Result<T, PgError> {
        Ok(self.try_get(index)?)
    }

    fn bytes(&self, index: usize) -> Result<Option<Bytes>, PgError> {
        let raw: Option<Raw<'_>> = self.try_get(index)?;
        Ok(raw.map(|raw| Bytes::copy_from_slice(raw.0)))
    }
}

/// Raw bytes of a column, whatever its type.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads the columns that `layout` names; without one, the rows are lines of text.
pub(crate) fn decode<R: Columns>(rows: &[R], layout: Option<Layout>) -> Result<DbResult, PgError> {
    let Some(layout) = layout else {
        let mut body = Vec::new();
        for row in rows {
            body.extend_from_slice(&row.bytes(0)?.unwrap_or_default());
            body.push(b'\n');
        }
        return Ok(DbResult {
            body: Bytes::from(body).into(),
            ..DbResult::default()
        });
    };
    let Some(row) = rows.first() else {
        // Nothing was aggregated: the one result of a function, which a filter took away.
        return Ok(DbResult {
            total: Some(0),
            ..DbResult::default()
        });
    };
    let mut index = 0..;
    let mut next = || index.next().unwrap_or_default();
    let mut result = DbResult {
        page: row.value(next())?,
        ..DbResult::default()
    };
    if layout.total {
        result.total = row.value(next())?;
    }
    if layout.location {
        result.location = row.value(next())?;
    }
    if layout.body {
        result.body = row.bytes(next())?.unwrap_or_default().into();
    }
    if layout.inserted {
        result.inserted = row.value(next())?;
    }
    result.headers = row.value(next())?;
    result.status = row.value(next())?;
    Ok(result)
}

//! SQL text with its bound values. Names enter through [`Snippet::name`], values through
//! [`Snippet::bind`]; everything else is a literal of this crate, a cast that the grammar has
//! reduced to letters, digits and blanks, or text out of the server's own catalog. The text
//! depends on the request's shape alone, so that a connection prepares each shape once.

use bytes::{Bytes, BytesMut};
use hearth_pg::identifier::push_quoted;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::request::payload::Text;
use crate::schema_cache::model::Qualified;

/// A bound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// Text of whatever type the statement infers.
    Text(String),
    /// The body.
    Body(Text),
    /// Bytes, for bytea.
    Bytes(Bytes),
    /// Text as the client sent it: PostgreSQL refuses what is no UTF-8.
    Raw(Bytes),
    /// NULL.
    Null,
}

impl ToSql for Bind {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Body(text) => out.extend_from_slice(text.as_bytes()),
            Self::Bytes(bytes) | Self::Raw(bytes) => out.extend_from_slice(bytes),
            Self::Null => return Ok(IsNull::Yes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self {
            // In PostgreSQL's binary format a bytea is its bytes.
            Self::Bytes(_) => Format::Binary,
            _ => Format::Text,
        }
    }

    to_sql_checked!();
}

/// SQL under construction.
#[derive(Debug, Clone, Default)]
pub struct Snippet {
    text: String,
    binds: Vec<Bind>,
}

impl Snippet {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            text: String::with_capacity(512),
            binds: Vec::new(),
        }
    }

    /// The text.
    pub fn sql(&self) -> &str {
        &self.text
    }

    /// The values.
    pub fn binds(&self) -> &[Bind] {
        &self.binds
    }

    /// Text of our own.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A name, quoted.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        push_quoted(&mut self.text, name);
        self
    }

    /// A name with its schema, quoted.
    pub(super) fn qualified(&mut self, name: &Qualified) -> &mut Self {
        if !name.schema.is_empty() {
            self.name(&name.schema).push(".");
        }
        self.name(&name.name)
    }

    /// A column of a table; `*` for all.
    pub(super) fn column(&mut self, table: &Qualified, column: &str) -> &mut Self {
        self.qualified(table).push(".");
        if column == "*" {
            self.push("*")
        } else {
            self.name(column)
        }
    }

    /// A value, as the next parameter.
    pub(super) fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        self.text.push('$');
        self.text
            .push_str(itoa::Buffer::new().format(self.binds.len()));
        self
    }

    /// A text value whose type PostgreSQL infers.
    pub(super) fn value(&mut self, value: impl Into<String>) -> &mut Self {
        self.bind(Bind::Text(value.into()))
    }

    /// `items`, separated.
    pub(super) fn list<T>(
        &mut self,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            write(self, item);
        }
        self
    }
}

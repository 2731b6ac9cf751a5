//! Rows in PostgreSQL's text format, written as the JSON that `json_agg` would make of them, byte
//! for byte, at a third of its cost.
//!
//! What a type becomes is decided as in `json_categorize_type` and `datum_to_json_internal` of
//! PostgreSQL's `src/backend/utils/adt/json.c`. [`JsonColumns::of`] knows only types whose text is
//! certain; where one is not (a composite, a type with a cast to json of its own), there are none,
//! and PostgreSQL has to write the JSON itself.

use std::collections::HashMap;
use std::io;

use bytes::{BufMut, BytesMut};
use postgres_types::{Kind, Type};

use super::json_array;
use super::json_text::{escaped, timestamp};
use super::spool::{Collected, IN_MEMORY, Spool};

/// How the rows of a result are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonShape {
    /// An array of all rows.
    Array,
    /// The first row, or `null`.
    FirstRow,
}

/// Types of a database's own whose JSON is certain, by their OID.
pub type UserTypes = HashMap<u32, UserType>;

/// What a type of a database's own becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType {
    /// A string: an enum, a range, or a type of an extension, without a cast to json.
    Text,
    /// An array of such.
    TextArray,
}

/// A row whose text was not what its type lets expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unexpected;

/// What a value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoder {
    /// `t` and `f`
    Bool,
    /// A number as it is; what JSON does not know (`NaN`, `Infinity`) as a string.
    Number,
    /// Its text as a string.
    Text,
    /// JSON as it is.
    Json,
    /// A string; with `T` between day and time.
    Timestamp,
    /// Likewise, and the zone with minutes.
    TimestampZone,
    /// A string, as it is while `DateStyle` is ISO.
    Date,
}

impl Encoder {
    fn of(ty: &Type) -> Option<Self> {
        Some(match *ty {
            Type::BOOL => Self::Bool,
            Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => {
                Self::Number
            }
            Type::JSON | Type::JSONB => Self::Json,
            Type::TIMESTAMP => Self::Timestamp,
            Type::TIMESTAMPTZ => Self::TimestampZone,
            Type::DATE => Self::Date,
            _ => match ty.kind() {
                Kind::Simple | Kind::Range(_) | Kind::Multirange(_) => Self::Text,
                _ => return None,
            },
        })
    }

    /// Writes one value that is not NULL.
    pub(super) fn write(self, text: &[u8], out: &mut BytesMut) -> Result<(), Unexpected> {
        match self {
            Self::Bool => match text {
                b"t" => out.put_slice(b"true"),
                b"f" => out.put_slice(b"false"),
                _ => return Err(Unexpected),
            },
            Self::Number => match text {
                [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..] => out.put_slice(text),
                _ => escaped(text, out),
            },
            Self::Text => escaped(text, out),
            Self::Json => out.put_slice(text),
            Self::Timestamp => timestamp(text, false, out)?,
            Self::TimestampZone => timestamp(text, true, out)?,
            Self::Date => super::json_text::date(text, out)?,
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
enum Value {
    One(Encoder),
    Array(Encoder),
}

impl Value {
    fn of(oid: u32, own: &UserTypes) -> Option<Self> {
        let Some(ty) = Type::from_oid(oid) else {
            return own.get(&oid).map(|ty| match ty {
                UserType::Text => Self::One(Encoder::Text),
                UserType::TextArray => Self::Array(Encoder::Text),
            });
        };
        match (&ty, ty.kind()) {
            // Arrays to JSON, but not in their text.
            (&Type::INT2_VECTOR | &Type::OID_VECTOR, _) => None,
            // Parted by semicolons.
            (&Type::BOX_ARRAY, _) => None,
            (_, Kind::Array(element)) => Encoder::of(element).map(Self::Array),
            _ => Encoder::of(&ty).map(Self::One),
        }
    }
}

/// The columns of a result, each with what its values become.
#[derive(Debug)]
pub(super) struct JsonColumns {
    /// What stands before each value, and what the value becomes.
    columns: Vec<(Box<[u8]>, Value)>,
    /// The text of some depends on `DateStyle`.
    pub(super) dated: bool,
}

impl JsonColumns {
    /// For a result with these names and types; none where the JSON of one of them is not certain.
    pub(super) fn of<'a>(
        columns: impl Iterator<Item = (&'a str, u32)>,
        own: &UserTypes,
    ) -> Option<Self> {
        let mut all = Vec::new();
        for (name, oid) in columns {
            let mut key = BytesMut::with_capacity(name.len() + 4);
            key.put_u8(if all.is_empty() { b'{' } else { b',' });
            escaped(name.as_bytes(), &mut key);
            key.put_u8(b':');
            all.push((key.as_ref().into(), Value::of(oid, own)?));
        }
        let dated = all.iter().any(|(_, value)| {
            let (Value::One(encoder) | Value::Array(encoder)) = value;
            matches!(
                encoder,
                Encoder::Date | Encoder::Timestamp | Encoder::TimestampZone
            )
        });
        Some(Self {
            columns: all,
            dated,
        })
    }

    /// Writes a row: the fields of a `DataRow` behind their number.
    fn row(&self, mut fields: &[u8], out: &mut BytesMut) -> Result<(), Unexpected> {
        for (key, value) in &self.columns {
            out.put_slice(key);
            let (length, rest) = fields.split_first_chunk().ok_or(Unexpected)?;
            fields = rest;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                out.put_slice(b"null");
                continue;
            };
            let (text, rest) = fields.split_at_checked(length).ok_or(Unexpected)?;
            fields = rest;
            match value {
                Value::One(encoder) => encoder.write(text, out)?,
                Value::Array(encoder) => json_array::write(text, *encoder, out)?,
            }
        }
        out.put_slice(if self.columns.is_empty() { b"{}" } else { b"}" });
        Ok(())
    }
}

/// The JSON of a result under way.
#[derive(Debug)]
pub(super) struct JsonWriter {
    shape: JsonShape,
    pub(super) rows: u64,
    out: BytesMut,
    spool: Spool,
}

impl JsonWriter {
    pub(super) fn new(shape: JsonShape) -> Self {
        Self {
            shape,
            rows: 0,
            out: BytesMut::with_capacity(1024),
            spool: Spool::default(),
        }
    }

    /// Adds a row: the fields of a `DataRow` behind their number.
    pub(super) fn row(&mut self, columns: &JsonColumns, fields: &[u8]) -> Result<(), Unexpected> {
        self.rows += 1;
        match (self.shape, self.rows) {
            (JsonShape::Array, 1) => self.out.put_u8(b'['),
            (JsonShape::Array, _) => self.out.put_slice(b", \n "),
            (JsonShape::FirstRow, 1) => {}
            (JsonShape::FirstRow, _) => return Ok(()),
        }
        columns.row(fields, &mut self.out)
    }

    /// Moves what has been written out of memory, if it is much.
    pub(super) async fn spill(&mut self) -> io::Result<()> {
        if self.out.len() > IN_MEMORY {
            self.spool.add(self.out.split().freeze()).await?;
        }
        Ok(())
    }

    /// The whole.
    pub(super) async fn finish(mut self) -> io::Result<Collected> {
        match (self.shape, self.rows) {
            (JsonShape::Array, 0) => self.out.put_slice(b"[]"),
            (JsonShape::Array, _) => self.out.put_u8(b']'),
            (JsonShape::FirstRow, 0) => self.out.put_slice(b"null"),
            (JsonShape::FirstRow, _) => {}
        }
        if !self.spool.is_used() {
            return Ok(self.out.freeze().into());
        }
        self.spool.add(self.out.freeze()).await?;
        Ok(self.spool.finish())
    }
}

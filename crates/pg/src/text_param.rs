//! Parameters in PostgreSQL's text format, whatever type the statement infers for them. This is
//! how values from URLs and JSON bodies are bound: the server itself parses and checks them.

use bytes::BytesMut;
use postgres_types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// One bound value as text, or NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextParam<'a>(pub Option<std::borrow::Cow<'a, str>>);

impl<'a> TextParam<'a> {
    /// A value.
    pub fn new(text: impl Into<std::borrow::Cow<'a, str>>) -> Self {
        Self(Some(text.into()))
    }

    /// NULL.
    pub fn null() -> Self {
        Self(None)
    }
}

impl ToSql for TextParam<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

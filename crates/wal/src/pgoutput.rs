//! Decoder of `pgoutput` messages, protocol version 1: bytes in, values out. It never panics,
//! whatever the bytes are; values stay slices of the message.

use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::error::WalError;
use crate::lsn::Lsn;
use crate::relation::{Relation, RelationColumn, ReplicaIdentity};

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A stored-out value that the UPDATE did not touch; the log does not carry it.
    Unchanged,
    /// The type's text form.
    Text(Bytes),
    /// The type's binary form.
    Binary(Bytes),
}

/// The values of a row in the order of the relation's columns.
pub type Tuple = Box<[Cell]>;

/// What an UPDATE or DELETE says of the old row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OldRow {
    /// Only the columns of the replica identity; the others are NULL here.
    Key(Tuple),
    /// All columns (REPLICA IDENTITY FULL).
    Full(Tuple),
}

impl OldRow {
    /// The values.
    pub fn tuple(&self) -> &Tuple {
        match self {
            Self::Key(tuple) | Self::Full(tuple) => tuple,
        }
    }
}

/// A decoded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A transaction begins; all its changes follow before the next one.
    Begin {
        /// Position of its commit record.
        final_lsn: Lsn,
        /// Commit time in microseconds since 2000-01-01.
        commit_time: i64,
        /// Its id.
        xid: u32,
    },
    /// It ends.
    Commit {
        /// Position of the commit record.
        lsn: Lsn,
        /// The position behind it.
        end_lsn: Lsn,
        /// Commit time in microseconds since 2000-01-01.
        commit_time: i64,
    },
    /// The transaction came from another server.
    Origin,
    /// A table's form.
    Relation(Relation),
    /// A type's name.
    Type,
    /// A new row.
    Insert {
        /// The table.
        relation: u32,
        /// The row.
        new: Tuple,
    },
    /// A changed row.
    Update {
        /// The table.
        relation: u32,
        /// The old row, where the replica identity changed or is FULL.
        old: Option<OldRow>,
        /// The row as it is now.
        new: Tuple,
    },
    /// A deleted row.
    Delete {
        /// The table.
        relation: u32,
        /// The old row.
        old: OldRow,
    },
    /// Emptied tables.
    Truncate {
        /// The tables.
        relations: Box<[u32]>,
    },
    /// `pg_logical_emit_message`.
    Logical {
        /// Part of its transaction.
        transactional: bool,
        /// Its prefix.
        prefix: Arc<str>,
        /// Its content.
        content: Bytes,
    },
    /// A kind that this decoder does not know (streamed or prepared transactions).
    Unknown(u8),
}

/// Decodes one message.
///
/// # Errors
/// [`WalError::Malformed`] where the bytes end early or a tag is unknown.
pub fn decode(message: Bytes) -> Result<Message, WalError> {
    let mut reader = Reader(message);
    Ok(match reader.u8()? {
        b'B' => Message::Begin {
            final_lsn: Lsn(reader.u64()?),
            commit_time: reader.u64()? as i64,
            xid: reader.u32()?,
        },
        b'C' => {
            reader.u8()?;
            Message::Commit {
                lsn: Lsn(reader.u64()?),
                end_lsn: Lsn(reader.u64()?),
                commit_time: reader.u64()? as i64,
            }
        }
        b'O' => Message::Origin,
        b'Y' => Message::Type,
        b'R' => Message::Relation(reader.relation()?),
        b'I' => {
            let relation = reader.u32()?;
            reader.expect(b'N')?;
            Message::Insert {
                relation,
                new: reader.tuple()?,
            }
        }
        b'U' => {
            let relation = reader.u32()?;
            let mut tag = reader.u8()?;
            let old = match tag {
                b'K' => Some(OldRow::Key(reader.tuple()?)),
                b'O' => Some(OldRow::Full(reader.tuple()?)),
                _ => None,
            };
            if old.is_some() {
                tag = reader.u8()?;
            }
            if tag != b'N' {
                return Err(WalError::Malformed("an update without a new row"));
            }
            Message::Update {
                relation,
                old,
                new: reader.tuple()?,
            }
        }
        b'D' => {
            let relation = reader.u32()?;
            let old = match reader.u8()? {
                b'K' => OldRow::Key(reader.tuple()?),
                b'O' => OldRow::Full(reader.tuple()?),
                _ => return Err(WalError::Malformed("a delete without an old row")),
            };
            Message::Delete { relation, old }
        }
        b'T' => {
            let count = reader.u32()? as usize;
            reader.u8()?;
            let mut relations = Vec::with_capacity(count.min(reader.0.remaining() / 4));
            for _ in 0..count {
                relations.push(reader.u32()?);
            }
            Message::Truncate {
                relations: relations.into(),
            }
        }
        b'M' => {
            let transactional = reader.u8()? & 1 == 1;
            reader.u64()?;
            let prefix = reader.text()?;
            let length = reader.u32()? as usize;
            Message::Logical {
                transactional,
                prefix,
                content: reader.bytes(length)?,
            }
        }
        other => Message::Unknown(other),
    })
}

struct Reader(Bytes);

impl Reader {
    fn need(&self, bytes: usize) -> Result<(), WalError> {
        if self.0.remaining() < bytes {
            return Err(WalError::Malformed("it ends early"));
        }
        Ok(())
    }

    fn u8(&mut self) -> Result<u8, WalError> {
        self.need(1)?;
        Ok(self.0.get_u8())
    }

    fn u16(&mut self) -> Result<u16, WalError> {
        self.need(2)?;
        Ok(self.0.get_u16())
    }

    fn u32(&mut self) -> Result<u32, WalError> {
        self.need(4)?;
        Ok(self.0.get_u32())
    }

    fn u64(&mut self) -> Result<u64, WalError> {
        self.need(8)?;
        Ok(self.0.get_u64())
    }

    fn bytes(&mut self, length: usize) -> Result<Bytes, WalError> {
        self.need(length)?;
        Ok(self.0.split_to(length))
    }

    fn expect(&mut self, tag: u8) -> Result<(), WalError> {
        if self.u8()? != tag {
            return Err(WalError::Malformed("an unexpected tag"));
        }
        Ok(())
    }

    /// A text that ends with a zero byte.
    fn text(&mut self) -> Result<Arc<str>, WalError> {
        let Some(length) = self.0.iter().position(|b| *b == 0) else {
            return Err(WalError::Malformed("a text without an end"));
        };
        let text = self.0.split_to(length);
        self.0.advance(1);
        std::str::from_utf8(&text)
            .map(Arc::from)
            .map_err(|_| WalError::Malformed("a text that is not UTF-8"))
    }

    fn relation(&mut self) -> Result<Relation, WalError> {
        let id = self.u32()?;
        let namespace = self.text()?;
        let name = self.text()?;
        let identity = match self.u8()? {
            b'd' => ReplicaIdentity::Default,
            b'n' => ReplicaIdentity::Nothing,
            b'f' => ReplicaIdentity::Full,
            b'i' => ReplicaIdentity::Index,
            _ => return Err(WalError::Malformed("an unknown replica identity")),
        };
        let count = self.u16()?;
        let mut columns = Vec::with_capacity(usize::from(count).min(self.0.remaining() / 10));
        for _ in 0..count {
            columns.push(RelationColumn {
                key: self.u8()? & 1 == 1,
                name: self.text()?,
                type_id: self.u32()?,
                type_modifier: self.u32()? as i32,
            });
        }
        // Tables of `pg_catalog` come with an empty schema.
        let namespace = if namespace.is_empty() {
            "pg_catalog".into()
        } else {
            namespace
        };
        Ok(Relation {
            id,
            namespace,
            name,
            identity,
            columns: columns.into(),
        })
    }

    fn tuple(&mut self) -> Result<Tuple, WalError> {
        let count = self.u16()?;
        let mut cells = Vec::with_capacity(usize::from(count).min(self.0.remaining()));
        for _ in 0..count {
            cells.push(match self.u8()? {
                b'n' => Cell::Null,
                b'u' => Cell::Unchanged,
                b't' => {
                    let length = self.u32()? as usize;
                    Cell::Text(self.bytes(length)?)
                }
                b'b' => {
                    let length = self.u32()? as usize;
                    Cell::Binary(self.bytes(length)?)
                }
                _ => return Err(WalError::Malformed("an unknown kind of value")),
            });
        }
        Ok(cells.into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_relation_and_an_insert_are_read() {
        let mut relation = b"R\0\0\x40\0public\0messages\0d\0\x02".to_vec();
        relation.extend(b"\x01id\0\0\0\0\x14\xff\xff\xff\xff");
        relation.extend(b"\0text\0\0\0\0\x19\xff\xff\xff\xff");
        let Message::Relation(relation) = decode(relation.into()).unwrap() else {
            panic!("a relation");
        };
        assert_eq!(relation.id, 0x4000);
        assert_eq!(&*relation.name, "messages");
        assert!(relation.columns[0].key && !relation.columns[1].key);
        assert_eq!(relation.columns[1].type_id, 25);

        let insert = Bytes::from_static(b"I\0\0\x40\0N\0\x03t\0\0\0\x017nu");
        let expected: Tuple = [
            Cell::Text(Bytes::from_static(b"7")),
            Cell::Null,
            Cell::Unchanged,
        ]
        .into();
        assert_eq!(
            decode(insert).unwrap(),
            Message::Insert {
                relation: 0x4000,
                new: expected
            }
        );
    }

    #[test]
    fn an_update_says_what_it_knows_of_the_old_row() {
        let update = Bytes::from_static(b"U\0\0\0\x01K\0\x01t\0\0\0\x011N\0\x01t\0\0\0\x012");
        let Message::Update {
            old: Some(OldRow::Key(old)),
            ..
        } = decode(update).unwrap()
        else {
            panic!("an update with its old key");
        };
        assert_eq!(old[0], Cell::Text(Bytes::from_static(b"1")));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            tag in prop::sample::select(b"BCOYRIUDTM?".to_vec()),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut message = vec![tag];
            message.extend(bytes);
            let _ = decode(message.into());
        }

        #[test]
        fn a_message_cut_short_is_malformed(cut in 1usize..26) {
            let whole = b"U\0\0\0\x01K\0\x01t\0\0\0\x011N\0\x01t\0\0\0\x012";
            let cut = cut.min(whole.len() - 1);
            prop_assert!(decode(Bytes::copy_from_slice(&whole[..cut])).is_err());
        }
    }
}

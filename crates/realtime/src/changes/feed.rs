//! From messages of the log to entries: follows transactions and the form of tables, numbers
//! changes and broadcasts, and leaves out those that were delivered before a reconnect. No I/O.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_wal::pgoutput::OldRow;
use hearth_wal::{Cell, Lsn, Message, Relation, Tuple};

use super::broadcast;
use super::history::{Action, Change, Entry, Position};

/// The transaction that is being read.
#[derive(Debug, Default)]
struct Transaction {
    /// A position from which it would be streamed again.
    start: Lsn,
    commit: Lsn,
    commit_time: i64,
    changes: u32,
    open: bool,
}

/// What is known of the stream at its present place.
#[derive(Debug, Default)]
pub(super) struct Feed {
    relations: HashMap<u32, Arc<Relation>>,
    transaction: Transaction,
    /// The last change that was delivered.
    pub(super) delivered: Position,
    /// Everything before this has been read.
    pub(super) seen: Lsn,
}

impl Feed {
    /// The stream begins again behind `seen`.
    pub(super) fn restart(&mut self, seen: Lsn) {
        self.relations.clear();
        self.transaction = Transaction::default();
        self.seen = seen;
    }

    /// The server has nothing for us up to `wal_end`.
    pub(super) fn keep_alive(&mut self, wal_end: Lsn) {
        if !self.transaction.open {
            self.seen = self.seen.max(wal_end);
        }
    }

    /// Follows the stream's messages; gives what of them has not been delivered.
    pub(super) fn read(&mut self, message: Message) -> Vec<Entry> {
        let row = |tuple: &Tuple| -> usize {
            let size = |cell: &Cell| match cell {
                Cell::Text(bytes) | Cell::Binary(bytes) => bytes.len(),
                _ => 0,
            };
            tuple.iter().map(|cell| size(cell) + 16).sum()
        };
        let (relation, action, old, new) = match message {
            Message::Begin {
                final_lsn,
                commit_time,
                ..
            } => {
                self.transaction = Transaction {
                    start: self.seen,
                    commit: final_lsn,
                    commit_time,
                    changes: 0,
                    open: true,
                };
                return Vec::new();
            }
            Message::Commit { end_lsn, .. } => {
                self.transaction.open = false;
                self.seen = self.seen.max(end_lsn);
                return Vec::new();
            }
            Message::Relation(relation) => {
                self.relations.insert(relation.id, Arc::new(relation));
                return Vec::new();
            }
            Message::Insert { relation, new } => (relation, Action::Insert, None, Some(new)),
            Message::Update { relation, old, new } => (relation, Action::Update, old, Some(new)),
            Message::Delete { relation, old } => (relation, Action::Delete, Some(old), None),
            Message::Truncate { relations } => {
                let changes = relations
                    .iter()
                    .filter_map(|id| self.change(*id, Action::Truncate, None, None, 64));
                return changes.collect();
            }
            Message::Logical {
                transactional: true,
                prefix,
                content,
            } if &*prefix == broadcast::PREFIX => {
                let start = self.transaction.start;
                let read = |position| broadcast::decode(content, position, start);
                let broadcast = self.next_position().and_then(read);
                return broadcast
                    .map(|b| Entry::Broadcast(Arc::new(b)))
                    .into_iter()
                    .collect();
            }
            _ => return Vec::new(),
        };
        let bytes = old.as_ref().map_or(0, |old| row(old.tuple())) + new.as_ref().map_or(0, row);
        self.change(relation, action, old, new, bytes + 128)
            .into_iter()
            .collect()
    }

    fn change(
        &mut self,
        relation: u32,
        action: Action,
        old: Option<OldRow>,
        new: Option<Tuple>,
        bytes: usize,
    ) -> Option<Entry> {
        let position = self.next_position()?;
        let relation = self.relations.get(&relation)?.clone();
        let commit_time = self.transaction.commit_time;
        let change = Change {
            position,
            start: self.transaction.start,
            commit_time,
            relation,
            action,
            old,
            new,
            bytes,
        };
        if &*change.relation.namespace == "realtime" && &*change.relation.name == "messages" {
            // Published for its new rows, which are broadcasts from SQL.
            return broadcast::of_row(&change).map(|b| Entry::Broadcast(Arc::new(b)));
        }
        Some(Entry::Row(Arc::new(change)))
    }

    /// The position of what was just read; none if it has been delivered: after a reconnect the
    /// last transactions come again.
    fn next_position(&mut self) -> Option<Position> {
        self.transaction.changes += 1;
        let position = Position {
            commit: self.transaction.commit,
            index: self.transaction.changes,
        };
        (position > self.delivered).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hearth_wal::ReplicaIdentity;

    use super::*;

    fn begin(commit: u64) -> Message {
        Message::Begin {
            final_lsn: Lsn(commit),
            commit_time: 7,
            xid: 1,
        }
    }

    fn commit(end: u64) -> Message {
        Message::Commit {
            lsn: Lsn(end - 1),
            end_lsn: Lsn(end),
            commit_time: 7,
        }
    }

    fn insert(value: &'static str) -> Message {
        let cell = Cell::Text(Bytes::from_static(value.as_bytes()));
        Message::Insert {
            relation: 5,
            new: [cell].into(),
        }
    }

    fn relation() -> Message {
        Message::Relation(Relation {
            id: 5,
            namespace: "public".into(),
            name: "t".into(),
            identity: ReplicaIdentity::Default,
            columns: [].into(),
        })
    }

    #[test]
    fn changes_are_numbered_within_their_transaction() {
        let mut feed = Feed::default();
        feed.restart(Lsn(10));
        let mut read = |message| {
            let changes = feed.read(message);
            changes
                .first()
                .map(|entry| (entry.position().commit.0, entry.position().index))
        };
        assert_eq!(read(begin(20)), None);
        assert_eq!(read(relation()), None);
        assert_eq!(read(insert("a")), Some((20, 1)));
        assert_eq!(read(insert("b")), Some((20, 2)));
        assert_eq!(read(commit(25)), None);
        assert_eq!(read(begin(30)), None);
        assert_eq!(read(insert("c")), Some((30, 1)));
        assert_eq!(feed.seen, Lsn(25));
    }

    #[test]
    fn what_was_delivered_before_a_reconnect_is_left_out() {
        let delivered = Position {
            commit: Lsn(20),
            index: 1,
        };
        let mut feed = Feed {
            delivered,
            ..Feed::default()
        };
        feed.restart(Lsn(10));
        feed.read(begin(20));
        feed.read(relation());
        assert!(feed.read(insert("a")).is_empty());
        let again = feed.read(insert("b"));
        assert_eq!(again.first().map(Entry::start), Some(Lsn(10)));
    }

    #[test]
    fn a_keep_alive_inside_a_transaction_confirms_nothing() {
        let mut feed = Feed::default();
        feed.keep_alive(Lsn(5));
        feed.read(begin(20));
        feed.keep_alive(Lsn(50));
        assert_eq!(feed.seen, Lsn(5));
    }

    #[test]
    fn a_change_of_an_unknown_table_is_left_out() {
        let mut feed = Feed::default();
        feed.read(begin(20));
        assert!(feed.read(insert("a")).is_empty());
    }
}

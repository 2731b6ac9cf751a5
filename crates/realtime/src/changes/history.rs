//! Changes that are kept for clients that come back, and the positions that name them.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_wal::pgoutput::OldRow;
use hearth_wal::{Lsn, Relation, Tuple};

/// Where in the stream of changes a change stands: its transaction's commit, and its place in it.
/// Written `16/B374D848:3`. Clients hand it back as they got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Position of the commit record.
    pub commit: Lsn,
    /// Number of the change in its transaction, from 1.
    pub index: u32,
}

impl Position {
    /// The last position before any commit at or behind `lsn`.
    pub fn before(lsn: Lsn) -> Self {
        Self {
            commit: Lsn(lsn.0.saturating_sub(1)),
            index: u32::MAX,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.commit, self.index)
    }
}

impl FromStr for Position {
    type Err = hearth_wal::lsn::InvalidLsn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (commit, index) = text.rsplit_once(':').ok_or(hearth_wal::lsn::InvalidLsn)?;
        let index = index.parse().map_err(|_| hearth_wal::lsn::InvalidLsn)?;
        Ok(Self {
            commit: commit.parse()?,
            index,
        })
    }
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A new row.
    Insert,
    /// A changed row.
    Update,
    /// A deleted row.
    Delete,
    /// An emptied table.
    Truncate,
}

impl Action {
    /// As it stands in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
        }
    }
}

/// One change.
#[derive(Debug)]
pub struct Change {
    /// Where it stands.
    pub position: Position,
    /// A position from which its transaction would be streamed again.
    pub start: Lsn,
    /// Commit time in microseconds since 2000-01-01.
    pub commit_time: i64,
    /// The table as it was then.
    pub relation: Arc<Relation>,
    /// What happened.
    pub action: Action,
    /// The old row as far as the log has it.
    pub old: Option<OldRow>,
    /// The new row.
    pub new: Option<Tuple>,
    /// Its size in the log.
    pub bytes: usize,
}

/// Kept changes, bounded in time and bytes.
#[derive(Debug)]
pub struct History {
    kept: VecDeque<(Instant, Arc<Change>)>,
    bytes: usize,
    most_bytes: usize,
    window: Duration,
    /// Everything behind this is here; what is not behind it may be gone.
    horizon: Position,
}

impl History {
    /// Empty, complete from `start` on.
    pub fn new(start: Lsn, window: Duration, most_bytes: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            most_bytes,
            window,
            horizon: Position::before(start),
        }
    }

    /// Keeps a change; the oldest go when there are too many bytes.
    pub fn push(&mut self, change: Arc<Change>) {
        self.bytes += change.bytes;
        self.kept.push_back((Instant::now(), change));
        while self.bytes > self.most_bytes {
            self.evict();
        }
    }

    /// Lets go of what is older than the window.
    pub fn expire(&mut self) {
        while let Some((at, ..)) = self.kept.front() {
            if at.elapsed() <= self.window {
                return;
            }
            self.evict();
        }
    }

    fn evict(&mut self) {
        if let Some((_, change)) = self.kept.pop_front() {
            self.bytes -= change.bytes;
            self.horizon = change.position;
        }
    }

    /// The position up to which the server may forget the log, where `processed` is what has been
    /// read.
    pub fn releasable(&self, processed: Lsn) -> Lsn {
        match self.kept.front() {
            None => processed,
            Some((_, change)) => change.start.min(processed),
        }
    }

    /// Whether everything behind `position` is here.
    pub fn reaches(&self, position: Position) -> bool {
        position >= self.horizon
    }

    /// The kept changes behind `position`, in order.
    pub fn after(&self, position: Position) -> impl Iterator<Item = &Arc<Change>> {
        let from = self
            .kept
            .partition_point(|(_, change)| change.position <= position);
        self.kept.range(from..).map(|(_, change)| change)
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hearth_wal::ReplicaIdentity;

    use super::*;

    fn change(commit: u64, index: u32, bytes: usize) -> Arc<Change> {
        Arc::new(Change {
            position: Position {
                commit: Lsn(commit),
                index,
            },
            start: Lsn(commit - 5),
            commit_time: 0,
            relation: Arc::new(Relation {
                id: 1,
                namespace: "public".into(),
                name: "t".into(),
                identity: ReplicaIdentity::Default,
                columns: [].into(),
            }),
            action: Action::Insert,
            old: None,
            new: None,
            bytes,
        })
    }

    #[test]
    fn positions_are_text_and_back() {
        let position = Position {
            commit: Lsn(0x16_B374_D848),
            index: 3,
        };
        assert_eq!(position.to_string(), "16/B374D848:3");
        assert_eq!("16/B374D848:3".parse::<Position>().unwrap(), position);
        for bad in ["", "1/2", "1/2:", "1/2:x", ":1"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_behind_a_position_comes_in_order_until_it_is_gone() {
        let mut history = History::new(Lsn(10), Duration::from_secs(60), 100);
        for (commit, index) in [(20, 1), (20, 2), (30, 1)] {
            history.push(change(commit, index, 40));
        }
        // The first went: three times 40 is too much.
        let first = Position {
            commit: Lsn(20),
            index: 1,
        };
        assert!(history.reaches(first));
        assert!(!history.reaches(Position::before(Lsn(20))));
        let behind: Vec<_> = history.after(first).map(|c| c.position.index).collect();
        assert_eq!(behind, [2, 1]);
        assert_eq!(history.releasable(Lsn(40)), Lsn(15));
        assert!(history.bytes() <= 100);
    }
}

//! What is kept for clients that come back, and the positions that name it.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_wal::pgoutput::OldRow;
use hearth_wal::{Lsn, Relation, Tuple};

use super::broadcast::Broadcast;

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
    /// Behind everything.
    pub const MAX: Self = Self {
        commit: Lsn(u64::MAX),
        index: u32::MAX,
    };

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

/// What the stream brings: a changed row, or a broadcast.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A changed row.
    Row(Arc<Change>),
    /// A broadcast.
    Broadcast(Arc<Broadcast>),
}

impl Entry {
    /// Where it stands.
    pub fn position(&self) -> Position {
        match self {
            Self::Row(change) => change.position,
            Self::Broadcast(broadcast) => broadcast.position,
        }
    }

    /// A position from which its transaction would be streamed again.
    pub fn start(&self) -> Lsn {
        match self {
            Self::Row(change) => change.start,
            Self::Broadcast(broadcast) => broadcast.start,
        }
    }

    /// Its size in the log.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Row(change) => change.bytes,
            Self::Broadcast(broadcast) => broadcast.bytes,
        }
    }
}

/// Kept entries, bounded in time and bytes.
#[derive(Debug)]
pub struct History {
    kept: VecDeque<(Instant, Entry)>,
    bytes: usize,
    most_bytes: usize,
    window: Duration,
    /// Everything behind this is here; what is not behind it may be gone.
    horizon: Position,
    /// Up to where the log had been read, and when; the first is about a window old. The server
    /// keeps the log from there on, so that whoever left since can resume after a restart too.
    marks: VecDeque<(Instant, Lsn)>,
    /// What is before this was let go for its size.
    floor: Lsn,
}

/// Marks within a window.
const MARKS: u32 = 60;

impl History {
    /// Empty, complete from `start` on.
    pub fn new(start: Lsn, window: Duration, most_bytes: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            most_bytes,
            window,
            horizon: Position::before(start),
            marks: VecDeque::from([(Instant::now(), start)]),
            floor: start,
        }
    }

    /// Keeps an entry; the oldest go when there are too many bytes.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.kept.push_back((Instant::now(), entry));
        while self.bytes > self.most_bytes {
            self.evict();
            if let Some((_, first)) = self.kept.front() {
                self.floor = self.floor.max(first.start());
            }
        }
    }

    /// Lets go of what is older than the window, where the log has been read up to `processed`.
    pub fn expire(&mut self, processed: Lsn) {
        while let Some((at, ..)) = self.kept.front()
            && at.elapsed() > self.window
        {
            self.evict();
        }
        let last = self.marks.back();
        if last.is_none_or(|(at, _)| at.elapsed() >= self.window / MARKS) {
            self.marks.push_back((Instant::now(), processed));
        }
        while let Some((at, _)) = self.marks.get(1)
            && at.elapsed() > self.window
        {
            self.marks.pop_front();
        }
    }

    /// Lets the server forget the log up to `processed`, which takes too much room there. What is
    /// kept here stays, but does not outlive this Hearth.
    pub fn let_go_of_log(&mut self, processed: Lsn) {
        self.floor = self.floor.max(processed);
    }

    fn evict(&mut self) {
        if let Some((_, entry)) = self.kept.pop_front() {
            self.bytes -= entry.bytes();
            self.horizon = entry.position();
        }
    }

    /// The position up to which the server may forget the log, where `processed` is what has been
    /// read.
    pub fn releasable(&self, processed: Lsn) -> Lsn {
        let marked = self.marks.front().map_or(self.floor, |(_, lsn)| *lsn);
        let first = self.kept.front().map_or(processed, |(_, e)| e.start());
        marked.min(first).max(self.floor).min(processed)
    }

    /// Whether everything behind `position` is here.
    pub fn reaches(&self, position: Position) -> bool {
        position >= self.horizon
    }

    /// The kept entries behind `position`, in order.
    pub fn after(&self, position: Position) -> impl Iterator<Item = &Entry> {
        let from = self
            .kept
            .partition_point(|(_, entry)| entry.position() <= position);
        self.kept.range(from..).map(|(_, entry)| entry)
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

    fn change(commit: u64, index: u32, bytes: usize) -> Entry {
        Entry::Row(Arc::new(Change {
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
        }))
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
        let behind: Vec<_> = history.after(first).map(|e| e.position().index).collect();
        assert_eq!(behind, [2, 1]);
        assert_eq!(history.releasable(Lsn(40)), Lsn(15));
        history.expire(Lsn(40));
        assert_eq!(history.releasable(Lsn(40)), Lsn(15));
        assert!(history.bytes() <= 100);
    }

    #[test]
    fn the_log_is_kept_for_the_window_also_where_nothing_happens() {
        let mut history = History::new(Lsn(10), Duration::from_millis(60), 100);
        history.expire(Lsn(40));
        assert_eq!(history.releasable(Lsn(40)), Lsn(10));
        std::thread::sleep(Duration::from_millis(70));
        history.expire(Lsn(50));
        std::thread::sleep(Duration::from_millis(70));
        history.expire(Lsn(60));
        assert_eq!(history.releasable(Lsn(60)), Lsn(50));
        history.push(change(70, 1, 1));
        history.let_go_of_log(Lsn(72));
        assert_eq!(history.releasable(Lsn(80)), Lsn(72));
    }
}

//! What is remembered of single requests and events: the last of them, in memory.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hearth_core::RequestId;
use serde_json::Value;

/// Characters of a path, an agent's name or a message that are kept.
const TEXT: usize = 300;

/// One request that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Counts up within an application.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: RequestId,
    /// Which service.
    pub service: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path, without its query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// The service's own code of a refusal, where the answer's headers told it.
    pub code: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// The client's address.
    pub peer: IpAddr,
    /// What the client calls itself.
    pub agent: String,
}

/// How bad an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody was refused, or something mended itself.
    Warning,
    /// Something is broken.
    Error,
}

impl Level {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that happened beside the requests, in words.
#[derive(Debug, Clone)]
pub struct Event {
    /// Counts up within an application.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Which service says so.
    pub service: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What happened.
    pub message: String,
    /// More about it: an object of short values, nothing secret.
    pub details: Value,
}

/// `text`, cut where it is long. A text cut in place would keep its whole room.
pub(super) fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// The last of many, numbered from 1.
#[derive(Debug)]
pub(super) struct Last<T> {
    kept: VecDeque<T>,
    most: usize,
    number: u64,
}

impl<T: Clone> Last<T> {
    pub(super) fn of(most: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            most,
            number: 0,
        }
    }

    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> T) {
        self.number += 1;
        if self.kept.len() >= self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(make(self.number));
    }

    /// The wanted ones, newest first.
    pub(super) fn newest(&self, limit: usize, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let newest = self.kept.iter().rev().filter(|item| wanted(item));
        newest.take(limit).cloned().collect()
    }
}

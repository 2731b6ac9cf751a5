//! The bus of a single node: every subscriber is in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;

/// Messages that wait for one slow subscriber before it is told that it lagged.
const BACKLOG: usize = 1024;

/// Publishes to and subscribes on subjects within this process.
#[derive(Debug, Clone, Default)]
pub struct LocalBus {
    subjects: Arc<Mutex<HashMap<String, broadcast::Sender<Bytes>>>>,
}

impl LocalBus {
    /// An empty bus.
    pub fn new() -> Self {
        Self::default()
    }

    /// Receives everything that is published on `subject` from now on.
    pub fn subscribe(&self, subject: &str) -> broadcast::Receiver<Bytes> {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        subjects
            .entry(subject.to_owned())
            .or_insert_with(|| broadcast::channel(BACKLOG).0)
            .subscribe()
    }

    /// Sends `message` to the current subscribers of `subject`; returns how many there are.
    pub fn publish(&self, subject: &str, message: Bytes) -> usize {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = subjects.get(subject) else {
            return 0;
        };
        match sender.send(message) {
            Ok(receivers) => receivers,
            Err(_) => {
                subjects.remove(subject);
                0
            }
        }
    }
}

//! The reader's slot: made, taken over, watched so that it neither fills the disk nor is given up by
//! PostgreSQL, and said to be lost where it was.

use std::sync::Arc;
use std::time::Instant;

use hearth_apps::activity::Level;
use hearth_apps::{StreamReport, StreamState};
use hearth_wal::slot::{self, Usage};
use hearth_wal::{Lsn, SlotState, WalError};
use serde_json::json;
use tokio_postgres::Client;

use super::super::history::{History, Position};
use super::super::notice;
use super::super::slot_name;
use super::{LOOK, Reader, TOLD};

/// Most log that is kept for those who resume after a restart, where PostgreSQL has no bound.
const MOST_RETAINED: u64 = 1024 * 1024 * 1024;

impl Reader {
    /// Makes the slot or takes it over; returns the position from which it can stream.
    pub(super) async fn prepare_slot(
        &mut self,
        control: &Client,
        name: &str,
    ) -> Result<Lsn, WalError> {
        let lost = match slot::inspect(control, name).await? {
            SlotState::Ready {
                confirmed,
                idle,
                active,
            } => {
                let stale = self.processed == Lsn::ZERO
                    && active.is_none()
                    && idle.is_some_and(|idle| idle > self.options.window);
                if !stale {
                    slot::release(control, name).await?;
                    if self.processed == Lsn::ZERO {
                        // It outlived a Hearth: clients that resume may want what came since, on
                        // topics that this Hearth does not know yet.
                        self.history = Some(self.new_history(confirmed));
                        self.live_from = slot::current_lsn(control).await?;
                        self.registry.keep_everything_for(self.options.window);
                    }
                    return Ok(confirmed);
                }
                slot::drop(control, name).await?;
                false
            }
            SlotState::Lost => {
                slot::drop(control, name).await?;
                true
            }
            SlotState::Foreign => {
                return Err(WalError::Refused(format!("the slot {name} is not ours")));
            }
            SlotState::Absent => self.processed != Lsn::ZERO,
        };
        let start = slot::create(control, name).await?;
        let (level, message) = if lost {
            self.say_lost(name);
            (Level::Error, "a new replication slot: changes were lost")
        } else {
            (Level::Info, "a new replication slot")
        };
        let details = json!({ "slot": name, "lsn": start.to_string() });
        self.app.note("realtime", level, message, details);
        self.processed = start;
        self.history = self.history.is_some().then(|| self.new_history(start));
        Ok(start)
    }

    /// What PostgreSQL gave up cannot be read any more.
    fn say_lost(&mut self, name: &str) {
        tracing::error!(
            app = %self.app.reference, slot = name, code = "ReplicationSlotLost",
            "the replication slot was lost; changes since are lost to listeners, and a new one \
             takes its place"
        );
        self.losses.0 += 1;
        self.losses.1 = Some(self.app.clock.now());
        notice::tell_lost(&self.index);
    }

    /// Lets go of what is too old, and of all of it where nobody has resumed for the window. Those
    /// who resume are told how far the stream is, so that also where nothing happens the window
    /// begins when they leave.
    fn look_after_history(&mut self) {
        let window = self.options.window;
        let Some(history) = &mut self.history else {
            return;
        };
        history.expire(self.processed);
        if self.index.resuming().next().is_some() {
            self.last_resuming = Instant::now();
        } else if self.last_resuming.elapsed() > window {
            self.history = None;
        }
        if self.last_told.0.elapsed() > window / TOLD && self.last_told.1 < self.processed {
            self.last_told = (Instant::now(), self.processed);
            notice::tell_position(&self.index, Position::before(self.processed));
        }
    }

    /// Looks at what the slot costs. Long before PostgreSQL would give it up, the log that is kept
    /// only for those who resume after a restart is let go; what is in memory stays.
    pub(super) async fn look_after_slot(&mut self, control: &Client) -> Result<(), WalError> {
        self.look_after_history();
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        self.usage = slot::usage(control, &slot_name(&self.app.reference)).await?;
        let pressed = |usage: Usage| {
            let safe = usage
                .safe
                .unwrap_or(MOST_RETAINED.saturating_sub(usage.retained));
            safe < usage.retained
        };
        if self.usage.is_some_and(pressed)
            && let Some(history) = &mut self.history
        {
            history.let_go_of_log(self.processed);
        }
        Ok(())
    }

    /// Says how the reader is.
    pub(super) fn note(&self, state: StreamState) {
        let usage = self.usage;
        let lag = usage.map(|usage| usage.end.0.saturating_sub(self.processed.0));
        self.app.stream.store(Arc::new(StreamReport {
            state,
            failure: (state != StreamState::Streaming)
                .then(|| self.failure.clone())
                .flatten(),
            slot: slot_name(&self.app.reference),
            sockets: self.sockets.count(),
            topics: self.registry.topics(),
            subscriptions: self.index.len(),
            delivered: self.processed.to_string(),
            lag_bytes: lag,
            retained_wal_bytes: usage.map(|usage| usage.retained),
            safe_wal_bytes: usage.and_then(|usage| usage.safe),
            kept_bytes: self.history.as_ref().map_or(0, History::bytes),
            losses: self.losses.0,
            lost_at: self.losses.1,
        }));
    }
}

//! How subscriptions begin: each gets its position, and those who come back get what they missed.

use std::time::Instant;

use hearth_wal::{WalError, slot};
use tokio_postgres::Client;

use super::super::catalog::Catalog;
use super::super::history::{Entry, Position};
use super::super::subscriptions::{Group, Member};
use super::super::{Outcome, Resumed};
use super::{BATCH_CHANGES, Pending, Reader};
use crate::outbox::Close;

/// Bytes that a returning client gets at once, and how many clients get some between two batches of
/// the stream.
const PART_BYTES: usize = 256 * 1024;
/// See [`PART_BYTES`].
const PARTS_AT_ONCE: usize = 32;

/// A client that is given what it missed, and how far it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Returning {
    id: u64,
    at: Position,
}

impl Reader {
    /// Gives those who wait their position: what commits from now on is theirs.
    pub(super) async fn activate(&mut self, control: &Client) -> Result<(), WalError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let now = slot::current_lsn(control).await?;
        if self.pending.iter().any(|p| p.resume.is_some()) {
            self.last_resuming = Instant::now();
            if self.history.is_none() {
                self.history = Some(self.new_history(self.processed));
            }
        }
        for pending in std::mem::take(&mut self.pending) {
            let wanted = pending.resume.as_ref().and_then(|resume| resume.after);
            let known = wanted.filter(|position| {
                let kept = self.history.as_ref().is_some_and(|h| h.reaches(*position));
                kept && position.commit <= now
            });
            let expired = wanted.is_some() && known.is_none();
            self.place(pending, known.unwrap_or(Position::before(now)), expired);
        }
        Ok(())
    }

    /// Opens the channel and puts the subscription into the index.
    pub(super) fn place(&mut self, pending: Pending, after: Position, expired: bool) {
        if pending.reply.is_closed() {
            return;
        }
        self.next_id += 1;
        let id = self.next_id;
        let positions = pending.resume.is_some();
        (pending.opening)(match pending.refusal {
            Some(reason) => Outcome::Refused(reason),
            None => Outcome::Subscribed {
                resumed: positions.then(|| Resumed {
                    position: after.to_string(),
                    expired,
                }),
            },
        });
        let group = Group {
            version: pending.version,
            topic: pending.topic,
            bindings: pending.bindings,
            legacy: pending.legacy,
            positions,
            hears: pending.hears,
            claims: pending.claims,
            members: Vec::new(),
        };
        if !group.bindings.is_empty() || group.hears.is_some() {
            // What it missed is behind the stream: it comes again out of the history, and until then
            // it holds back from the stream.
            if positions {
                self.resuming.push_back(Returning { id, at: after });
            }
            self.index.add(
                group,
                Member {
                    id,
                    outbox: pending.outbox,
                    after: if positions { Position::MAX } else { after },
                    client: pending.client,
                },
            );
        }
        if pending.reply.send(Ok(id)).is_err() {
            self.index.remove(id);
        }
    }

    /// Gives returning clients the next parts of what they missed. The stream goes on meanwhile, and
    /// they hold back from it until they have caught up; one that reads slowly delays nobody.
    pub(super) async fn resume(
        &mut self,
        control: &Client,
        catalog: &mut Catalog,
    ) -> Result<(), WalError> {
        for _ in 0..self.resuming.len().min(PARTS_AT_ONCE) {
            let Some(returning) = self.resuming.front().copied() else {
                break;
            };
            // Only now does it leave the queue: had this failed, it would be given again.
            let next = self.give_part(returning, control, catalog).await?;
            self.resuming.pop_front();
            self.resuming.extend(next);
        }
        Ok(())
    }

    /// Gives one client one part; returns where it stands, or nothing once it has caught up.
    async fn give_part(
        &mut self,
        returning: Returning,
        control: &Client,
        catalog: &mut Catalog,
    ) -> Result<Option<Returning>, WalError> {
        let Returning { id, at } = returning;
        let Some((group, member)) = self.index.find(id) else {
            return Ok(None);
        };
        let mut part = Vec::new();
        if let Some(history) = &self.history {
            if !history.reaches(at) {
                // It was overtaken: it joins again and is told so.
                member.outbox.close(Close::SLOW);
                return Ok(None);
            }
            if !member.outbox.has_room() {
                return Ok(Some(returning));
            }
            let mut bytes = 0;
            for entry in history.after(at).take(BATCH_CHANGES) {
                bytes += entry.bytes();
                part.push(entry.clone());
                if bytes > PART_BYTES {
                    break;
                }
            }
        }
        let Some(last) = part.last().map(Entry::position) else {
            self.index.set_after(id, at);
            return Ok(None);
        };
        let delivery = self.delivery(control);
        delivery.run(catalog, &part, Some((group, id))).await?;
        Ok(Some(Returning { id, at: last }))
    }
}

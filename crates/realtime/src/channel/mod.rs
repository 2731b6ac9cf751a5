//! One channel of one socket, a file per event: `phx_join`, `phx_leave`, `broadcast`, `presence`,
//! `access_token`. Events run in the order they came; one that has to ask the database makes
//! the later ones of its channel wait, never those of another channel.

pub mod access_token;
pub mod broadcast;
pub mod join;
pub mod leave;
pub mod presence;

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::AbortHandle;
use serde_json::Value;

use crate::authorize::Policies;
use crate::caller::Caller;
use crate::changes::Subscription;
use crate::frame::Incoming;
use crate::limits::PresenceWindow;
use crate::registry::{Membership, Reads};

/// A topic that a socket has joined, or is joining.
pub struct Channel {
    /// As it stands in frames.
    pub topic: Arc<str>,
    /// Which join it is; answers of an earlier one are of no interest.
    pub serial: u64,
    /// Echoed in everything that belongs to this join.
    pub join_ref: Value,
    /// What waits for the database's answer, if something does.
    pub working: Option<AbortHandle>,
    /// Messages that came meanwhile.
    pub queue: VecDeque<Incoming>,
    /// What the join has made; none until then.
    pub joined: Option<Box<Joined>>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(working) = &self.working {
            working.abort();
        }
    }
}

/// An established channel.
pub struct Joined {
    /// The name behind `realtime:`.
    pub name: Arc<str>,
    /// Whether policies decide.
    pub private: bool,
    /// Broadcasts are acknowledged.
    pub ack: bool,
    /// Broadcasts come back to their sender.
    pub own_broadcasts: bool,
    /// Under which key this client is present.
    pub presence_key: String,
    /// Who it speaks for.
    pub caller: Caller,
    /// What policies allow; none on public channels.
    pub policies: Option<Policies>,
    /// Its place on the topic.
    pub membership: Membership,
    /// What the client calls itself, where it resumes.
    pub client: Option<Arc<str>>,
    /// Its subscription to changes of the database.
    pub changes: Option<Subscription>,
    /// Its own limit of presence messages.
    pub presence_window: PresenceWindow,
    /// Set where a limit was reached: the channel is to be closed with these words.
    pub closing: Option<&'static str>,
}

/// What a member of a channel with these policies receives.
pub fn reads(policies: Option<&Policies>) -> Reads {
    match policies {
        None => Reads::ALL,
        Some(policies) => Reads {
            broadcast: policies.broadcast_read == Some(true),
            presence: policies.presence_read == Some(true),
        },
    }
}

//! `phx_leave`: the client goes; it is answered first and then told that the channel is closed.

use crate::frame::Incoming;
use crate::socket::Session;

/// Leaves the channel. A channel that is gone already was closed by us: that is as good.
pub fn handle(session: &mut Session, message: &Incoming) {
    let stale = session
        .channels
        .get(message.topic.as_str())
        .is_some_and(|channel| {
            !message.join_ref.is_null()
                && !channel.join_ref.is_null()
                && channel.join_ref != message.join_ref
        });
    if stale {
        // It raced the close of an earlier join, which has been told.
        return;
    }
    let channel = session.channels.remove(message.topic.as_str());
    session.shared.reply(message, "ok", "{}");
    if let Some(channel) = channel {
        session
            .shared
            .close_channel(&channel.topic, &channel.join_ref);
    }
}

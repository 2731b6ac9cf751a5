//! LISTEN on one connection that mends itself: notifications come out of a channel, and a
//! [`Notice::Reconnected`] says that some may have been missed.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Config};

use crate::connect::{Target, connect_raw};
use crate::identifier::quote;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The connection stands (again): notifications may have been missed before this.
    Reconnected,
    /// A notification.
    Message {
        /// The channel it was sent on.
        channel: String,
        /// Its payload.
        payload: String,
    },
}

/// Listens on `channels` until the receiver is dropped.
pub fn listen(config: Config, channels: Vec<String>) -> mpsc::Receiver<Notice> {
    let (sender, receiver) = mpsc::channel(64);
    let target = Target::from(config);
    tokio::spawn(async move {
        let mut pause = Duration::from_millis(50);
        while !sender.is_closed() {
            match listen_once(&target, &channels, &sender).await {
                Ok(()) => pause = Duration::from_millis(50),
                Err(error) => {
                    tracing::debug!(error = %crate::connect::describe(&error), "listener lost");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = sender.closed() => {}
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    });
    receiver
}

/// Listens until the connection is lost or the receiver is dropped.
///
/// # Errors
/// Why the connection could not be made, or was lost.
pub async fn listen_once(
    target: &Target,
    channels: &[String],
    sender: &mpsc::Sender<Notice>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = connect_raw(target).await?;
    let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
    let sql: String = channels
        .iter()
        .map(|c| format!("listen {};", quote(c)))
        .collect();
    let mut listening = Box::pin(async {
        let result = client.batch_execute(&sql).await;
        if result.is_ok() {
            let _ = sender.send(Notice::Reconnected).await;
        }
        result
    });
    let mut ready = false;
    loop {
        tokio::select! {
            result = &mut listening, if !ready => {
                result?;
                ready = true;
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(n))) => {
                    let notice = Notice::Message {
                        channel: n.channel().to_owned(),
                        payload: n.payload().to_owned(),
                    };
                    if sender.send(notice).await.is_err() {
                        return Ok(());
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
            () = sender.closed() => return Ok(()),
        }
    }
}

//! Hears `NOTIFY pgrst`: the schema cache and the configuration are read again when it says so, and
//! after a connection that was lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hearth_pg::connect;
use hearth_pg::listen::{Notice, listen_once};
use tokio::sync::mpsc;
use tokio_postgres::config::TargetSessionAttrs;

use crate::log;
use crate::server::Server;

/// The longest pause between attempts, in seconds.
const LONGEST_PAUSE: u64 = 32;

/// Listens until it is ended.
pub(crate) async fn follow(server: Arc<Server>) {
    let channel = server.config.load().channel.clone();
    let mut target = server.target.clone();
    // A replica takes no LISTEN.
    target
        .config
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    let mut pause = 1;
    loop {
        let (sender, mut notices) = mpsc::channel(64);
        let channels = [channel.clone()];
        let mut listening = std::pin::pin!(listen_once(&target, &channels, &sender));
        let reason = loop {
            tokio::select! {
                ended = &mut listening => break match ended {
                    Ok(()) => "the connection was closed".to_owned(),
                    Err(error) => connect::describe(&error),
                },
                Some(notice) = notices.recv() => match notice {
                    Notice::Reconnected => {
                        server.listening.store(true, Ordering::SeqCst);
                        if pause > 1 {
                            // Notifications may have been missed meanwhile.
                            server.reload.notify_one();
                            pause = 1;
                        }
                        log::say(&format!(
                            "Listener connected and listening for database notifications on the \
                             {channel:?} channel"
                        ));
                    }
                    Notice::Message { payload, .. } => hear(&server, &channel, &payload),
                },
            }
        };
        server.listening.store(false, Ordering::SeqCst);
        log::say(&format!(
            "Failed listening for database notifications on the {channel:?} channel. {reason}"
        ));
        if !server.config.load().automatic_recovery {
            return server.give_up("Automatic recovery disabled, exiting.");
        }
        log::say(&format!(
            "Retrying listening for database notifications in {pause} seconds..."
        ));
        tokio::time::sleep(Duration::from_secs(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn hear(server: &Arc<Server>, channel: &str, payload: &str) {
    match payload {
        "" | "reload schema" => {
            log::say(&format!(
                "Received a schema cache reload message on the {channel:?} channel"
            ));
            server.reload.notify_one();
        }
        "reload config" => {
            log::say(&format!(
                "Received a config reload message on the {channel:?} channel"
            ));
            let server = server.clone();
            tokio::spawn(async move { server.reload_config_now().await });
        }
        _ => {}
    }
}

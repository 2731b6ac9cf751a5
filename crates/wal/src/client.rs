//! The streaming connection.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use pgwire_replication::{ReplicationClient, ReplicationConfig, ReplicationEvent, TlsConfig};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::WalError;
use crate::lsn::Lsn;
use crate::pgoutput::{self, Message};

/// Events that wait between the socket and the consumer. Few, because one may be a row of many
/// megabytes; beyond them the server waits.
const EVENTS_AHEAD: usize = 32;
/// How often the confirmed position is told to the server.
const STATUS_INTERVAL: Duration = Duration::from_secs(2);
/// Text forms must not depend on the server's or database's settings.
const SESSION: &str = "-c datestyle=ISO,MDY -c intervalstyle=postgres -c timezone=UTC \
                       -c extra_float_digits=1 -c bytea_output=hex";

/// What to stream.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// The slot.
    pub slot: String,
    /// Publications that decide which tables and operations come.
    pub publications: Vec<String>,
    /// Transactions that end before this position are left out; [`Lsn::ZERO`]: from the slot's
    /// confirmed position on.
    pub start: Lsn,
    /// What has been confirmed before and may be told to the server again.
    pub confirmed: Lsn,
}

/// What the stream brings.
#[derive(Debug)]
pub enum Event {
    /// A decoded message.
    Message(Message),
    /// Nothing of ours up to this position.
    KeepAlive {
        /// The server's position.
        wal_end: Lsn,
    },
}

/// A running stream. Dropping it closes the connection.
pub struct WalStream {
    client: ReplicationClient,
}

impl WalStream {
    /// Connects to the database of `config` and starts streaming; returns once the server has
    /// agreed to.
    ///
    /// # Errors
    /// [`WalError::Connection`] where the server is away, [`WalError::Refused`] where it refuses
    /// (slot lost, in use, publication missing).
    pub async fn connect(config: &Config, options: &StreamOptions) -> Result<Self, WalError> {
        let config = replication_config(config, options)?;
        let mut client = ReplicationClient::connect(config).await?;
        client.wait_started().await?;
        Ok(Self { client })
    }

    /// The next event. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Why the stream ended.
    pub async fn recv(&mut self) -> Result<Event, WalError> {
        match self.client.recv().await? {
            Some(event) => read(event),
            None => Err(WalError::Connection(
                "the server ended the stream".to_owned(),
            )),
        }
    }

    /// The next event if it is here already.
    ///
    /// # Errors
    /// Why the stream ended.
    pub fn try_recv(&mut self) -> Result<Option<Event>, WalError> {
        match self.client.recv().now_or_never() {
            None => Ok(None),
            Some(Ok(Some(event))) => read(event).map(Some),
            Some(Ok(None)) => Err(WalError::Connection(
                "the server ended the stream".to_owned(),
            )),
            Some(Err(error)) => Err(error.into()),
        }
    }

    /// Says that everything before `lsn` is no longer needed.
    pub fn confirm(&self, lsn: Lsn) {
        self.client
            .update_applied_lsn(pgwire_replication::Lsn(lsn.0));
    }

    /// Ends the stream in order, so that the slot is free when this returns.
    pub async fn stop(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.client.shutdown()).await;
    }
}

fn read(event: ReplicationEvent) -> Result<Event, WalError> {
    let lsn = |lsn: pgwire_replication::Lsn| Lsn(lsn.0);
    Ok(match event {
        ReplicationEvent::KeepAlive { wal_end, .. } => Event::KeepAlive {
            wal_end: lsn(wal_end),
        },
        ReplicationEvent::Begin {
            final_lsn,
            xid,
            commit_time_micros,
        } => Event::Message(Message::Begin {
            final_lsn: lsn(final_lsn),
            commit_time: commit_time_micros,
            xid,
        }),
        ReplicationEvent::Commit {
            lsn: at,
            end_lsn,
            commit_time_micros,
        } => Event::Message(Message::Commit {
            lsn: lsn(at),
            end_lsn: lsn(end_lsn),
            commit_time: commit_time_micros,
        }),
        ReplicationEvent::Message {
            transactional,
            prefix,
            content,
            ..
        } => Event::Message(Message::Logical {
            transactional,
            prefix: prefix.into(),
            content,
        }),
        ReplicationEvent::XLogData { data, .. } => Event::Message(decode(data)?),
        ReplicationEvent::StoppedAt { reached } => Event::KeepAlive {
            wal_end: lsn(reached),
        },
    })
}

fn decode(data: Bytes) -> Result<Message, WalError> {
    pgoutput::decode(data)
}

fn replication_config(
    config: &Config,
    options: &StreamOptions,
) -> Result<ReplicationConfig, WalError> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.to_string_lossy().into_owned(),
        None => match config.get_hostaddrs().first() {
            Some(address) => address.to_string(),
            None => return Err(WalError::Config("no host")),
        },
    };
    let user = config.get_user().ok_or(WalError::Config("no user"))?;
    let database = config.get_dbname().ok_or(WalError::Config("no database"))?;
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
    let publications = options.publications.clone();
    let tls = match config.get_ssl_mode() {
        _ if host.starts_with('/') => TlsConfig::disabled(),
        SslMode::Disable => TlsConfig::disabled(),
        SslMode::Prefer => TlsConfig {
            mode: pgwire_replication::SslMode::Prefer,
            ..TlsConfig::disabled()
        },
        _ => TlsConfig::verify_full(None),
    };
    let mut made =
        ReplicationConfig::new(host, user, password, database, &*options.slot, publications)
            .with_port(config.get_ports().first().copied().unwrap_or(5432))
            .with_tls(tls)
            .with_start_lsn(pgwire_replication::Lsn(options.start.0))
            .with_ack_lsn(pgwire_replication::Lsn(options.confirmed.0))
            .with_status_interval(STATUS_INTERVAL)
            .with_wakeup_interval(Duration::from_secs(10))
            .with_buffer_size(EVENTS_AHEAD)
            .with_options(SESSION)
            .with_application_name("hearth realtime");
    made.binary = false;
    Ok(made)
}

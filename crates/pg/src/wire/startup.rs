//! Opening a connection: socket, parameters, proof of who we are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ChannelBinding, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::WireClient;
use super::reply::iso_dates;
use crate::error::{PgError, ServerError};

/// What stands between two Syncs begins as the session's defaults say, whatever has been set for
/// the database or the login.
macro_rules! defaults {
    () => {
        "set default_transaction_isolation = 'read committed'; \
         set default_transaction_read_only = off; \
         set default_transaction_deferrable = off"
    };
}

/// Makes the session what it was at its start, prepared statements and role apart.
pub(super) const CLEAN: &str = concat!(
    "reset all; close all; unlisten *; discard temp; \
     select pg_catalog.pg_advisory_unlock_all(); ",
    defaults!()
);
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether connections of this kind can be made with `config`: by a socket of the machine, or
/// over TCP where no TLS is wanted.
pub fn is_possible(config: &Config) -> bool {
    let is_local = |host: &Host| matches!(host, Host::Unix(_));
    config.get_ssl_mode() == SslMode::Disable || config.get_hosts().iter().all(is_local)
}

impl WireClient {
    /// Connects.
    ///
    /// # Errors
    /// [`PgError::Unavailable`] where the server cannot be reached or is not ready,
    /// [`PgError::Server`] where it refuses.
    pub async fn connect(config: &Config) -> Result<Self, PgError> {
        let patience = config.get_connect_timeout().copied().unwrap_or(PATIENCE);
        tokio::time::timeout(patience, open(config))
            .await
            .unwrap_or_else(|_| Err(PgError::Unavailable("no answer in time".to_owned())))
            .map_err(|error| match error {
                error if error.is_unavailable() => PgError::Unavailable(error.to_string()),
                error => error,
            })
    }
}

async fn open(config: &Config) -> Result<WireClient, PgError> {
    let mut talk = Talk {
        stream: Stream::connect(config).await?,
        inbox: BytesMut::with_capacity(4096),
        outbox: BytesMut::new(),
        iso_dates: false,
    };
    let user = config.get_user().unwrap_or_default();
    let mut parameters = vec![("client_encoding", "UTF8"), ("user", user)];
    let optional = [
        ("database", config.get_dbname()),
        ("options", config.get_options()),
        ("application_name", config.get_application_name()),
    ];
    parameters.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    frontend::startup_message(parameters, &mut talk.outbox).map_err(unreadable)?;
    talk.send().await?;
    talk.authenticate(user, config.get_password().unwrap_or_default())
        .await?;
    talk.ready().await?;
    frontend::query(defaults!(), &mut talk.outbox).map_err(unreadable)?;
    talk.send().await?;
    talk.ready().await?;
    Ok(WireClient::new(talk.stream, talk.inbox, talk.iso_dates))
}

/// A connection before it is ready.
struct Talk {
    stream: Stream,
    inbox: BytesMut,
    outbox: BytesMut,
    iso_dates: bool,
}

impl Talk {
    async fn send(&mut self) -> Result<(), PgError> {
        self.stream
            .write_all(&self.outbox)
            .await
            .map_err(unreachable_server)?;
        self.outbox.clear();
        Ok(())
    }

    /// The next message; an error of the server is an error here.
    async fn next(&mut self) -> Result<Message, PgError> {
        loop {
            match Message::parse(&mut self.inbox).map_err(unreadable)? {
                Some(Message::ErrorResponse(body)) => {
                    let error = ServerError::of(&body).map_err(unreadable)?;
                    return Err(PgError::Server(Box::new(error)));
                }
                Some(message) => return Ok(message),
                None => {
                    let read = self.stream.read_buf(&mut self.inbox).await;
                    if read.map_err(unreachable_server)? == 0 {
                        let text = "the server closed the connection";
                        return Err(PgError::Unavailable(text.to_owned()));
                    }
                }
            }
        }
    }

    async fn ready(&mut self) -> Result<(), PgError> {
        loop {
            match self.next().await? {
                Message::ReadyForQuery(_) => return Ok(()),
                Message::ParameterStatus(status) => {
                    let iso_dates = iso_dates(&status).map_err(unreadable)?;
                    self.iso_dates = iso_dates.unwrap_or(self.iso_dates);
                }
                _ => {}
            }
        }
    }

    async fn authenticate(&mut self, user: &str, password: &[u8]) -> Result<(), PgError> {
        loop {
            match self.next().await? {
                Message::AuthenticationOk => return Ok(()),
                Message::AuthenticationCleartextPassword => {
                    frontend::password_message(password, &mut self.outbox).map_err(unreadable)?;
                    self.send().await?;
                }
                Message::AuthenticationMd5Password(body) => {
                    let proof = md5_hash(user.as_bytes(), password, body.salt());
                    frontend::password_message(proof.as_bytes(), &mut self.outbox)
                        .map_err(unreadable)?;
                    self.send().await?;
                }
                Message::AuthenticationSasl(body) => {
                    let scram = |name: &str| Ok(name == sasl::SCRAM_SHA_256);
                    if !body.mechanisms().any(scram).map_err(unreadable)? {
                        return Err(unsupported());
                    }
                    self.scram(password).await?;
                }
                _ => return Err(unsupported()),
            }
        }
    }

    async fn scram(&mut self, password: &[u8]) -> Result<(), PgError> {
        let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
        frontend::sasl_initial_response(sasl::SCRAM_SHA_256, scram.message(), &mut self.outbox)
            .map_err(unreadable)?;
        self.send().await?;
        let Message::AuthenticationSaslContinue(body) = self.next().await? else {
            return Err(unsupported());
        };
        scram.update(body.data()).map_err(unreadable)?;
        frontend::sasl_response(scram.message(), &mut self.outbox).map_err(unreadable)?;
        self.send().await?;
        let Message::AuthenticationSaslFinal(body) = self.next().await? else {
            return Err(unsupported());
        };
        scram.finish(body.data()).map_err(unreadable)
    }
}

fn unsupported() -> PgError {
    PgError::Protocol("the server wants a kind of authentication that is not supported".to_owned())
}

fn unreadable(error: io::Error) -> PgError {
    PgError::Protocol(error.to_string())
}

fn unreachable_server(error: io::Error) -> PgError {
    PgError::Unavailable(error.to_string())
}

/// A socket to the server.
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Tries the hosts in turn.
    async fn connect(config: &Config) -> Result<Self, PgError> {
        let ports = config.get_ports();
        let mut last = PgError::Unavailable("no host to connect to".to_owned());
        for (index, host) in config.get_hosts().iter().enumerate() {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            let opened = match host {
                Host::Unix(dir) => {
                    let path = dir.join(format!(".s.PGSQL.{port}"));
                    UnixStream::connect(path).await.map(Self::Unix)
                }
                Host::Tcp(name) => TcpStream::connect((name.as_str(), port))
                    .await
                    .and_then(|stream| stream.set_nodelay(true).map(|()| Self::Tcp(stream))),
            };
            match opened {
                Ok(stream) => return Ok(stream),
                Err(error) => last = unreachable_server(error),
            }
        }
        Err(last)
    }

    /// True while the server neither has said anything nor has gone. Asks the kernel only where
    /// something is known to have arrived.
    pub(super) fn is_quiet(&self) -> bool {
        let mut byte = [0];
        let read = match self {
            Self::Unix(stream) => stream.try_read(&mut byte),
            Self::Tcp(stream) => stream.try_read(&mut byte),
        };
        matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Terminate, so that PostgreSQL does not take it for a broken connection. If it does not
        // go out at once, nothing is lost.
        let terminate = [b'X', 0, 0, 0, 4];
        let _ = match self {
            Self::Unix(stream) => stream.try_write(&terminate),
            Self::Tcp(stream) => stream.try_write(&terminate),
        };
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

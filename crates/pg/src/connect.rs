//! Opening one connection, with TLS where the server's address asks for it.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::PgError;
use crate::tls::{self, Tls};

/// Where a connection leads, and how far the server's certificate is trusted.
#[derive(Debug, Clone)]
pub struct Target {
    /// Hosts, user, database.
    pub config: Config,
    /// What is checked of the certificate.
    pub tls: Tls,
}

impl From<Config> for Target {
    fn from(config: Config) -> Self {
        Self {
            config,
            tls: Tls::default(),
        }
    }
}

/// Connects and drives the connection on a task of its own, which ends with the client.
///
/// # Errors
/// [`PgError::Unavailable`] where the server cannot be reached or is not ready,
/// [`PgError::Postgres`] where it refuses (wrong password, no such database).
pub async fn connect(config: &Config) -> Result<(Client, JoinHandle<()>), PgError> {
    connect_heard(config, |_| {}).await
}

/// As [`connect`], with the certificate trusted as far as `target` says.
///
/// # Errors
/// As [`connect`].
pub async fn connect_to(target: &Target) -> Result<(Client, JoinHandle<()>), PgError> {
    open(&target.config, &target.tls, |_| {}).await
}

/// Connects without driving the connection: for listeners, which read its messages.
///
/// # Errors
/// As tokio-postgres has them.
pub(crate) async fn connect_raw(
    target: &Target,
) -> Result<(Client, RawConnection), tokio_postgres::Error> {
    let config = &target.config;
    if config.get_ssl_mode() == SslMode::Disable || only_sockets(config) {
        let (client, connection) = config.connect(NoTls).await?;
        Ok((client, RawConnection::Plain(Box::new(connection))))
    } else {
        let tls = MakeRustlsConnect::new(tls::client_config(&target.tls));
        let (client, connection) = config.connect(tls).await?;
        Ok((client, RawConnection::Tls(Box::new(connection))))
    }
}

type TlsStream =
    <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>>::Stream;

/// A connection that somebody has to poll.
pub(crate) enum RawConnection {
    /// Without TLS.
    Plain(Box<Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>>),
    /// With it.
    Tls(Box<Connection<tokio_postgres::Socket, TlsStream>>),
}

impl RawConnection {
    /// The next message, as [`Connection::poll_message`].
    pub(crate) fn poll_message(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> {
        match self {
            Self::Plain(connection) => connection.poll_message(context),
            Self::Tls(connection) => connection.poll_message(context),
        }
    }
}

/// Whether the first host that answers would speak TLS; false for sockets of this machine, true
/// where addresses stand for names.
///
/// # Errors
/// If no host answers.
pub async fn offers_tls(config: &Config) -> io::Result<bool> {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    const PATIENCE: Duration = Duration::from_secs(10);
    let patience = config.get_connect_timeout().copied().unwrap_or(PATIENCE);
    let ports = config.get_ports();
    if !config.get_hostaddrs().is_empty() {
        return Ok(true);
    }
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "no host to connect to");
    for (index, host) in config.get_hosts().iter().enumerate() {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let Host::Tcp(name) = host else {
            return Ok(false);
        };
        let ask = async {
            let mut stream = TcpStream::connect((name.as_str(), port)).await?;
            stream.write_all(&SSL_REQUEST).await?;
            stream.read_u8().await
        };
        match tokio::time::timeout(patience, ask).await {
            Ok(Ok(answer)) => return Ok(answer == b'S'),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

/// As [`connect`], and `hear` is called with each notice that the server sends.
///
/// # Errors
/// As [`connect`].
pub async fn connect_heard<F>(config: &Config, hear: F) -> Result<(Client, JoinHandle<()>), PgError>
where
    F: FnMut(DbError) + Send + 'static,
{
    open(config, &Tls::System, hear).await
}

async fn open<F>(config: &Config, tls: &Tls, hear: F) -> Result<(Client, JoinHandle<()>), PgError>
where
    F: FnMut(DbError) + Send + 'static,
{
    let unavailable = |e: tokio_postgres::Error| {
        let error = PgError::Postgres(e);
        if error.is_unavailable() {
            PgError::Unavailable(describe(&error))
        } else {
            error
        }
    };
    if config.get_ssl_mode() == SslMode::Disable || only_sockets(config) {
        let (client, connection) = config.connect(NoTls).await.map_err(unavailable)?;
        Ok((client, tokio::spawn(drive(connection, hear))))
    } else {
        let tls = MakeRustlsConnect::new(tls::client_config(tls));
        let (client, connection) = config.connect(tls).await.map_err(unavailable)?;
        Ok((client, tokio::spawn(drive(connection, hear))))
    }
}

/// Asks the server to give up what the connection of `token`, opened with `config`, is doing.
///
/// # Errors
/// If the server cannot be reached.
pub async fn cancel(config: &Config, token: &CancelToken) -> Result<(), PgError> {
    if config.get_ssl_mode() == SslMode::Disable || only_sockets(config) {
        token.cancel_query(NoTls).await?;
    } else {
        let tls = MakeRustlsConnect::new(tls::client_config(&Tls::System));
        token.cancel_query(tls).await?;
    }
    Ok(())
}

async fn drive<S, T, F>(mut connection: Connection<S, T>, mut hear: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
    F: FnMut(DbError),
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::debug!("{}: {}", notice.severity(), notice.message());
                hear(notice);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return end_quietly(Err(error)),
            None => return,
        }
    }
}

fn end_quietly(result: Result<(), tokio_postgres::Error>) {
    if let Err(error) = result {
        tracing::debug!(%error, "database connection ended");
    }
}

fn only_sockets(config: &Config) -> bool {
    config
        .get_hosts()
        .iter()
        .all(|h| matches!(h, tokio_postgres::config::Host::Unix(_)))
}

/// An error with all its causes in one line: tokio-postgres keeps the reason in the source.
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

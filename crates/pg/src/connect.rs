//! Opening one connection, with TLS where the server's address asks for it.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::PgError;

/// Connects and drives the connection on a task of its own, which ends with the client.
///
/// # Errors
/// [`PgError::Unavailable`] where the server cannot be reached or is not ready,
/// [`PgError::Postgres`] where it refuses (wrong password, no such database).
pub async fn connect(config: &Config) -> Result<(Client, JoinHandle<()>), PgError> {
    connect_heard(config, |_| {}).await
}

/// As [`connect`], and `hear` is called with each notice that the server sends.
///
/// # Errors
/// As [`connect`].
pub async fn connect_heard<F>(config: &Config, hear: F) -> Result<(Client, JoinHandle<()>), PgError>
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
        let tls = MakeRustlsConnect::new(tls_config());
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
        let tls = MakeRustlsConnect::new(tls_config());
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

fn tls_config() -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    match rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
    {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        Err(error) => unreachable!("ring supports TLS 1.2 and 1.3: {error}"),
    }
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

//! `--ready`: asks a running server's admin server.

use crate::config::Config;
use crate::sockets::reachable_host;

/// Why the answer is no, in PostgREST's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// There is nobody to ask.
    #[error("Admin server is not running. Please check admin-server-port config.")]
    NoAdminServer,
    /// The address is not known.
    #[error(
        "The `--ready` flag cannot be used when server-host is configured as \"{0}\". Please \
         update your server-host config to \"localhost\"."
    )]
    SpecialHost(String),
    /// It answered that it is not.
    #[error("{0}")]
    NotYet(String),
    /// Nobody answered.
    #[error("connection refused to {0}")]
    Refused(String),
}

/// Asks; the address that answered, if all is well.
///
/// # Errors
/// Why the server is not ready.
pub async fn ready(config: &Config) -> Result<String, NotReady> {
    let admin = &config.admin_server;
    let port = admin.port.ok_or(NotReady::NoAdminServer)?;
    if reachable_host(&admin.host) != admin.host {
        return Err(NotReady::SpecialHost(admin.host.clone()));
    }
    let host = if admin.host.contains(':') {
        format!("[{}]", admin.host)
    } else {
        admin.host.clone()
    };
    let url = format!("http://{host}:{port}/ready");
    match reqwest::get(&url).await {
        Ok(response) if response.status().is_success() => Ok(url),
        Ok(_) => Err(NotReady::NotYet(url)),
        Err(_) => Err(NotReady::Refused(url)),
    }
}

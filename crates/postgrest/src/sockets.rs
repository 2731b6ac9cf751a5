//! Where the servers listen: a file, or an address with the special names that PostgREST has.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tokio::net::{TcpListener, TcpSocket, UnixListener, lookup_host};

use crate::config::Listening;

const BACKLOG: u32 = 2048;

/// A socket that listens.
pub(crate) enum Socket {
    /// An address.
    Tcp(TcpListener),
    /// A file.
    Unix(UnixListener, PathBuf),
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct SocketError {
    address: String,
    source: std::io::Error,
}

impl Socket {
    /// Binds what `listening` says; none where it says neither file nor port. With `shared` other
    /// processes may listen on the same port.
    ///
    /// # Errors
    /// If the address or file cannot be bound.
    pub(crate) async fn bind(
        listening: &Listening,
        shared: bool,
    ) -> Result<Option<Self>, SocketError> {
        if let Some(path) = &listening.unix_socket {
            let bound = bind_file(path, listening.unix_socket_mode);
            return bound.map(Some).map_err(|source| SocketError {
                address: path.display().to_string(),
                source,
            });
        }
        let Some(port) = listening.port else {
            return Ok(None);
        };
        bind_address(&listening.host, port, shared)
            .await
            .map(|socket| Some(Self::Tcp(socket)))
            .map_err(|source| SocketError {
                address: format!("{}:{port}", listening.host),
                source,
            })
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(socket) => match socket.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(error) => write!(f, "{error}"),
            },
            Self::Unix(_, path) => write!(f, "{}", path.display()),
        }
    }
}

fn bind_file(path: &PathBuf, mode: u32) -> std::io::Result<Socket> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(Socket::Unix(socket, path.clone()))
}

async fn bind_address(host: &str, port: u16, shared: bool) -> std::io::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = match host {
        "*" | "*4" => vec![([0; 4], port).into(), ([0_u16; 8], port).into()],
        "*6" => vec![([0_u16; 8], port).into(), ([0; 4], port).into()],
        "!4" => vec![([0; 4], port).into()],
        "!6" => vec![([0_u16; 8], port).into()],
        name => lookup_host((name, port)).await?.collect(),
    };
    let mut failure = std::io::Error::new(std::io::ErrorKind::NotFound, "no such host");
    for address in addresses {
        match bind_one(address, shared) {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn bind_one(address: SocketAddr, shared: bool) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    if shared {
        socket.set_reuseport(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where a client on this machine finds a server with this `…-host`.
pub(crate) fn reachable_host(host: &str) -> &str {
    match host {
        "*" | "*4" | "!4" | "*6" | "!6" => "0.0.0.0",
        name => name,
    }
}

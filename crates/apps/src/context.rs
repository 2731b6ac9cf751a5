//! What the gateway found out about a request before a service sees it. It travels as
//! `axum::Extension<RequestContext>`; only the gateway (and tests) construct it.

use std::net::IpAddr;
use std::sync::Arc;

use hearth_core::{Claims, RequestId};
use hearth_jwt::{ApiKeyKind, JwtError};

use crate::app::App;

/// What stood in `Authorization: Bearer …`.
#[derive(Debug, Clone)]
pub enum Bearer {
    /// Nothing.
    Absent,
    /// One of the application's opaque keys (`sb_publishable_…`, `sb_secret_…`); clients send
    /// their key as bearer until a user signs in.
    Key(ApiKeyKind),
    /// A verified token; the legacy `anon` and `service_role` keys are such tokens too.
    Token(Claims),
    /// A token that was refused. Services answer in their own error format.
    Invalid(JwtError),
}

/// A request's application and caller.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The application it is for.
    pub app: Arc<App>,
    /// Its id, for log lines.
    pub request_id: RequestId,
    /// The recognised API key out of the header or query parameter `apikey`.
    pub api_key: Option<ApiKeyKind>,
    /// Who asks.
    pub bearer: Bearer,
    /// The application's address as the client wrote it, without a trailing slash:
    /// `https://host`, or `https://host/apps/<ref>`.
    pub base_url: Arc<str>,
    /// The client's address.
    pub peer: IpAddr,
}

impl RequestContext {
    /// The caller's claims: the bearer's, else those of the API key's role, else `anon`'s.
    ///
    /// # Errors
    /// Why the bearer token was refused.
    pub fn claims(&self) -> Result<Claims, JwtError> {
        match &self.bearer {
            Bearer::Token(claims) => Ok(claims.clone()),
            Bearer::Invalid(error) => Err(error.clone()),
            Bearer::Key(kind) => Ok(Claims::of_role(kind.role())),
            Bearer::Absent => Ok(Claims::of_role(
                self.api_key.map_or("anon", ApiKeyKind::role),
            )),
        }
    }
}

/// What the gateway knows of the client of a route that belongs to no application (the console):
/// as `axum::Extension<Client>`.
#[derive(Debug, Clone)]
pub struct Client {
    /// The server's address as the client wrote it: `https://host`.
    pub origin: Arc<str>,
    /// The client's address.
    pub peer: IpAddr,
    /// The client came by https, perhaps to a proxy in front.
    pub https: bool,
}

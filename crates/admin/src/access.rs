//! Which administrator asks, and what they may do: the cookie, the header that no foreign page can
//! send, the role, and the application named in the path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hearth_apps::{App, Client};
use http::request::Parts;
use http::{HeaderMap, Method, header};
use serde_json::Value;

use crate::account::{Administrator, Role, session};
use crate::admin::Admin;
use crate::audit::{self, Entry};
use crate::error::AdminError;

/// The signed-in administrator.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) administrator: Administrator,
    /// From where.
    pub(crate) client: Client,
    /// The session's token, for changes that spare it.
    pub(crate) token: Arc<str>,
}

impl Caller {
    /// Refuses a role below `least`.
    ///
    /// # Errors
    /// [`AdminError::Forbidden`].
    pub(crate) fn at_least(&self, least: Role) -> Result<(), AdminError> {
        let rank = |role| match role {
            Role::Owner => 2,
            Role::Developer => 1,
            Role::Viewer => 0,
        };
        let role = self.administrator.role;
        if rank(role) >= rank(least) {
            Ok(())
        } else {
            Err(AdminError::Forbidden {
                role: role.as_str(),
            })
        }
    }

    /// Refuses everybody but an owner of all applications.
    ///
    /// # Errors
    /// [`AdminError::Forbidden`].
    pub(crate) fn owns_all(&self) -> Result<(), AdminError> {
        self.at_least(Role::Owner)?;
        if self.administrator.apps.is_some() {
            return Err(AdminError::Forbidden { role: "owner" });
        }
        Ok(())
    }

    /// Records what the administrator did.
    ///
    /// # Errors
    /// If the control database is away.
    pub(crate) async fn record(
        &self,
        admin: &Admin,
        action: &str,
        app: Option<&str>,
        details: Value,
    ) -> Result<(), AdminError> {
        let entry = Entry {
            username: &self.administrator.username,
            address: self.client.peer,
            action,
            app,
            details,
        };
        audit::record(&admin.control().await?, entry).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AdminError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(AdminError::NotSignedIn)
    }
}

/// The token in the request's cookie.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == session::COOKIE)
        .map(|(_, value)| value)
}

/// A page of another origin can make a browser send the cookie, not this header, and cannot make
/// it say that the page is of this origin.
pub(crate) async fn refuse_foreign(request: Request, next: Next) -> Result<Response, AdminError> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let marked = request
        .headers()
        .get("x-hearth-console")
        .is_some_and(|value| value == "1");
    // Another port of the same host is the same site to a cookie, and another origin here.
    let foreign = request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|value| value != "same-origin" && value != "none");
    if reads || (marked && !foreign) {
        Ok(next.run(request).await)
    } else {
        Err(AdminError::Csrf)
    }
}

/// Finds the administrator of the cookie's session.
pub(crate) async fn signed_in(
    State(admin): State<Arc<Admin>>,
    mut request: Request,
    next: Next,
) -> Result<Response, AdminError> {
    let token: Arc<str> = token(request.headers())
        .ok_or(AdminError::NotSignedIn)?
        .into();
    let client = request
        .extensions()
        .get::<Client>()
        .cloned()
        .ok_or(AdminError::NotSignedIn)?;
    let control = admin.control().await?;
    let administrator = session::find(&control, &token)
        .await?
        .ok_or(AdminError::NotSignedIn)?;
    drop(control);
    request.extensions_mut().insert(Caller {
        administrator,
        client,
        token,
    });
    Ok(next.run(request).await)
}

/// The application that `/pg` and its SQL are about, and how far the caller may go.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The application.
    pub(crate) app: Arc<App>,
    /// Nothing may change.
    pub(crate) read_only: bool,
    /// Changes are recorded, the SQL runs under the console's name.
    pub(crate) caller: Option<Caller>,
}

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AdminError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(AdminError::NotSignedIn)
    }
}

/// Finds the application that the path names, for routes below `/apps/{ref}`.
pub(crate) async fn of_application(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    path: RawPathParams,
    mut request: Request,
    next: Next,
) -> Result<Response, AdminError> {
    let reference = path
        .iter()
        .find(|(name, _)| *name == "ref")
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default();
    let unknown = || AdminError::NoApp(reference.chars().take(64).collect());
    let parsed = reference.parse().map_err(|_| unknown())?;
    // One that the administrator may not see answers as one that is not there.
    if !caller.administrator.sees(&reference) {
        return Err(unknown());
    }
    let app = match admin.registry.get(&parsed) {
        Some(app) => app,
        None => admin
            .registry
            .look_again(&parsed)
            .await
            .ok_or_else(unknown)?,
    };
    request.extensions_mut().insert(Target {
        app,
        read_only: caller.administrator.role == Role::Viewer,
        caller: Some(caller),
    });
    Ok(next.run(request).await)
}

//! One request as handlers see it: the application, the time, and whose rights it has. A handler
//! that needs a user or an admin asks here, first, and can get at them in no other way.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use hearth_apps::{App, AppSettings, Bearer, RequestContext};
use hearth_core::Claims;
use hearth_jwt::JwtError;
use http::request::Parts;
use http::{HeaderMap, Uri, header};
use url::form_urlencoded;
use uuid::Uuid;

use crate::Auth;
use crate::audit::Actor;
use crate::database::Db;
use crate::error::AuthError;
use crate::issue::Origin;
use crate::limits::Endpoint;
use crate::session::Session;
use crate::user::User;

/// The audience of users, unless a request asks for another.
const AUDIENCE: &str = "authenticated";
/// Roles that may use the admin endpoints.
const ADMIN_ROLES: [&str; 2] = ["service_role", "supabase_admin"];

/// A request.
pub(crate) struct Call {
    pub(crate) auth: Arc<Auth>,
    pub(crate) context: RequestContext,
    pub(crate) headers: HeaderMap,
    uri: Uri,
}

/// A signed-in user.
pub(crate) struct Caller {
    pub(crate) user: User,
    /// Tokens that were minted elsewhere may have none.
    pub(crate) session: Option<Session>,
    pub(crate) claims: Claims,
}

/// A holder of the service key.
pub(crate) struct Admin {
    pub(crate) actor: Actor,
}

impl FromRequestParts<Arc<Auth>> for Call {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, auth: &Arc<Auth>) -> Result<Self, AuthError> {
        let context = parts.extensions.get::<RequestContext>().cloned();
        let context = context.ok_or(AuthError::Internal("no request context".into()))?;
        Ok(Self {
            auth: auth.clone(),
            context,
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
        })
    }
}

impl Call {
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.context.app
    }

    pub(crate) fn settings(&self) -> Arc<AppSettings> {
        self.context.app.settings()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.context.app.clock.now()
    }

    /// A connection with the service's own rights.
    pub(crate) async fn db(&self) -> Result<Db, AuthError> {
        Ok(Db::open(self.app()).await?)
    }

    /// The service's own address.
    pub(crate) fn service_url(&self) -> String {
        format!("{}/auth/v1", self.context.base_url)
    }

    /// Counts the request; refuses it if its address asks too often.
    pub(crate) fn limit(&self, endpoint: Endpoint) -> Result<(), AuthError> {
        self.auth.limits().request(self, endpoint)
    }

    /// From where sessions of this request come.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            user_agent: self.header(header::USER_AGENT.as_str()).map(str::to_owned),
            address: self.context.peer,
            issuer: self.service_url(),
            now: self.now(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)?
            .to_str()
            .ok()
            .filter(|text| !text.is_empty())
    }

    /// The first query parameter of that name; percent-decoded, bare `%` as it is.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).next()
    }

    /// Every query parameter of that name.
    pub(crate) fn query_all(&self, name: &str) -> impl Iterator<Item = String> {
        let query = self.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.replace('\0', ""))
    }

    /// All query parameters.
    pub(crate) fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned()
    }

    /// The path below the service.
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The audience that the request is about: header, then token, then the default.
    pub(crate) fn audience(&self, claims: Option<&Claims>) -> String {
        if let Some(audience) = self.header("x-jwt-aud") {
            return audience.to_owned();
        }
        // Service keys never had an audience.
        let of_user = claims.filter(|c| !c.role().is_some_and(is_admin_role));
        of_user
            .and_then(audience_of)
            .filter(|audience| !audience.is_empty())
            .unwrap_or_else(|| AUDIENCE.to_owned())
    }

    /// The claims of the bearer token. An API key alone never stands in for it.
    pub(crate) fn claims(&self) -> Result<Claims, AuthError> {
        let claims = match &self.context.bearer {
            Bearer::Absent => return Err(AuthError::NoBearer),
            Bearer::Invalid(JwtError::Empty) => return Err(AuthError::NoBearer),
            Bearer::Invalid(error) => return Err(AuthError::BadJwt(error.clone())),
            Bearer::Key(kind) => Claims::of_role(kind.role()),
            Bearer::Token(claims) => claims.clone(),
        };
        // The gateway forgives some clock skew; here a token ends when it says so, as upstream.
        if claims
            .expires_at()
            .is_some_and(|end| end <= self.app().clock.unix())
        {
            return Err(AuthError::BadJwt(JwtError::Expired));
        }
        Ok(claims)
    }

    /// The signed-in user, with the session if the token names one.
    pub(crate) async fn user(&self) -> Result<Caller, AuthError> {
        let caller = self.load(self.claims()?).await?;
        if caller.user.is_banned(self.now()) {
            return Err(AuthError::Banned);
        }
        Ok(caller)
    }

    async fn load(&self, claims: Claims) -> Result<Caller, AuthError> {
        let subject = claims.subject().filter(|text| !text.is_empty());
        let subject = subject.ok_or(AuthError::MissingSub)?;
        let subject: Uuid = subject.parse().map_err(|_| AuthError::SubNotUuid)?;
        let session = match claims.session_id().filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let id: Uuid = text.parse().map_err(|_| AuthError::SessionIdNotUuid)?;
                Some(id).filter(|id| !id.is_nil())
            }
        };
        let db = self.db().await?;
        let user = User::by_id(&db, subject)
            .await?
            .ok_or(AuthError::UserOfTokenGone)?;
        let session = match session {
            None => None,
            Some(id) => Some(
                Session::by_id(&db, id)
                    .await?
                    .ok_or(AuthError::SessionOfTokenGone)?,
            ),
        };
        Ok(Caller {
            user,
            session,
            claims,
        })
    }

    /// The holder of a service key. A token of a signed-in user with an admin role counts only as
    /// long as its session does.
    pub(crate) async fn admin(&self) -> Result<Admin, AuthError> {
        let claims = self.claims()?;
        let has_session = claims
            .session_id()
            .is_some_and(|id| !id.is_empty() && id != Uuid::nil().to_string());
        if has_session {
            let caller = self.load(claims.clone()).await?;
            let over = caller
                .session
                .and_then(|session| session.over(&self.settings().auth, self.now(), None));
            if over.is_some() {
                return Err(AuthError::SessionNoLongerValid);
            }
        }
        match claims.role() {
            Some(role) if is_admin_role(role) => Ok(Admin {
                actor: Actor::admin(role),
            }),
            _ => Err(AuthError::NotAdmin),
        }
    }
}

impl Caller {
    /// Refuses a request for another audience than the token's.
    pub(crate) fn has_audience(&self, audience: &str) -> bool {
        audience_of(&self.claims).is_some_and(|own| own == audience)
    }
}

fn is_admin_role(role: &str) -> bool {
    ADMIN_ROLES.contains(&role)
}

fn audience_of(claims: &Claims) -> Option<String> {
    match claims.get("aud")? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(list) => list.first()?.as_str().map(str::to_owned),
        _ => None,
    }
}

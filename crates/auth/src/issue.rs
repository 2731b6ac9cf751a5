//! The one place that makes a session and its tokens. Every grant ends here.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use rand::Rng;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::hooks;
use crate::session::Session;
use crate::user::User;
use crate::wire::JsonMap;

/// From where a session is begun or refreshed.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) user_agent: Option<String>,
    pub(crate) address: IpAddr,
    /// `<base url>/auth/v1`, the issuer of tokens.
    pub(crate) issuer: String,
    pub(crate) now: DateTime<Utc>,
}

/// What a grant answers with.
#[derive(Debug)]
pub(crate) struct Tokens {
    access_token: String,
    expires_in: i64,
    expires_at: i64,
    refresh_token: String,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a str,
    exp: i64,
    iat: i64,
    email: &'a str,
    phone: &'a str,
    app_metadata: &'a JsonMap,
    user_metadata: &'a JsonMap,
    role: &'a str,
    aal: &'a str,
    amr: &'a Value,
    session_id: Uuid,
    is_anonymous: bool,
}

impl Tokens {
    /// The session as clients read it.
    pub(crate) fn to_json(&self, user: &User) -> JsonMap {
        let mut out = JsonMap::new();
        out.insert("access_token".to_owned(), json!(self.access_token));
        out.insert("token_type".to_owned(), json!("bearer"));
        out.insert("expires_in".to_owned(), json!(self.expires_in));
        out.insert("expires_at".to_owned(), json!(self.expires_at));
        out.insert("refresh_token".to_owned(), json!(self.refresh_token));
        out.insert("user".to_owned(), Value::Object(user.to_json()));
        out
    }

    /// The session as a redirect's fragment, with `kind` as its type.
    pub(crate) fn to_fragment(&self, kind: &str) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("access_token", &self.access_token)
            .append_pair("expires_at", &self.expires_at.to_string())
            .append_pair("expires_in", &self.expires_in.to_string())
            .append_pair("refresh_token", &self.refresh_token)
            .append_pair("sb", "")
            .append_pair("token_type", "bearer")
            .append_pair("type", kind)
            .finish()
    }
}

/// Begins a session of `user`, signed in by `method`; `log` goes into the audit log along with it.
/// `user` learns when it signed in.
pub(crate) async fn session(
    tx: &Tx,
    call: &Call,
    user: &mut User,
    method: &'static str,
    log: Option<Value>,
) -> Result<Tokens, AuthError> {
    let origin = call.origin();
    let id = Uuid::new_v4();
    let refresh_token = new_refresh_token();
    tx.execute(
        include_str!("sql/issue.sql"),
        &[
            &id,
            &user.id,
            &origin.now,
            &origin.user_agent,
            &origin.address,
            &refresh_token,
            &method,
            &log,
        ],
    )
    .await
    .map_err(AuthError::database("Database error granting user"))?;
    user.last_sign_in_at = Some(origin.now);
    user.updated_at = Some(origin.now);
    let session = Session {
        id,
        created_at: origin.now,
        not_after: None,
        refreshed_at: None,
        aal: "aal1".to_owned(),
        amr: vec![(method.to_owned(), origin.now.timestamp())],
    };
    sign(tx, call, user, &session, refresh_token, method).await
}

/// Tokens for a session that stands already; `method` is how the user came here.
pub(crate) async fn sign(
    tx: &Tx,
    call: &Call,
    user: &User,
    session: &Session,
    refresh_token: String,
    method: &str,
) -> Result<Tokens, AuthError> {
    let origin = call.origin();
    let lifetime = call.settings().auth.jwt_expiry.max(1);
    let issued_at = origin.now.timestamp();
    let expires_at = issued_at.saturating_add(lifetime);
    let claims = AccessClaims {
        iss: &origin.issuer,
        sub: user.id,
        aud: &user.aud,
        exp: expires_at,
        iat: issued_at,
        email: &user.email,
        phone: &user.phone,
        app_metadata: &user.app_metadata,
        user_metadata: &user.user_metadata,
        role: &user.role,
        aal: &session.aal,
        amr: &session.amr_json(),
        session_id: session.id,
        is_anonymous: user.is_anonymous,
    };
    let failed = || AuthError::Internal("error generating jwt token".into());
    let key = call.app().signing_key();
    let access_token = if call.settings().auth.hooks.custom_access_token.enabled {
        let claims = serde_json::to_value(&claims).map_err(|_| failed())?;
        let claims = hooks::custom_claims(call, tx, user, method, claims).await?;
        hearth_jwt::mint(&key, &claims)
    } else {
        hearth_jwt::mint(&key, &claims)
    };
    Ok(Tokens {
        access_token: access_token.map_err(|_| failed())?,
        expires_in: lifetime,
        expires_at,
        refresh_token,
    })
}

/// Twelve random characters of base32 in lower case, sixty bits.
pub(crate) fn new_refresh_token() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut rng = rand::rng();
    (0..12)
        .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
        .collect()
}

//! PKCE: a flow begun with a challenge ends in a code that only the holder of the verifier can
//! exchange.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hearth_pg::PgError;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::body::Params;
use crate::database::Db;
use crate::error::AuthError;

/// How long a flow may take.
const LIFETIME: TimeDelta = TimeDelta::seconds(300);
/// Marks the hashes of codes that belong to a PKCE flow.
pub(crate) const PREFIX: &str = "pkce_";

/// The challenge that a request came with.
#[derive(Debug, Clone)]
pub(crate) struct Challenge {
    challenge: String,
    method: &'static str,
}

impl Challenge {
    /// `code_challenge` and `code_challenge_method` of a request: both or none.
    pub(crate) fn from_params(params: &Params) -> Result<Option<Self>, AuthError> {
        Self::new(
            params.text("code_challenge")?,
            &params.text("code_challenge_method")?,
        )
    }

    fn new(challenge: String, method: &str) -> Result<Option<Self>, AuthError> {
        if challenge.is_empty() != method.is_empty() {
            let words = "PKCE flow requires code_challenge_method and code_challenge";
            return Err(AuthError::validation(words));
        }
        if challenge.is_empty() {
            return Ok(None);
        }
        if !(43..=128).contains(&challenge.len()) {
            let words = "code challenge has to be between 43 and 128 characters";
            return Err(AuthError::validation(words));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~-".contains(&b);
        if !challenge.bytes().all(allowed) {
            return Err(AuthError::validation(
                "code challenge can only contain alphanumeric characters, hyphens, periods, \
                 underscores and tildes",
            ));
        }
        let method = match method.to_ascii_lowercase().as_str() {
            "s256" => "s256",
            "plain" => "plain",
            _ => {
                let words = format!("unsupported code_challenge method {method:?}");
                return Err(AuthError::Internal(words.into()));
            }
        };
        Ok(Some(Self { challenge, method }))
    }
}

/// Prefixes the hash of a code that belongs to a PKCE flow.
pub(crate) fn mark(hash: String, challenge: Option<&Challenge>) -> String {
    if challenge.is_some() {
        format!("{PREFIX}{hash}")
    } else {
        hash
    }
}

/// A flow that waits for its code to be exchanged.
#[derive(Debug)]
pub(crate) struct FlowState {
    pub(crate) id: Uuid,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) provider_type: String,
    pub(crate) method: String,
    challenge: String,
    challenge_method: String,
    created_at: DateTime<Utc>,
    code_issued_at: Option<DateTime<Utc>>,
}

impl FlowState {
    /// Begins a flow for `user`, which will sign in by `method`.
    pub(crate) async fn begin(
        db: &Db,
        challenge: &Challenge,
        provider_type: &str,
        method: &str,
        user: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), PgError> {
        db.execute(
            "insert into auth.flow_state
               (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
                provider_access_token, provider_refresh_token, created_at, updated_at,
                authentication_method)
             values ($1, $2, $3, $4::text::auth.code_challenge_method, $5, $6, '', '', $7, $7, $8)",
            &[
                &Uuid::new_v4(),
                &user,
                &Uuid::new_v4().to_string(),
                &challenge.method,
                &challenge.challenge,
                &provider_type,
                &now,
                &method,
            ],
        )
        .await?;
        Ok(())
    }

    /// Gives out the code of the latest flow of `user` by `method`.
    pub(crate) async fn issue_code(
        db: &Db,
        user: Uuid,
        method: &str,
        now: DateTime<Utc>,
    ) -> Result<String, AuthError> {
        let sql = "update auth.flow_state set auth_code_issued_at = $3, updated_at = $3
                   where id = (
                     select id from auth.flow_state
                     where user_id = $1 and authentication_method = $2
                     order by created_at desc limit 1
                   )
                   returning coalesce(auth_code, '')";
        let row = db.first(sql, &[&user, &method, &now]).await?;
        let missing = "422: No valid flow state found for user.";
        let row = row.ok_or(AuthError::NoAssociatedFlow(missing))?;
        Ok(row.try_get(0).map_err(PgError::from)?)
    }

    /// The flow that this code belongs to, locked: a code counts once.
    pub(crate) async fn by_code(db: &Db, code: &str) -> Result<Option<Self>, PgError> {
        let sql = "select id, user_id, provider_type, authentication_method,
                          coalesce(code_challenge, '') as challenge,
                          coalesce(code_challenge_method::text, '') as challenge_method,
                          coalesce(created_at, now()) as created_at, auth_code_issued_at
                   from auth.flow_state where auth_code = $1 for update";
        let Some(row) = db.first(sql, &[&code]).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: row.try_get("id")?,
            user_id: row.try_get("user_id")?,
            provider_type: row.try_get("provider_type")?,
            method: row.try_get("authentication_method")?,
            challenge: row.try_get("challenge")?,
            challenge_method: row.try_get("challenge_method")?,
            created_at: row.try_get("created_at")?,
            code_issued_at: row.try_get("auth_code_issued_at")?,
        }))
    }

    /// True if the flow took too long.
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        // A magic link is opened whenever its reader finds it; the clock starts then.
        let start = match (self.code_issued_at, self.method.as_str()) {
            (Some(at), "magiclink") => at,
            _ => self.created_at,
        };
        now > start + LIFETIME
    }

    /// True if `verifier` is what the challenge was made from.
    pub(crate) fn fits(&self, verifier: &str) -> bool {
        let made = match self.challenge_method.as_str() {
            "s256" => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
            _ => verifier.to_owned(),
        };
        !self.challenge.is_empty() && bool::from(made.as_bytes().ct_eq(self.challenge.as_bytes()))
    }

    /// Ends the flow.
    pub(crate) async fn delete(&self, db: &Db) -> Result<(), PgError> {
        db.execute("delete from auth.flow_state where id = $1", &[&self.id])
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_checked() {
        let good = "a".repeat(43);
        assert!(Challenge::new(String::new(), "").unwrap().is_none());
        assert!(Challenge::new(good.clone(), "S256").unwrap().is_some());
        for (challenge, method) in [
            (good.as_str(), ""),
            ("", "s256"),
            ("short", "s256"),
            (&"ä".repeat(30), "plain"),
        ] {
            assert!(
                Challenge::new(challenge.to_owned(), method).is_err(),
                "{challenge}"
            );
        }
    }
}

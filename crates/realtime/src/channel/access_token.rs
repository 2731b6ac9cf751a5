//! `access_token`: a refreshed token. What the channel may do and see is decided anew.

use std::sync::Arc;

use super::Joined;
use crate::authorize::{self, AuthorizeError, Policies};
use crate::caller::Caller;
use crate::error::Refusal;
use crate::frame::Incoming;
use crate::shared::Shared;

/// What a refreshed token brings.
pub struct Refreshed {
    /// The new identity.
    pub caller: Caller,
    /// What it may do on a private channel.
    pub policies: Option<Policies>,
}

/// The token in the message, if it is one that changes anything: opaque keys, the token at hand
/// and null do not.
pub fn token(joined: &Joined, message: &Incoming) -> Option<String> {
    let payload = message.payload.value();
    let token = payload["access_token"].as_str()?;
    (!token.starts_with("sb_") && !joined.caller.is_from(token)).then(|| token.to_owned())
}

/// Checks the token and, on a private channel, asks the policies again.
///
/// # Errors
/// The words with which the channel is closed.
pub async fn refresh(
    shared: Arc<Shared>,
    token: String,
    name: Arc<str>,
    before: Option<Policies>,
) -> Result<Refreshed, String> {
    let caller = Caller::of_token(&shared.app.app, &token, &shared.caller).map_err(words)?;
    let Some(before) = before else {
        return Ok(Refreshed {
            caller,
            policies: None,
        });
    };
    let mut policies = authorize::read(&shared.app.app, &caller, &shared.headers, &name)
        .await
        .map_err(|error| match error {
            AuthorizeError::Policy(_) => Refusal::Unauthorized(name.to_string()).to_string(),
            _ => Refusal::DatabaseUnavailable.to_string(),
        })?;
    if before.presence_read.is_none() {
        // Presence is not enabled.
        policies.presence_read = None;
    }
    if policies.broadcast_read != Some(true) && policies.presence_read != Some(true) {
        return Err(Refusal::Unauthorized(name.to_string()).to_string());
    }
    let revoked =
        |before: Option<bool>, now: Option<bool>| before == Some(true) && now != Some(true);
    if revoked(before.broadcast_read, policies.broadcast_read)
        || revoked(before.presence_read, policies.presence_read)
    {
        return Err(format!(
            "You no longer have permission to read from this Channel topic: {name}"
        ));
    }
    Ok(Refreshed {
        caller,
        policies: Some(policies),
    })
}

/// What upstream says where a refreshed token is refused.
fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::JwtSignature => ":signature_error".to_owned(),
        Refusal::JwtSigner => ":error_generating_signer".to_owned(),
        other => other.to_string(),
    }
}

//! The audit log: who did what, in `auth.audit_log_entries`.

use chrono::{DateTime, Utc};
use hearth_pg::PgError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::Db;
use crate::user::User;
use crate::wire::{JsonMap, sorted};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Login,
    Logout,
    UserSignedUp,
    UserInvited,
    UserDeleted,
    UserModified,
    UserRecoveryRequested,
    UserReauthenticate,
    UserConfirmationRequested,
    UserRepeatedSignUp,
    UserUpdatedPassword,
    TokenRevoked,
    TokenRefreshed,
    FactorInProgress,
    FactorUnenrolled,
    ChallengeCreated,
    VerificationAttempted,
    FactorDeleted,
    FactorUpdated,
    IdentityUnlinked,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::UserSignedUp => "user_signedup",
            Self::UserInvited => "user_invited",
            Self::UserDeleted => "user_deleted",
            Self::UserModified => "user_modified",
            Self::UserRecoveryRequested => "user_recovery_requested",
            Self::UserReauthenticate => "user_reauthenticate_requested",
            Self::UserConfirmationRequested => "user_confirmation_requested",
            Self::UserRepeatedSignUp => "user_repeated_signup",
            Self::UserUpdatedPassword => "user_updated_password",
            Self::TokenRevoked => "token_revoked",
            Self::TokenRefreshed => "token_refreshed",
            Self::FactorInProgress => "factor_in_progress",
            Self::FactorUnenrolled => "factor_unenrolled",
            Self::ChallengeCreated => "challenge_created",
            Self::VerificationAttempted => "verification_attempted",
            Self::FactorDeleted => "factor_deleted",
            Self::FactorUpdated => "factor_updated",
            Self::IdentityUnlinked => "identity_unlinked",
        }
    }

    fn log_type(self) -> &'static str {
        match self {
            Self::Login | Self::Logout => "account",
            Self::UserSignedUp | Self::UserInvited | Self::UserDeleted => "team",
            Self::TokenRevoked | Self::TokenRefreshed => "token",
            Self::FactorInProgress
            | Self::FactorUnenrolled
            | Self::ChallengeCreated
            | Self::VerificationAttempted
            | Self::FactorDeleted
            | Self::FactorUpdated => "factor",
            _ => "user",
        }
    }
}

/// Who did it.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    id: Uuid,
    username: String,
    via_sso: bool,
    name: Option<Value>,
}

impl Actor {
    /// A holder of the service key.
    pub(crate) fn admin(role: &str) -> Self {
        Self {
            id: Uuid::nil(),
            username: role.to_owned(),
            via_sso: false,
            name: None,
        }
    }
}

impl From<&User> for Actor {
    fn from(user: &User) -> Self {
        let username = if user.phone.is_empty() {
            &user.email
        } else {
            &user.phone
        };
        Self {
            id: user.id,
            username: username.clone(),
            via_sso: user.is_sso_user,
            name: user.user_metadata.get("full_name").cloned(),
        }
    }
}

/// The entry's JSON.
pub(crate) fn payload(actor: &Actor, action: Action, traits: Option<Value>) -> Value {
    let mut payload = json!({
        "actor_id": actor.id,
        "actor_via_sso": actor.via_sso,
        "actor_username": actor.username,
        "action": action.name(),
        "log_type": action.log_type(),
    });
    if let Some(name) = &actor.name {
        payload["actor_name"] = name.clone();
    }
    if let Some(traits) = traits {
        payload["traits"] = traits;
    }
    sorted(payload)
}

/// Writes an entry.
pub(crate) async fn record(
    db: &Db,
    now: DateTime<Utc>,
    actor: &Actor,
    action: Action,
    traits: Option<Value>,
) -> Result<(), PgError> {
    db.execute(
        "insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
         values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, '')",
        &[&Uuid::new_v4(), &payload(actor, action, traits), &now],
    )
    .await?;
    Ok(())
}

/// What entries about a user say of it.
pub(crate) fn about(user: &User) -> JsonMap {
    crate::user::object(json!({
        "user_id": user.id,
        "user_email": user.email,
        "user_phone": user.phone,
    }))
}

//! `GET /user/identities/authorize` and `DELETE /user/identities/{id}`

use axum::extract::Path;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use super::authorize::unsupported;
use crate::audit::{self, Action, Actor};
use crate::call::Call;
use crate::database::{Db, Tx, violates};
use crate::error::AuthError;
use crate::identity::Identity;
use crate::mail;
use crate::one_time_token;
use crate::signup::PHONE;
use crate::user::User;
use crate::wire::empty;

/// Linking a provider's account: no provider is built yet.
pub(super) async fn authorize(call: Call) -> Result<Response, AuthError> {
    call.user().await?;
    if !call.settings().auth.manual_linking_enabled {
        return Err(AuthError::ManualLinkingDisabled);
    }
    Err(unsupported(&call))
}

/// Unlinks an identity of the caller.
pub(super) async fn delete(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    let caller = call.user().await?;
    if !call.settings().auth.manual_linking_enabled {
        return Err(AuthError::ManualLinkingDisabled);
    }
    let id: Uuid = id
        .parse()
        .map_err(|_| AuthError::PathNotUuid("identity_id"))?;
    if !caller.has_audience(&call.audience(Some(&caller.claims))) {
        return Err(AuthError::UnexpectedAudience);
    }
    let user = &caller.user;
    if user.identities.len() <= 1 {
        return Err(AuthError::SingleIdentity);
    }
    let identity = user.identities.iter().find(|i| i.id == id);
    let identity = identity.ok_or(AuthError::IdentityNotFound)?;
    let tx = Tx::begin(call.app()).await?;
    let traits = json!({
        "identity_id": identity.id,
        "provider": identity.provider,
        "provider_id": identity.provider_id,
    });
    let actor = Actor::from(user);
    audit::record(
        &tx,
        call.now(),
        &actor,
        Action::IdentityUnlinked,
        Some(traits),
    )
    .await?;
    let failed = AuthError::database("Database error deleting identity");
    identity.delete(&tx).await.map_err(failed)?;
    if identity.provider == PHONE {
        let sql = "update auth.users
                   set phone = null, phone_confirmed_at = null, updated_at = $2 where id = $1";
        let failed = AuthError::database("Database error updating user phone");
        tx.execute(sql, &[&user.id, &call.now()])
            .await
            .map_err(failed)?;
    } else {
        take_another_address(&call, &tx, user, identity).await?;
    }
    let failed = AuthError::database("Database error updating user providers");
    user.update_providers(&tx, call.now())
        .await
        .map_err(failed)?;
    tx.commit().await?;
    mail::identity_unlinked(&call, user, &identity.provider);
    Ok(empty())
}

/// The user's address was the unlinked identity's: the best of the other identities' takes its
/// place. Codes sent to the old address count no longer.
async fn take_another_address(
    call: &Call,
    db: &Db,
    user: &User,
    gone: &Identity,
) -> Result<(), AuthError> {
    let mut left: Vec<&Identity> = user.identities.iter().filter(|i| i.id != gone.id).collect();
    let address = |i: &Identity| i.email.clone().unwrap_or_default();
    if left.iter().any(|i| address(i) == user.email) {
        return Ok(());
    }
    left.sort_by_key(|i| {
        (
            address(i).is_empty(),
            !i.is_email_verified(),
            i.created_at,
            i.id,
        )
    });
    let mut chosen = None;
    for identity in left {
        let other = match address(identity) {
            email if email.is_empty() => None,
            email => User::by_email(db, &email, &user.aud).await?,
        };
        if other.is_none_or(|other| other.id == user.id) {
            chosen = Some(identity);
            break;
        }
    }
    let chosen = chosen.ok_or(AuthError::EmailConflict)?;
    let email = Some(address(chosen)).filter(|text| !text.is_empty());
    let autoconfirm = call.settings().auth.mailer_autoconfirm;
    let confirmed = email.is_some() && (chosen.is_email_verified() || autoconfirm);
    let sql = "update auth.users
               set email = $2, confirmation_token = '', confirmation_sent_at = null,
                   recovery_token = '', recovery_sent_at = null, email_change = '',
                   email_change_token_current = '', email_change_token_new = '',
                   email_change_sent_at = null, email_change_confirm_status = 0,
                   phone_change = '', phone_change_token = '', phone_change_sent_at = null,
                   reauthentication_token = '', reauthentication_sent_at = null,
                   email_confirmed_at = case when $3 then email_confirmed_at end,
                   raw_user_meta_data = case when $3 then raw_user_meta_data
                     else coalesce(raw_user_meta_data, '{}') || '{\"email_verified\": false}' end,
                   updated_at = $4
               where id = $1";
    let changed = db
        .execute(sql, &[&user.id, &email, &confirmed, &call.now()])
        .await;
    changed.map_err(|error| {
        if violates(&error, "users_email_partial_key") {
            AuthError::EmailConflict
        } else {
            AuthError::Database {
                message: "Database error updating user email",
                source: error,
            }
        }
    })?;
    Ok(one_time_token::clear_all(db, user.id).await?)
}

//! `GET /reauthenticate`

use axum::response::Response;

use crate::audit::{self, Action, Actor};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::mail;
use crate::sms;
use crate::wire::{empty, ok};

/// Sends the caller a code that proves, along with a new password, who is there.
pub(super) async fn reauthenticate(call: Call) -> Result<Response, AuthError> {
    let user = call.user().await?.user;
    if user.email.is_empty() && user.phone.is_empty() {
        return Err(AuthError::validation(
            "Reauthentication requires the user to have an email or a phone number",
        ));
    }
    if !user.email.is_empty() && !user.is_confirmed() {
        return Err(AuthError::VerifyEmailFirst);
    }
    if user.email.is_empty() && !user.is_phone_confirmed() {
        return Err(AuthError::VerifyPhoneFirst);
    }
    let tx = Tx::begin(call.app()).await?;
    let actor = Actor::from(&user);
    audit::record(&tx, call.now(), &actor, Action::UserReauthenticate, None).await?;
    if user.email.is_empty() {
        let message = sms::reauthentication(&call, &tx, &user).await?;
        tx.commit().await?;
        let id = message.send(&call).await?;
        return Ok(ok(&sms::answer(&id)));
    }
    let mail = mail::reauthentication(&call, &tx, &user).await?;
    tx.commit().await?;
    mail.send(&call).await?;
    Ok(empty())
}

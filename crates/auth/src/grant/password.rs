//! Sign-in by address or phone number and password.

use serde_json::json;

use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::Params;
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::hooks;
use crate::issue;
use crate::password::check_strength;
use crate::signup::{EMAIL, PHONE};
use crate::user::User;
use crate::wire::JsonMap;

/// A session for who knows the password.
pub(crate) async fn sign_in(call: &Call, params: &Params) -> Result<JsonMap, AuthError> {
    let email = params.text("email")?;
    let phone = params.text("phone")?;
    let password = params.text("password")?;
    let audience = call.audience(None);
    let settings = call.settings();
    if !email.is_empty() && !phone.is_empty() {
        return Err(AuthError::validation(
            "Only an email address or phone number should be provided on login.",
        ));
    }
    let failed = || AuthError::database("Database error querying schema");
    let (provider, user) = if !email.is_empty() {
        if !settings.auth.email_enabled {
            return Err(AuthError::EmailLoginsDisabled);
        }
        let db = call.db().await?;
        (
            EMAIL,
            User::by_email(&db, &email, &audience)
                .await
                .map_err(failed())?,
        )
    } else if !phone.is_empty() {
        if !settings.auth.phone_enabled {
            return Err(AuthError::PhoneLoginsDisabled);
        }
        let db = call.db().await?;
        let phone = address::plain_phone(&phone);
        (
            PHONE,
            User::by_phone(&db, &phone, &audience)
                .await
                .map_err(failed())?,
        )
    } else {
        return Err(AuthError::validation("missing email or phone"));
    };
    if user
        .as_ref()
        .is_some_and(|user| user.has_password() && user.is_banned(call.now()))
    {
        return Err(AuthError::BannedAtSignIn);
    }
    // Nobody's hash takes as long as somebody's. No connection is held meanwhile.
    let hash = user
        .as_ref()
        .map_or("", |user| user.encrypted_password.as_str());
    let right = call.auth.hasher().verify(&password, hash).await?;
    let Some(mut user) = user else {
        return Err(AuthError::InvalidCredentials);
    };
    if user.has_password() {
        hooks::password_verification(call, &user, right).await?;
    }
    if !right {
        return Err(AuthError::InvalidCredentials);
    }
    if provider == EMAIL && !user.is_confirmed() {
        return Err(AuthError::EmailNotConfirmed);
    }
    if provider == PHONE && !user.is_phone_confirmed() {
        return Err(AuthError::PhoneNotConfirmed);
    }
    let traits = Some(json!({"provider": provider}));
    let log = audit::payload(&Actor::from(&user), Action::Login, traits);
    let tx = Tx::begin(call.app()).await?;
    let tokens = issue::session(&tx, call, &mut user, "password", Some(log)).await?;
    tx.commit().await?;
    let mut answer = tokens.to_json(&user);
    // A password that newer rules would refuse still signs in; the client is told.
    if let Err(AuthError::WeakPassword { message, reasons }) =
        check_strength(&password, &settings.auth)
    {
        let weak = json!({"message": message, "reasons": reasons});
        answer.insert("weak_password".to_owned(), weak);
    }
    Ok(answer)
}

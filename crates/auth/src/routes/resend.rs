//! `POST /resend`

use axum::response::Response;

use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::flow_state::{Challenge, FlowState};
use crate::limits::Endpoint;
use crate::mail;
use crate::sms;
use crate::user::User;
use crate::wire::{empty, ok};

/// Sends a confirmation once more. Whoever waits for none gets the same answer.
pub(super) async fn resend(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.limit(Endpoint::Resend)?;
    let params = Params::parse(&body, "ResendConfirmationParams")?;
    let kind = params.text("type")?;
    let mut email = params.text("email")?;
    let mut phone = params.text("phone")?;
    let challenge = match kind.as_str() {
        "signup" | "email_change" => Challenge::from_params(&params)?,
        "sms" | "phone_change" => None,
        _ => {
            return Err(AuthError::validation(
                "Missing one of these types: signup, email_change, sms, phone_change",
            ));
        }
    };
    if email.is_empty() && kind == "signup" {
        return Err(AuthError::validation(
            "Type provided requires an email address",
        ));
    }
    if phone.is_empty() && kind == "sms" {
        return Err(AuthError::validation(
            "Type provided requires a phone number",
        ));
    }
    let settings = call.settings();
    match (email.is_empty(), phone.is_empty()) {
        (false, false) => {
            return Err(AuthError::validation(
                "Only an email address or phone number should be provided.",
            ));
        }
        (false, true) if !settings.auth.email_enabled => return Err(AuthError::EmailDisabled),
        (false, true) => email = address::email(&email)?,
        (true, false) if !settings.auth.phone_enabled => return Err(AuthError::PhoneDisabled),
        (true, false) => phone = address::phone(&phone)?,
        (true, true) => {
            return Err(AuthError::validation(
                "Missing email address or phone number",
            ));
        }
    }
    let audience = call.audience(None);
    let tx = Tx::begin(call.app()).await?;
    let found = if email.is_empty() {
        User::by_phone(&tx, &phone, &audience).await
    } else {
        User::by_email(&tx, &email, &audience).await
    };
    let found = found.map_err(AuthError::database("Unable to process request"))?;
    let Some(user) = found.filter(|user| waits(user, &kind)) else {
        return Ok(empty());
    };
    let now = call.now();
    let mail = match kind.as_str() {
        "signup" => {
            let actor = Actor::from(&user);
            let action = Action::UserConfirmationRequested;
            audit::record(&tx, now, &actor, action, None).await?;
            if let Some(challenge) = &challenge {
                let method = "email/signup";
                FlowState::begin(&tx, challenge, method, method, user.id, now).await?;
            }
            mail::confirmation(&call, &tx, &user, challenge.as_ref()).await?
        }
        "email_change" => {
            let actor = Actor::from(&user);
            audit::record(&tx, now, &actor, Action::UserModified, None).await?;
            if let Some(challenge) = &challenge {
                let method = "email_change";
                FlowState::begin(&tx, challenge, method, method, user.id, now).await?;
            }
            let new = user.email_change.clone();
            mail::email_change(&call, &tx, &user, &new, challenge.as_ref()).await?
        }
        _ => return resend_message(&call, tx, &user, &kind).await,
    };
    tx.commit().await?;
    mail.send(&call).await?;
    Ok(empty())
}

async fn resend_message(
    call: &Call,
    tx: Tx,
    user: &User,
    kind: &str,
) -> Result<Response, AuthError> {
    let message = if kind == "sms" {
        let (actor, action) = (Actor::from(user), Action::UserRecoveryRequested);
        audit::record(&tx, call.now(), &actor, action, None).await?;
        sms::confirmation(call, &tx, user).await?
    } else {
        sms::phone_change(call, &tx, user, &user.phone_change).await?
    };
    tx.commit().await?;
    let id = message.send(call).await?;
    Ok(ok(&sms::answer(&id)))
}

fn waits(user: &User, kind: &str) -> bool {
    match kind {
        "signup" => !user.is_confirmed(),
        "sms" => !user.is_phone_confirmed(),
        "email_change" => !user.email_change.is_empty(),
        _ => !user.phone_change.is_empty(),
    }
}

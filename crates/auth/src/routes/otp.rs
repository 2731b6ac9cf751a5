//! `POST /otp` and `POST /magiclink`: sign-in by a link or code, for new users too.

use axum::response::Response;
use serde_json::json;

use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::flow_state::{Challenge, FlowState};
use crate::limits::Endpoint;
use crate::mail::{self, MailKind};
use crate::password;
use crate::signup::{SignUp, check_channel, sign_up};
use crate::sms;
use crate::user::User;
use crate::wire::{empty, ok};

/// A link by mail, or a code by phone.
pub(super) async fn otp(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.limit(Endpoint::Otp)?;
    let params = Params::parse(&body, "OtpParams")?;
    let email = params.text("email")?;
    let phone = params.text("phone")?;
    let channel = params.text("channel")?;
    if !email.is_empty() && !phone.is_empty() {
        return Err(AuthError::validation(
            "Only an email address or phone number should be provided",
        ));
    }
    if !email.is_empty() && !channel.is_empty() {
        return Err(AuthError::validation(
            "Channel should only be specified with Phone OTP",
        ));
    }
    Challenge::from_params(&params)?;
    if params.flag("create_user")? == Some(false) && !exists(&call, &email, &phone).await? {
        return Err(AuthError::OtpSignupDisabled);
    }
    if !email.is_empty() {
        return send_link(&call, &params).await;
    }
    if phone.is_empty() {
        return Err(AuthError::validation("One of email or phone must be set"));
    }
    if !call.settings().auth.phone_enabled {
        return Err(AuthError::UnsupportedPhoneProvider);
    }
    let phone = address::phone(&phone)?;
    check_channel(&channel)?;
    send_code(&call, &params, &phone, &channel).await
}

/// A code to a phone; signs new users up.
async fn send_code(
    call: &Call,
    params: &Params,
    phone: &str,
    channel: &str,
) -> Result<Response, AuthError> {
    let audience = call.audience(None);
    let finding = || AuthError::database("Database error finding user");
    let known = User::by_phone(&call.db().await?, phone, &audience)
        .await
        .map_err(finding())?;
    let settings = call.settings();
    let autoconfirm = settings.auth.sms_autoconfirm;
    if !known.is_some_and(|user| user.is_phone_confirmed() || autoconfirm) {
        if settings.auth.disable_signup {
            return Err(AuthError::SignupDisabled);
        }
        let new = SignUp {
            email: String::new(),
            phone: phone.to_owned(),
            password: password::random(64),
            data: params.object("data")?.unwrap_or_default(),
            channel: channel.to_owned(),
            challenge: None,
        };
        sign_up(call, new).await?;
        // Otherwise the message that asks to confirm the number holds a code already.
        if !autoconfirm {
            return Ok(empty());
        }
    }
    let tx = Tx::begin(call.app()).await?;
    let user = User::by_phone(&tx, phone, &audience)
        .await
        .map_err(finding())?;
    let Some(user) = user else {
        return Ok(empty());
    };
    let traits = Some(json!({"channel": if channel.is_empty() { "sms" } else { channel }}));
    let (actor, action) = (Actor::from(&user), Action::UserRecoveryRequested);
    audit::record(&tx, call.now(), &actor, action, traits).await?;
    let message = sms::confirmation(call, &tx, &user).await?;
    tx.commit().await?;
    let id = message.send(call).await?;
    Ok(ok(&sms::answer(&id)))
}

/// A link by mail.
pub(super) async fn magic_link(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.limit(Endpoint::MagicLink)?;
    let params = Params::parse(&body, "MagicLinkParams").map_err(|error| match error {
        AuthError::BadJson(words) => AuthError::BadVerificationParams(words),
        other => other,
    })?;
    send_link(&call, &params).await
}

async fn exists(call: &Call, email: &str, phone: &str) -> Result<bool, AuthError> {
    let audience = call.audience(None);
    let db = call.db().await?;
    let user = if !email.is_empty() {
        User::by_email(&db, &address::email(email)?, &audience).await?
    } else if !phone.is_empty() {
        User::by_phone(&db, &address::phone(phone)?, &audience).await?
    } else {
        return Ok(true);
    };
    Ok(user.is_some())
}

async fn send_link(call: &Call, params: &Params) -> Result<Response, AuthError> {
    let settings = call.settings();
    if !settings.auth.email_enabled {
        return Err(AuthError::EmailLoginsDisabled);
    }
    if !settings.auth.magic_link_enabled {
        return Err(AuthError::MagicLinkDisabled);
    }
    let email = params.text("email")?;
    if email.is_empty() {
        let words = "Password recovery requires an email";
        return Err(AuthError::Unprocessable(words.into()));
    }
    let email = address::email(&email)?;
    let challenge = Challenge::from_params(params)?;
    let audience = call.audience(None);
    let known = User::by_email(&call.db().await?, &email, &audience).await;
    let known = known.map_err(AuthError::database("Database error finding user"))?;
    let autoconfirm = settings.auth.mailer_autoconfirm;
    // Somebody who has not confirmed the address yet does so by the link.
    if !known.is_some_and(|user| user.is_confirmed() || autoconfirm) {
        if settings.auth.disable_signup {
            return Err(AuthError::SignupDisabled);
        }
        let new = SignUp {
            email: email.clone(),
            phone: String::new(),
            password: password::random(33),
            data: params.object("data")?.unwrap_or_default(),
            channel: String::new(),
            challenge: challenge.clone(),
        };
        sign_up(call, new).await?;
        // Otherwise the mail that asks to confirm the address holds a link already.
        if !autoconfirm {
            return Ok(empty());
        }
    }
    let tx = Tx::begin(call.app()).await?;
    let user = User::by_email(&tx, &email, &audience).await?;
    let Some(user) = user else {
        return Ok(empty());
    };
    if let Some(challenge) = &challenge {
        FlowState::begin(
            &tx,
            challenge,
            "magiclink",
            "magiclink",
            user.id,
            call.now(),
        )
        .await?;
    }
    let actor = Actor::from(&user);
    audit::record(&tx, call.now(), &actor, Action::UserRecoveryRequested, None).await?;
    let kind = MailKind::MagicLink;
    let mail = mail::recovery(call, &tx, &user, kind, challenge.as_ref()).await?;
    tx.commit().await?;
    mail.send(call).await?;
    Ok(empty())
}

//! `POST /recover`

use axum::response::Response;

use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::flow_state::{Challenge, FlowState};
use crate::limits::Endpoint;
use crate::mail::{self, MailKind};
use crate::user::User;
use crate::wire::empty;

/// Mails a link to set a new password. An unknown address gets the same answer.
pub(super) async fn recover(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.limit(Endpoint::Recover)?;
    if !call.settings().auth.email_enabled {
        return Err(AuthError::EmailDisabled);
    }
    let params = Params::parse(&body, "RecoverParams")?;
    let email = params.text("email")?;
    if email.is_empty() {
        return Err(AuthError::validation("Password recovery requires an email"));
    }
    let email = address::email(&email)?;
    let challenge = Challenge::from_params(&params)?;
    let tx = Tx::begin(call.app()).await?;
    let failed = AuthError::database("Unable to process request");
    let user = User::by_email(&tx, &email, &call.audience(None))
        .await
        .map_err(failed)?;
    let Some(user) = user else {
        return Ok(empty());
    };
    if let Some(challenge) = &challenge {
        FlowState::begin(&tx, challenge, "recovery", "recovery", user.id, call.now()).await?;
    }
    let actor = Actor::from(&user);
    audit::record(&tx, call.now(), &actor, Action::UserRecoveryRequested, None).await?;
    let kind = MailKind::Recovery;
    let mail = mail::recovery(&call, &tx, &user, kind, challenge.as_ref()).await?;
    tx.commit().await?;
    mail.send(&call).await?;
    Ok(empty())
}

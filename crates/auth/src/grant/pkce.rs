//! Sign-in by the code that a PKCE flow ended in.

use serde_json::json;

use crate::audit::{self, Action, Actor};
use crate::body::Params;
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::flow_state::FlowState;
use crate::issue;
use crate::user::User;
use crate::wire::JsonMap;

/// A session for who holds the verifier.
pub(crate) async fn sign_in(call: &Call, params: &Params) -> Result<JsonMap, AuthError> {
    let code = params.text("auth_code")?;
    let verifier = params.text("code_verifier")?;
    if code.is_empty() || verifier.is_empty() {
        return Err(AuthError::validation(
            "invalid request: both auth code and code verifier should be non-empty",
        ));
    }
    let tx = Tx::begin(call.app()).await?;
    let flow = FlowState::by_code(&tx, &code)
        .await?
        .ok_or(AuthError::FlowStateNotFound)?;
    let user_id = flow.user_id.ok_or(AuthError::FlowStateNotFound)?;
    if flow.is_expired(call.now()) {
        return Err(AuthError::FlowStateExpired);
    }
    let user = User::by_id(&tx, user_id).await?;
    let mut user = user.ok_or(AuthError::FlowStateNotFound)?;
    if !flow.fits(&verifier) {
        return Err(AuthError::BadCodeVerifier);
    }
    let method = known_method(&flow.method);
    let traits = Some(json!({"provider_type": flow.provider_type}));
    let log = audit::payload(&Actor::from(&user), Action::Login, traits);
    let tokens = issue::session(&tx, call, &mut user, method, Some(log)).await?;
    flow.delete(&tx).await?;
    tx.commit().await?;
    Ok(tokens.to_json(&user))
}

fn known_method(text: &str) -> &'static str {
    match text {
        "recovery" => "recovery",
        "magiclink" => "magiclink",
        "email/signup" => "email/signup",
        "email_change" => "email_change",
        "invite" => "invite",
        "oauth" => "oauth",
        _ => "otp",
    }
}

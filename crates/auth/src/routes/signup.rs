//! `POST /signup`

use axum::response::Response;

use crate::body::{Body, Params};
use crate::call::Call;
use crate::error::AuthError;
use crate::grant::anonymous;
use crate::limits::Endpoint;
use crate::signup::{SignUp, SignedUp, sign_up};
use crate::wire::ok;

/// A new user by address or phone number; without either, an anonymous one.
pub(super) async fn signup(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let params = Params::parse(&body, "SignupParams")?;
    if params.text("email")?.is_empty() && params.text("phone")?.is_empty() {
        return Ok(ok(&anonymous::sign_in(&call, &params).await?));
    }
    call.limit(Endpoint::SignUp)?;
    let settings = call.settings();
    if settings.auth.disable_signup {
        return Err(AuthError::SignupDisabled);
    }
    let wanted = SignUp::from_params(&params, &settings.auth)?;
    match sign_up(&call, wanted).await? {
        SignedUp::Session(session) => Ok(ok(&session)),
        SignedUp::User(user) => Ok(ok(&user)),
    }
}

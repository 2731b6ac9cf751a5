//! Sign-in without a name: a user who can be promoted later.

use crate::body::Params;
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::hooks;
use crate::issue;
use crate::limits::Endpoint;
use crate::user::NewUser;
use crate::wire::JsonMap;

/// A new anonymous user with a session.
pub(crate) async fn sign_in(call: &Call, params: &Params) -> Result<JsonMap, AuthError> {
    let settings = call.settings();
    if !settings.auth.anonymous_enabled {
        return Err(AuthError::AnonymousDisabled);
    }
    if settings.auth.disable_signup {
        return Err(AuthError::SignupDisabled);
    }
    call.limit(Endpoint::Anonymous)?;
    let failed = || AuthError::database("Database error creating anonymous user");
    let new = NewUser {
        aud: call.audience(None),
        user_metadata: params.object("data")?.unwrap_or_default(),
        is_anonymous: true,
        ..NewUser::new()
    };
    hooks::before_user_created(call, new.to_json()).await?;
    let tx = Tx::begin(call.app()).await?;
    let mut user = new.insert(&tx, call.now()).await.map_err(failed())?;
    let tokens = issue::session(&tx, call, &mut user, "anonymous", None).await?;
    tx.commit().await.map_err(failed())?;
    Ok(tokens.to_json(&user))
}

//! Sign-in without a name: a user who can be promoted later.

use crate::body::Params;
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::issue;
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
    let failed = || AuthError::database("Database error creating anonymous user");
    let new = NewUser {
        aud: call.audience(None),
        user_metadata: params.object("data")?.unwrap_or_default(),
        is_anonymous: true,
        ..NewUser::default()
    };
    let tx = Tx::begin(call.app()).await?;
    let mut user = new.insert(&tx, call.now()).await.map_err(failed())?;
    let origin = call.origin();
    let tokens = issue::session(&tx, call.app(), &mut user, "anonymous", &origin, None).await?;
    tx.commit().await.map_err(failed())?;
    Ok(tokens.to_json(&user))
}

//! `POST /logout?scope=global|local|others`

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::audit::{self, Action, Actor};
use crate::call::{Call, Caller};
use crate::database::Tx;
use crate::error::AuthError;
use crate::session;

enum Scope {
    Global,
    Local,
    Others,
}

/// Ends sessions of the caller.
pub(super) async fn logout(call: Call) -> Result<Response, AuthError> {
    let caller = call.user().await?;
    let scope = match call.query("scope").as_deref() {
        None | Some("" | "global") => Scope::Global,
        Some("local") => Scope::Local,
        Some("others") => Scope::Others,
        Some(other) => {
            let words = format!("Unsupported logout scope {other:?}");
            return Err(AuthError::validation(words));
        }
    };
    end(&call, &caller, scope)
        .await
        .map_err(|error| match error {
            AuthError::Unhandled(source) => AuthError::Database {
                message: "Error logging out user",
                source,
            },
            other => other,
        })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn end(call: &Call, caller: &Caller, scope: Scope) -> Result<(), AuthError> {
    let user = &caller.user;
    let tx = Tx::begin(call.app()).await?;
    audit::record(&tx, call.now(), &Actor::from(user), Action::Logout, None).await?;
    match (&caller.session, scope) {
        (Some(own), Scope::Local) => session::end(&tx, own.id).await?,
        (Some(own), Scope::Others) => session::end_others(&tx, user.id, own.id).await?,
        _ => session::end_all(&tx, user.id).await?,
    }
    Ok(tx.commit().await?)
}

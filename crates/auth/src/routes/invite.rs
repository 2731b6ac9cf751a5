//! `POST /invite`

use axum::response::Response;
use serde_json::json;

use crate::address;
use crate::audit::{self, Action};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::mail;
use crate::signup::Person;
use crate::user::User;
use crate::wire::ok;

/// Makes a user and mails an invitation.
pub(super) async fn invite(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let params = Params::parse(&body, "InviteParams")?;
    let email = address::email(&params.text("email")?)?;
    let data = params.object("data")?.unwrap_or_default();
    let audience = call.audience(None);
    let db = call.db().await?;
    let failed = AuthError::database("Database error finding user");
    let known = User::by_email(&db, &email, &audience).await;
    drop(db);
    let person = match known.map_err(failed)? {
        Some(user) if user.is_confirmed() => return Err(AuthError::EmailExists),
        Some(user) => Person::Known(Box::new(user)),
        None => Person::new(&call, &email, &audience, String::new(), data).await?,
    };
    let tx = Tx::begin(call.app()).await?;
    let user = person.create(&call, &tx).await?;
    let traits = Some(json!({"user_id": user.id, "user_email": user.email}));
    audit::record(&tx, call.now(), &admin.actor, Action::UserInvited, traits).await?;
    let mail = mail::invite(&call, &tx, &user).await?;
    let user = user.reload(&tx).await?;
    tx.commit().await?;
    mail.send(&call).await?;
    Ok(ok(&user.to_json()))
}

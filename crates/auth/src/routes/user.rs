//! `GET /user` and `PUT /user`

use axum::response::Response;
use chrono::TimeDelta;
use serde_json::Value;

use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::{Call, Caller};
use crate::database::{Db, Tx, violates};
use crate::error::AuthError;
use crate::flow_state::{Challenge, FlowState};
use crate::limits::Endpoint;
use crate::mail::{self, Outgoing};
use crate::one_time_token;
use crate::password::check_strength;
use crate::session;
use crate::signup::{EMAIL, PHONE, check_channel};
use crate::sms::{self, OutgoingMessage};
use crate::user::{User, merge};
use crate::wire::{JsonMap, ok};

/// The role whose holders may change their own `app_metadata`.
const ADMIN_GROUP: &str = "admin";

/// The caller.
pub(super) async fn get(call: Call) -> Result<Response, AuthError> {
    let caller = call.user().await?;
    let audience = call.audience(Some(&caller.claims));
    if !caller.has_audience(&audience) {
        return Err(AuthError::AudienceMismatch);
    }
    Ok(ok(&caller.user.to_json()))
}

struct Update {
    email: String,
    phone: String,
    password: Option<String>,
    current_password: String,
    nonce: String,
    data: Option<JsonMap>,
    app_metadata: Option<JsonMap>,
    challenge: Option<Challenge>,
}

/// Changes the caller.
pub(super) async fn put(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.limit(Endpoint::UpdateUser)?;
    let caller = call.user().await?;
    let params = Params::parse(&body, "UserUpdateParams")?;
    let update = Update::read(&call, &params)?;
    allowed(&caller.user, &caller, &update)?;
    let audience = call.audience(Some(&caller.claims));
    let db = call.db().await?;
    not_taken(&db, &caller.user, &update, &audience).await?;
    drop(db);
    let password_hash = match &update.password {
        Some(password) => Some(new_password(&call, &caller, &update, password).await?),
        None => None,
    };
    let tx = Tx::begin(call.app()).await?;
    if let Some(hash) = &password_hash {
        let session = caller.session.as_ref().map(|session| session.id);
        store_password(&tx, &call, &caller.user, hash, session).await?;
        let actor = Actor::from(&caller.user);
        audit::record(&tx, call.now(), &actor, Action::UserUpdatedPassword, None).await?;
    }
    store_metadata(&tx, &call, &caller.user, &update).await?;
    let mail = change_email(&tx, &call, &caller.user, &update).await?;
    let message = change_phone(&tx, &call, &caller.user, &update).await?;
    let user = caller.user.reload(&tx).await?;
    audit::record(
        &tx,
        call.now(),
        &Actor::from(&user),
        Action::UserModified,
        None,
    )
    .await?;
    tx.commit().await?;
    if password_hash.is_some() {
        mail::password_changed(&call, &user);
    }
    if let Some(mail) = mail {
        mail.send(&call).await?;
    }
    if let Some(message) = message {
        message.send(&call).await?;
    }
    Ok(ok(&user.to_json()))
}

impl Update {
    fn read(call: &Call, params: &Params) -> Result<Self, AuthError> {
        let mut update = Self {
            email: params.text("email")?,
            phone: params.text("phone")?,
            password: params.optional_text("password")?,
            current_password: params.text("current_password")?,
            nonce: params.text("nonce")?,
            data: params.object("data")?,
            app_metadata: params.object("app_metadata")?,
            challenge: None,
        };
        let channel = params.text("channel")?;
        if !update.email.is_empty() {
            update.email = address::email(&update.email)?;
        }
        if !update.phone.is_empty() {
            update.phone = address::phone(&update.phone)?;
            check_channel(&channel)?;
        }
        if let Some(password) = &update.password {
            check_strength(password, &call.settings().auth)?;
        }
        update.challenge = Challenge::from_params(params)?;
        Ok(update)
    }

    fn sets_password(&self) -> bool {
        self.password
            .as_ref()
            .is_some_and(|password| !password.is_empty())
    }

    fn changes_email(&self, user: &User) -> bool {
        !self.email.is_empty() && self.email != user.email
    }

    fn changes_phone(&self, user: &User) -> bool {
        !self.phone.is_empty() && self.phone != user.phone
    }
}

/// What the caller may not change, or not in this session.
fn allowed(user: &User, caller: &Caller, update: &Update) -> Result<(), AuthError> {
    if update.app_metadata.is_some() && user.role != ADMIN_GROUP {
        return Err(AuthError::AppMetadataNeedsAdmin);
    }
    let sensitive =
        update.sets_password() || update.changes_email(user) || update.changes_phone(user);
    let aal2 = caller
        .session
        .as_ref()
        .is_some_and(|session| session.is_aal2());
    if user.has_mfa() && !aal2 && sensitive {
        return Err(AuthError::InsufficientAal(
            "AAL2 session is required to update email or password when MFA is enabled.",
        ));
    }
    let nameless = update.email.is_empty() && update.phone.is_empty();
    if user.is_anonymous && update.sets_password() && nameless {
        return Err(AuthError::Unprocessable(
            "Updating password of an anonymous user without an email or phone is not allowed"
                .into(),
        ));
    }
    if user.is_sso_user && (sensitive || !update.nonce.is_empty()) {
        return Err(AuthError::SsoManaged);
    }
    Ok(())
}

async fn not_taken(db: &Db, user: &User, update: &Update, audience: &str) -> Result<(), AuthError> {
    if update.changes_email(user) {
        let failed = AuthError::database("Database error checking email");
        let other = User::with_email_besides(db, &update.email, audience, Some(user.id));
        if other.await.map_err(failed)?.is_some() {
            return Err(AuthError::EmailExists);
        }
    }
    if update.changes_phone(user) {
        let failed = AuthError::database("Database error checking phone");
        if User::by_phone(db, &update.phone, audience)
            .await
            .map_err(failed)?
            .is_some()
        {
            return Err(AuthError::PhoneExists);
        }
    }
    Ok(())
}

/// The hash of a new password, after the proofs that the application asks for. Empty: none.
async fn new_password(
    call: &Call,
    caller: &Caller,
    update: &Update,
    password: &str,
) -> Result<String, AuthError> {
    let settings = call.settings();
    let user = &caller.user;
    if settings.auth.update_password_require_reauthentication {
        let recent = caller
            .session
            .as_ref()
            .is_some_and(|session| call.now() <= session.created_at + TimeDelta::hours(24));
        if !recent {
            reauthenticated(call, user, &update.nonce).await?;
        }
    }
    if password.is_empty() {
        return Ok(String::new());
    }
    let hasher = call.auth.hasher();
    if user.has_password() {
        let recovers = caller
            .session
            .as_ref()
            .is_some_and(|session| session.is_recovery());
        if settings.auth.update_password_require_current_password && !recovers {
            if update.current_password.is_empty() {
                return Err(AuthError::CurrentPasswordRequired);
            }
            if !hasher
                .verify(&update.current_password, &user.encrypted_password)
                .await?
            {
                return Err(AuthError::CurrentPasswordMismatch);
            }
        }
        if hasher.verify(password, &user.encrypted_password).await? {
            return Err(AuthError::SamePassword);
        }
    }
    hasher.hash(password).await
}

/// Uses up the code that was sent to prove that the user is still there.
async fn reauthenticated(call: &Call, user: &User, nonce: &str) -> Result<(), AuthError> {
    const INVALID: AuthError =
        AuthError::ReauthenticationNotValid("Nonce has expired or is invalid");
    if nonce.is_empty() {
        return Err(AuthError::ReauthenticationNeeded);
    }
    let Some(sent_at) = user.reauthentication_sent_at else {
        return Err(INVALID);
    };
    let to = match (user.email.as_str(), user.phone.as_str()) {
        ("", "") => {
            let words = "Reauthentication requires an email or a phone number";
            return Err(AuthError::ReauthenticationNotValid(words));
        }
        ("", phone) => phone,
        (email, _) => email,
    };
    let settings = call.settings();
    let lifetime = if user.email.is_empty() {
        settings.auth.sms.otp_exp
    } else {
        settings.auth.mailer_otp_exp
    };
    let lifetime = TimeDelta::seconds(lifetime.clamp(0, 86_400 * 365));
    let expected = &user.reauthentication_token;
    let right = !expected.is_empty() && one_time_token::hash(to, nonce) == *expected;
    let target = user.id.to_string();
    call.auth.attempts().check(call, &target)?;
    if !right || call.now() > sent_at + lifetime {
        call.auth.attempts().failed(call, &target);
        return Err(INVALID);
    }
    let tx = Tx::begin(call.app()).await?;
    let sql = "update auth.users set reauthentication_token = '', updated_at = $2 where id = $1";
    tx.execute(sql, &[&user.id, &call.now()]).await?;
    one_time_token::clear_all(&tx, user.id).await?;
    Ok(tx.commit().await?)
}

/// Stores a password's hash. Whoever signed in or holds a code by the old one must do so again:
/// every session ends, but for `keep`.
pub(super) async fn store_password(
    db: &Db,
    call: &Call,
    user: &User,
    hash: &str,
    keep: Option<uuid::Uuid>,
) -> Result<(), AuthError> {
    let failed = || AuthError::database("Error during password storage");
    let hash = Some(hash).filter(|text| !text.is_empty());
    let sql = "update auth.users
               set encrypted_password = $2, confirmation_token = '', confirmation_sent_at = null,
                   recovery_token = '', recovery_sent_at = null, email_change_token_current = '',
                   email_change_token_new = '', email_change_sent_at = null,
                   phone_change_token = '', phone_change_sent_at = null,
                   reauthentication_token = '', reauthentication_sent_at = null, updated_at = $3
               where id = $1";
    db.execute(sql, &[&user.id, &hash, &call.now()])
        .await
        .map_err(failed())?;
    one_time_token::clear_all(db, user.id)
        .await
        .map_err(failed())?;
    match keep {
        Some(session) => session::end_others(db, user.id, session)
            .await
            .map_err(failed()),
        None => session::end_all(db, user.id).await.map_err(failed()),
    }
}

async fn store_metadata(
    db: &Db,
    call: &Call,
    user: &User,
    update: &Update,
) -> Result<(), AuthError> {
    let failed = || AuthError::database("Error updating user");
    if let Some(data) = &update.data {
        update_user_metadata(db, user, data, call.now())
            .await
            .map_err(failed())?;
    }
    if let Some(data) = &update.app_metadata {
        update_app_metadata(db, user, data, call.now())
            .await
            .map_err(failed())?;
    }
    Ok(())
}

/// Sets the keys of `updates` in the user's metadata.
pub(super) async fn update_user_metadata(
    db: &Db,
    user: &User,
    updates: &JsonMap,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), hearth_pg::PgError> {
    let mut data = user.reload(db).await?.user_metadata;
    merge(&mut data, updates);
    let sql = "update auth.users set raw_user_meta_data = $2, updated_at = $3 where id = $1";
    db.execute(sql, &[&user.id, &Value::Object(data), &now])
        .await?;
    Ok(())
}

/// Sets the keys of `updates` in the application's metadata of the user.
pub(super) async fn update_app_metadata(
    db: &Db,
    user: &User,
    updates: &JsonMap,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), hearth_pg::PgError> {
    let mut data = user.reload(db).await?.app_metadata;
    merge(&mut data, updates);
    let sql = "update auth.users set raw_app_meta_data = $2, updated_at = $3 where id = $1";
    db.execute(sql, &[&user.id, &Value::Object(data), &now])
        .await?;
    Ok(())
}

/// The mail that asks to confirm a new address, if there is one.
async fn change_email(
    db: &Db,
    call: &Call,
    user: &User,
    update: &Update,
) -> Result<Option<Outgoing>, AuthError> {
    if !update.changes_email(user) {
        return Ok(None);
    }
    // An anonymous user gets a name: that is a sign-up. Others always prove the new address.
    if user.is_anonymous && call.settings().auth.mailer_autoconfirm {
        confirm_email_change(db, call, user, &update.email).await?;
        return Ok(None);
    }
    if let Some(challenge) = &update.challenge {
        let method = "email_change";
        FlowState::begin(db, challenge, method, method, user.id, call.now()).await?;
    }
    let challenge = update.challenge.as_ref();
    let mail = mail::email_change(call, db, user, &update.email, challenge).await?;
    Ok(Some(mail))
}

/// The new address is the user's.
pub(super) async fn confirm_email_change(
    db: &Db,
    call: &Call,
    user: &User,
    email: &str,
) -> Result<(), AuthError> {
    let now = call.now();
    user.put_own_identity(db, EMAIL, email, true, now).await?;
    let sql = "update auth.users
               set email = $2, email_change = '', email_change_token_new = '',
                   email_change_token_current = '', email_change_confirm_status = 0,
                   is_anonymous = false, updated_at = $3,
                   email_confirmed_at = coalesce(email_confirmed_at, $3),
                   confirmation_token =
                     case when email_confirmed_at is null then '' else confirmation_token end,
                   raw_user_meta_data = case when email_confirmed_at is null
                     then coalesce(raw_user_meta_data, '{}') || '{\"email_verified\": true}'
                     else raw_user_meta_data end
               where id = $1";
    let changed = db.execute(sql, &[&user.id, &email, &now]).await;
    changed.map_err(|error| {
        if violates(&error, "users_email_partial_key") {
            AuthError::EmailExists
        } else {
            AuthError::Database {
                message: "Error confirm email",
                source: error,
            }
        }
    })?;
    one_time_token::clear_all(db, user.id).await?;
    Ok(user.update_providers(db, now).await?)
}

/// The message that asks to confirm a new phone number, if there is one.
async fn change_phone(
    db: &Db,
    call: &Call,
    user: &User,
    update: &Update,
) -> Result<Option<OutgoingMessage>, AuthError> {
    if !update.changes_phone(user) {
        return Ok(None);
    }
    if call.settings().auth.sms_autoconfirm {
        set_phone(db, call, user, &update.phone).await?;
        return Ok(None);
    }
    let message = sms::phone_change(call, db, user, &update.phone).await?;
    Ok(Some(message))
}

/// The phone number is the user's.
pub(super) async fn set_phone(
    db: &Db,
    call: &Call,
    user: &User,
    phone: &str,
) -> Result<(), AuthError> {
    let now = call.now();
    user.put_own_identity(db, PHONE, phone, true, now).await?;
    let sql = "update auth.users
               set phone = $2, phone_change = '', phone_change_token = '',
                   phone_confirmed_at = $3, is_anonymous = false, updated_at = $3
               where id = $1";
    let changed = db.execute(sql, &[&user.id, &phone, &now]).await;
    changed.map_err(|error| {
        if violates(&error, "users_phone_key") {
            AuthError::PhoneExists
        } else {
            AuthError::Database {
                message: "Error confirming user",
                source: error,
            }
        }
    })?;
    one_time_token::clear_all(db, user.id).await?;
    Ok(user.update_providers(db, now).await?)
}

//! `GET /verify`, where links in mails lead, and `POST /verify`, for codes typed by hand.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use url::Url;
use url::form_urlencoded::Serializer;

use super::user::{confirm_email_change, set_phone};
use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::{Db, Tx};
use crate::error::AuthError;
use crate::flow_state::{self, FlowState};
use crate::issue::{self, Tokens};
use crate::limits::Endpoint;
use crate::mail;
use crate::one_time_token::{self, Purpose};
use crate::redirect;
use crate::signup::{EMAIL, PHONE, confirm_email, confirm_phone};
use crate::user::{User, object};
use crate::wire::ok;
use hearth_core::ApiError;

const HALF_CONFIRMED: &str =
    "Confirmation link accepted. Please proceed to confirm link sent to the other email";

struct Verification {
    kind: String,
    /// The code, if it was typed.
    code: String,
    hash: String,
    email: String,
    phone: String,
}

/// A code that was right.
enum Verified {
    User(Box<User>),
    /// A change of address that the other address must confirm too.
    Half,
}

/// A code typed by hand, or the hash out of a link that the client opened itself.
pub(super) async fn post(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.limit(Endpoint::Verify)?;
    let params = Params::parse(&body, "VerifyParams")?;
    let mut wanted = Verification::from_params(&params)?;
    let tx = Tx::begin(call.app()).await?;
    let user = if wanted.code.is_empty() {
        by_hash(&call, &tx, &mut wanted).await?
    } else {
        let to = format!("{}{}", wanted.email, wanted.phone);
        call.auth.attempts().check(&call, &to)?;
        by_code(&call, &tx, &mut wanted).await.inspect_err(|_| {
            call.auth.attempts().failed(&call, &to);
        })?
    };
    let before = user.clone();
    let Verified::User(user) = settle(&call, &tx, &wanted, user).await? else {
        tx.commit().await?;
        return Ok(ok(&json!({"code": "200", "msg": HALF_CONFIRMED})));
    };
    let (user, tokens) = sign_in(&call, &tx, *user).await?;
    tx.commit().await?;
    tell_of_changes(&call, &before, &user);
    Ok(ok(&tokens.to_json(&user)))
}

/// A link in a mail: leads on with a session, a code, or the reason why not.
pub(super) async fn get(call: Call) -> Result<Response, AuthError> {
    call.limit(Endpoint::Verify)?;
    let token = call.query("token").unwrap_or_default();
    let kind = call.query("type").unwrap_or_default();
    if kind.is_empty() {
        return Err(AuthError::validation("Verify requires a verification type"));
    }
    if token.is_empty() {
        return Err(AuthError::validation(
            "Verify requires a token or a token hash",
        ));
    }
    let target = redirect::target(&call);
    let pkce = token.starts_with(flow_state::PREFIX);
    let wanted = Verification {
        kind,
        code: String::new(),
        hash: token,
        email: String::new(),
        phone: String::new(),
    };
    let location = match follow(&call, wanted, pkce, &target).await {
        Ok(location) => location,
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => with_error(&error, &target, pkce),
    };
    let location = HeaderValue::from_str(&location)
        .map_err(|_| AuthError::Internal("redirect is no header value".into()))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

async fn follow(
    call: &Call,
    mut wanted: Verification,
    pkce: bool,
    target: &str,
) -> Result<String, AuthError> {
    let tx = Tx::begin(call.app()).await?;
    let before = by_hash(call, &tx, &mut wanted).await?;
    let Verified::User(user) = settle(call, &tx, &wanted, before.clone()).await? else {
        tx.commit().await?;
        return Ok(with_message(HALF_CONFIRMED, target, pkce));
    };
    let after = (*user).clone();
    let location = if pkce {
        let method = match wanted.kind.as_str() {
            "signup" => "email/signup",
            other => other,
        };
        let code = FlowState::issue_code(&tx, user.id, method, call.now()).await?;
        with_query(target, &[("code", &code)])
    } else {
        let (_, tokens) = sign_in(call, &tx, *user).await?;
        format!("{target}#{}", tokens.to_fragment(&wanted.kind))
    };
    tx.commit().await?;
    tell_of_changes(call, &before, &after);
    Ok(location)
}

async fn sign_in(call: &Call, tx: &Tx, mut user: User) -> Result<(User, Tokens), AuthError> {
    let tokens = issue::session(tx, call, &mut user, "otp", None).await?;
    Ok((user, tokens))
}

/// Tells the user of a change of address or number, where the application wants that.
fn tell_of_changes(call: &Call, before: &User, after: &User) {
    if before.email != after.email {
        mail::email_changed(call, after, &before.email);
    }
    if before.phone != after.phone {
        mail::phone_changed(call, after, &before.phone);
    }
}

impl Verification {
    fn from_params(params: &Params) -> Result<Self, AuthError> {
        let mut wanted = Self {
            kind: params.text("type")?,
            code: params.text("token")?,
            hash: params.text("token_hash")?,
            email: params.text("email")?,
            phone: params.text("phone")?,
        };
        let redirect_to = params.text("redirect_to")?;
        if wanted.kind.is_empty() {
            return Err(AuthError::validation("Verify requires a verification type"));
        }
        if wanted.code.is_empty() == wanted.hash.is_empty() {
            return Err(AuthError::validation(
                "Verify requires either a token or a token hash",
            ));
        }
        if wanted.code.is_empty() {
            let more = [&wanted.email, &wanted.phone, &redirect_to];
            if more.iter().any(|text| !text.is_empty()) {
                return Err(AuthError::validation(
                    "Only the token_hash and type should be provided",
                ));
            }
            return Ok(wanted);
        }
        let to = match (wanted.email.is_empty(), wanted.phone.is_empty()) {
            (true, false) => {
                wanted.phone = address::phone(&wanted.phone)?;
                &wanted.phone
            }
            (false, true) => {
                wanted.email = address::email(&wanted.email)
                    .map_err(|_| AuthError::Unprocessable("Invalid email format".into()))?;
                &wanted.email
            }
            _ => {
                return Err(AuthError::validation(
                    "Only an email address or phone number should be provided on verify",
                ));
            }
        };
        wanted.hash = one_time_token::hash(to, &wanted.code);
        Ok(wanted)
    }
}

/// The user whom a link was sent to.
async fn by_hash(call: &Call, db: &Db, wanted: &mut Verification) -> Result<User, AuthError> {
    let purposes: &[Purpose] = match wanted.kind.as_str() {
        "email" => &[Purpose::Confirmation, Purpose::Recovery],
        "signup" | "invite" => &[Purpose::Confirmation],
        "recovery" | "magiclink" => &[Purpose::Recovery],
        "email_change" => &[Purpose::EmailChangeCurrent, Purpose::EmailChangeNew],
        _ => return Err(AuthError::validation("Invalid email verification type")),
    };
    let failed = AuthError::database("Database error finding user from email link");
    let user = one_time_token::find_user(db, &wanted.hash, purposes)
        .await
        .map_err(failed)?;
    let user = user.ok_or(AuthError::LinkExpired)?;
    if user.is_banned(call.now()) {
        return Err(AuthError::Banned);
    }
    if wanted.kind == "email" {
        let recovers = user.recovery_token == wanted.hash;
        wanted.kind = if recovers { "magiclink" } else { "signup" }.to_owned();
    }
    let sent_at = match wanted.kind.as_str() {
        "signup" | "invite" => user.confirmation_sent_at,
        "email_change" => user.email_change_sent_at,
        _ => user.recovery_sent_at,
    };
    if !is_fresh(call, sent_at, call.settings().auth.mailer_otp_exp) {
        return Err(AuthError::LinkExpired);
    }
    Ok(user)
}

/// The user who typed a code.
async fn by_code(call: &Call, db: &Db, wanted: &mut Verification) -> Result<User, AuthError> {
    let audience = call.audience(None);
    let failed = AuthError::database("Database error finding user");
    let found = match wanted.kind.as_str() {
        "phone_change" => User::by_phone_change(db, &wanted.phone, &audience).await,
        "sms" => User::by_phone(db, &wanted.phone, &audience).await,
        "email_change" => by_email_change(db, &wanted.hash).await,
        _ => User::by_email(db, &wanted.email, &audience).await,
    };
    let user = found.map_err(failed)?.ok_or(AuthError::OtpExpired)?;
    if user.is_banned(call.now()) {
        return Err(AuthError::Banned);
    }
    let settings = call.settings();
    let by_phone = matches!(wanted.kind.as_str(), "sms" | "phone_change");
    if by_phone && settings.auth.sms.test_otps.get(&wanted.phone) == Some(&wanted.code) {
        return Ok(user);
    }
    let lifetime = if by_phone {
        settings.auth.sms.otp_exp
    } else {
        settings.auth.mailer_otp_exp
    };
    let fits = |expected: &str, sent_at: Option<DateTime<Utc>>| {
        let plain = expected
            .strip_prefix(flow_state::PREFIX)
            .unwrap_or(expected);
        !plain.is_empty() && plain == wanted.hash && is_fresh(call, sent_at, lifetime)
    };
    let confirms = fits(&user.confirmation_token, user.confirmation_sent_at);
    let recovers = fits(&user.recovery_token, user.recovery_sent_at);
    let right = match wanted.kind.as_str() {
        "email" => {
            wanted.kind = if confirms { "signup" } else { "magiclink" }.to_owned();
            confirms || recovers
        }
        "signup" | "invite" | "sms" => confirms,
        "recovery" | "magiclink" => recovers,
        "email_change" => {
            fits(&user.email_change_token_current, user.email_change_sent_at)
                || fits(&user.email_change_token_new, user.email_change_sent_at)
        }
        "phone_change" => fits(&user.phone_change_token, user.phone_change_sent_at),
        _ => false,
    };
    if right {
        Ok(user)
    } else {
        Err(AuthError::OtpExpired)
    }
}

async fn by_email_change(db: &Db, hash: &str) -> Result<Option<User>, hearth_pg::PgError> {
    let purposes = [Purpose::EmailChangeCurrent, Purpose::EmailChangeNew];
    if let Some(user) = one_time_token::find_user(db, hash, &purposes).await? {
        return Ok(Some(user));
    }
    let marked = format!("{}{hash}", flow_state::PREFIX);
    one_time_token::find_user(db, &marked, &purposes).await
}

fn is_fresh(call: &Call, sent_at: Option<DateTime<Utc>>, lifetime: i64) -> bool {
    let lifetime = lifetime.clamp(0, 10 * 365 * 86_400);
    sent_at.is_some_and(|at| call.now() <= at + TimeDelta::seconds(lifetime))
}

/// What a right code changes.
async fn settle(
    call: &Call,
    db: &Db,
    wanted: &Verification,
    user: User,
) -> Result<Verified, AuthError> {
    let now = call.now();
    let actor = Actor::from(&user);
    let signed_up = |provider: &str| Some(json!({"provider": provider}));
    match wanted.kind.as_str() {
        "signup" | "invite" => {
            audit::record(db, now, &actor, Action::UserSignedUp, signed_up(EMAIL)).await?;
            let failed = AuthError::database("Error confirming user");
            confirm_email(db, &user, now).await.map_err(failed)?;
            let verified = object(json!({"email_verified": true}));
            for identity in &user.identities {
                if !user.email.is_empty() && identity.email.as_deref() == Some(&user.email) {
                    identity.update_data(db, &verified, now).await?;
                }
            }
        }
        "recovery" | "magiclink" => {
            let sql = "update auth.users set recovery_token = '', updated_at = $2 where id = $1";
            let failed = || AuthError::database("Database error updating user");
            db.execute(sql, &[&user.id, &now]).await.map_err(failed())?;
            one_time_token::clear_all(db, user.id)
                .await
                .map_err(failed())?;
            if user.is_confirmed() {
                audit::record(db, now, &actor, Action::Login, None).await?;
            } else {
                audit::record(db, now, &actor, Action::UserSignedUp, signed_up(EMAIL)).await?;
                confirm_email(db, &user, now).await.map_err(failed())?;
            }
        }
        "email_change" => {
            if half_confirmed(call, db, wanted, &user).await? {
                return Ok(Verified::Half);
            }
            audit::record(db, now, &actor, Action::UserModified, None).await?;
            confirm_email_change(db, call, &user, &user.email_change).await?;
        }
        "sms" => {
            audit::record(db, now, &actor, Action::UserSignedUp, signed_up(PHONE)).await?;
            let failed = AuthError::database("Error confirming user");
            confirm_phone(db, &user, now).await.map_err(failed)?;
        }
        "phone_change" => {
            audit::record(db, now, &actor, Action::UserModified, None).await?;
            set_phone(db, call, &user, &user.phone_change).await?;
        }
        _ => return Err(AuthError::validation("Unsupported verification type")),
    }
    user.update_providers(db, now).await?;
    Ok(Verified::User(Box::new(user.reload(db).await?)))
}

/// Notes the first of two confirmations, where the application wants both.
async fn half_confirmed(
    call: &Call,
    db: &Db,
    wanted: &Verification,
    user: &User,
) -> Result<bool, AuthError> {
    let settings = call.settings();
    let both = settings.auth.mailer_secure_email_change && !settings.auth.mailer_autoconfirm;
    if !both || user.email_change_confirm_status != 0 || user.email.is_empty() {
        return Ok(false);
    }
    let plain = |token: &str| {
        token
            .strip_prefix(flow_state::PREFIX)
            .unwrap_or(token)
            .to_owned()
    };
    let from_current = plain(&user.email_change_token_current) == plain(&wanted.hash);
    let sql = "update auth.users
               set email_change_confirm_status = 1, updated_at = $2,
                   email_change_token_current =
                     case when $3 then '' else email_change_token_current end,
                   email_change_token_new = case when $3 then email_change_token_new else '' end
               where id = $1";
    db.execute(sql, &[&user.id, &call.now(), &from_current])
        .await?;
    let purpose = if from_current {
        Purpose::EmailChangeCurrent
    } else {
        Purpose::EmailChangeNew
    };
    one_time_token::clear(db, user.id, purpose).await?;
    Ok(true)
}

fn with_query(target: &str, pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(target) else {
        return target.to_owned();
    };
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| !pairs.iter().any(|(name, _)| key == name))
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .extend_pairs(pairs);
    url.into()
}

fn with_fragment(target: &str, pairs: &[(&str, &str)]) -> String {
    let fragment = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let bare = target.split('#').next().unwrap_or_default();
    format!("{bare}#{fragment}")
}

fn with_error(error: &AuthError, target: &str, pkce: bool) -> String {
    let code = error.code();
    let message = error.message();
    let mut pairs = Vec::new();
    match error.status().as_u16() {
        400 => pairs.push(("error", "invalid_request")),
        401 => pairs.push(("error", "unauthorized_client")),
        403 => pairs.push(("error", "access_denied")),
        _ => {}
    }
    pairs.push(("error_code", code.as_ref()));
    pairs.push(("error_description", message.as_ref()));
    let target = if pkce {
        with_query(target, &pairs)
    } else {
        target.to_owned()
    };
    pairs.push(("sb", ""));
    with_fragment(&target, &pairs)
}

fn with_message(message: &str, target: &str, pkce: bool) -> String {
    let target = if pkce {
        with_query(target, &[("message", message)])
    } else {
        target.to_owned()
    };
    with_fragment(&target, &[("message", message), ("sb", "")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_keep_what_the_target_had() {
        assert_eq!(
            with_query("https://a.b/c?x=1#y", &[("code", "z z")]),
            "https://a.b/c?x=1&code=z+z#y"
        );
        assert_eq!(
            with_error(&AuthError::LinkExpired, "https://a.b/c?x=1", false),
            "https://a.b/c?x=1#error=access_denied&error_code=otp_expired&\
             error_description=Email+link+is+invalid+or+has+expired&sb="
        );
    }
}

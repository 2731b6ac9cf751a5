//! `POST /admin/generate_link`: a link as a mail would hold it, for the application to send.

use axum::response::Response;
use serde_json::json;

use super::user::update_user_metadata;
use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::{Admin, Call};
use crate::database::{Db, Tx};
use crate::error::AuthError;
use crate::mail;
use crate::one_time_token::{self, Purpose};
use crate::password::{self, check_strength};
use crate::redirect;
use crate::signup::Person;
use crate::user::User;
use crate::wire::{JsonMap, ok};

struct Wanted {
    kind: String,
    email: String,
    new_email: String,
    password: String,
    data: JsonMap,
    audience: String,
}

/// Makes a link.
pub(super) async fn generate(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let params = Params::parse(&body, "GenerateLinkParams")?;
    let mut wanted = Wanted {
        kind: params.text("type")?,
        email: address::email(&params.text("email")?)?,
        new_email: params.text("new_email")?,
        password: params.text("password")?,
        data: params.object("data")?.unwrap_or_default(),
        audience: call.audience(None),
    };
    let asked = params.text("redirect_to")?;
    let settings = call.settings();
    let target = if redirect::is_allowed(&settings.auth, &redirect::site_url(&call), &asked) {
        asked
    } else {
        redirect::target(&call)
    };
    let db = call.db().await?;
    let failed = AuthError::database("Database error finding user");
    let user = User::by_email(&db, &wanted.email, &wanted.audience)
        .await
        .map_err(failed)?;
    drop(db);
    if user.is_none() {
        match wanted.kind.as_str() {
            "magiclink" => {
                wanted.kind = "signup".to_owned();
                wanted.password = password::random(64);
            }
            "recovery" | "email_change_current" | "email_change_new" => {
                return Err(AuthError::UserNotFound("User with this email not found"));
            }
            _ => {}
        }
    }
    let password_hash = match (&user, wanted.kind.as_str()) {
        (None, "signup") => {
            if wanted.password.is_empty() {
                return Err(AuthError::validation("Signup requires a valid password"));
            }
            check_strength(&wanted.password, &settings.auth)?;
            call.auth.hasher().hash(&wanted.password).await?
        }
        _ => String::new(),
    };
    let code = one_time_token::new_code(settings.auth.mailer_otp_length);
    let hash = one_time_token::hash(&wanted.email, &code);
    let person = person(&call, &wanted, user, password_hash).await?;
    let tx = Tx::begin(call.app()).await?;
    let known = matches!(person, Person::Known(_));
    let user = person.create(&call, &tx).await?;
    if known && wanted.kind == "signup" {
        update_user_metadata(&tx, &user, &wanted.data, call.now()).await?;
    }
    let (user, token) = apply(&call, &tx, &admin, &wanted, user, &code, &hash).await?;
    let user = user.reload(&tx).await?;
    tx.commit().await?;
    let kind = match wanted.kind.as_str() {
        "email_change_current" | "email_change_new" => "email_change",
        other => other,
    };
    let mut answer = user.to_json();
    let link = mail::link(&call, &token, kind, &target);
    answer.insert("action_link".to_owned(), json!(link));
    answer.insert("email_otp".to_owned(), json!(code));
    answer.insert("hashed_token".to_owned(), json!(hash));
    answer.insert("verification_type".to_owned(), json!(wanted.kind));
    answer.insert("redirect_to".to_owned(), json!(target));
    Ok(ok(&answer))
}

/// Whom the link is for.
async fn person(
    call: &Call,
    wanted: &Wanted,
    user: Option<User>,
    password_hash: String,
) -> Result<Person, AuthError> {
    let creates = matches!(wanted.kind.as_str(), "signup" | "invite");
    match user {
        Some(user) if creates && user.is_confirmed() => Err(AuthError::EmailExists),
        Some(user) => Ok(Person::Known(Box::new(user))),
        None if creates => {
            let (email, data) = (&wanted.email, wanted.data.clone());
            Person::new(call, email, &wanted.audience, password_hash, data).await
        }
        None => Err(invalid_kind(&wanted.kind)),
    }
}

/// Keeps the code where its kind belongs; the user, and the hash that the link carries.
async fn apply(
    call: &Call,
    db: &Db,
    admin: &Admin,
    wanted: &Wanted,
    user: User,
    code: &str,
    hash: &str,
) -> Result<(User, String), AuthError> {
    let now = call.now();
    let (purpose, relates_to, hash, sql) = match wanted.kind.as_str() {
        "magiclink" | "recovery" => {
            let actor = Actor::from(&user);
            audit::record(db, now, &actor, Action::UserRecoveryRequested, None).await?;
            let sql = "update auth.users
                       set recovery_token = $2, recovery_sent_at = $3, updated_at = $3
                       where id = $1";
            (Purpose::Recovery, user.email.clone(), hash.to_owned(), sql)
        }
        "invite" => {
            let traits = Some(json!({"user_id": user.id, "user_email": user.email}));
            audit::record(db, now, &admin.actor, Action::UserInvited, traits).await?;
            let sql = "update auth.users
                       set confirmation_token = $2, confirmation_sent_at = $3, invited_at = $3,
                           updated_at = $3
                       where id = $1";
            (
                Purpose::Confirmation,
                user.email.clone(),
                hash.to_owned(),
                sql,
            )
        }
        "signup" => {
            let sql = "update auth.users
                       set confirmation_token = $2, confirmation_sent_at = $3, updated_at = $3
                       where id = $1";
            (
                Purpose::Confirmation,
                user.email.clone(),
                hash.to_owned(),
                sql,
            )
        }
        "email_change_current" | "email_change_new" => {
            return change_email(call, db, wanted, user, code, hash).await;
        }
        other => return Err(invalid_kind(other)),
    };
    db.execute(sql, &[&user.id, &hash, &now]).await?;
    one_time_token::put(db, user.id, purpose, &relates_to, &hash, now).await?;
    Ok((user, hash))
}

async fn change_email(
    call: &Call,
    db: &Db,
    wanted: &Wanted,
    user: User,
    code: &str,
    hash: &str,
) -> Result<(User, String), AuthError> {
    let now = call.now();
    let current = wanted.kind == "email_change_current";
    if current && !call.settings().auth.mailer_secure_email_change {
        return Err(AuthError::validation(
            "Enable secure email change to generate link for current email",
        ));
    }
    let new = address::email(&wanted.new_email)?;
    let failed = AuthError::database("Database error checking email");
    let other = User::with_email_besides(db, &new, &user.aud, Some(user.id)).await;
    if other.map_err(failed)?.is_some() {
        return Err(AuthError::EmailExists);
    }
    let (purpose, relates_to, token) = if current {
        (
            Purpose::EmailChangeCurrent,
            user.email.clone(),
            hash.to_owned(),
        )
    } else {
        (
            Purpose::EmailChangeNew,
            new.clone(),
            one_time_token::hash(&new, code),
        )
    };
    let sql = "update auth.users
               set email_change = $2, email_change_sent_at = $3, email_change_confirm_status = 0,
                   email_change_token_current =
                     case when $4 then $5 else email_change_token_current end,
                   email_change_token_new = case when $4 then email_change_token_new else $5 end,
                   updated_at = $3
               where id = $1";
    db.execute(sql, &[&user.id, &new, &now, &current, &token])
        .await?;
    one_time_token::put(db, user.id, purpose, &relates_to, &token, now).await?;
    Ok((user, token))
}

fn invalid_kind(kind: &str) -> AuthError {
    AuthError::validation(format!("Invalid email action link type requested: {kind}"))
}

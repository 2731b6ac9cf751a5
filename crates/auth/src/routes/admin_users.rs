//! `/admin/users`: what holders of the service key do to users.

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::admin_page::{Page, Sort};
use super::go_duration::go_duration;
use super::user::{store_password, update_app_metadata, update_user_metadata};
use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::{Db, Tx};
use crate::error::AuthError;
use crate::password::{self, check_strength};
use crate::signup::{EMAIL, PHONE, confirm_email, confirm_phone};
use crate::user::{NewUser, User, object};
use crate::user_list::UserList;
use crate::wire::{JsonMap, ok};

/// A page of users.
pub(super) async fn list(call: Call) -> Result<Response, AuthError> {
    call.admin().await?;
    let audience = call.audience(None);
    let sort = Sort::of_users(&call)?;
    let page = Page::of(&call)?;
    let text = |name: &str| call.query(name).filter(|text| !text.is_empty());
    let list = UserList {
        audience: &audience,
        filter: text("filter"),
        search: text("search"),
        oldest_first: sort == Sort::Ascending,
    };
    let failed = AuthError::database("Database error finding users");
    let db = call.db().await?;
    let (rows, total) = list
        .page(&db, page.limit(), page.offset())
        .await
        .map_err(failed)?;
    let users: Vec<JsonMap> = rows.iter().map(User::to_json_in_list).collect();
    let mut response = ok(&json!({"users": users, "aud": audience}));
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    if let Ok(link) = HeaderValue::from_str(&page.links(&call, total)) {
        headers.insert("link", link);
    }
    Ok(response)
}

/// The user in the path.
pub(super) async fn load(call: &Call, id: &str) -> Result<User, AuthError> {
    let id: Uuid = id.parse().map_err(|_| AuthError::PathNotUuid("user_id"))?;
    let failed = AuthError::database("Database error loading user");
    let user = User::by_id(&call.db().await?, id).await.map_err(failed)?;
    user.ok_or(AuthError::UserNotFound("User not found"))
}

/// One user.
pub(super) async fn get(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    call.admin().await?;
    Ok(ok(&load(&call, &id).await?.to_json()))
}

struct Wanted {
    id: String,
    aud: String,
    role: String,
    email: String,
    phone: String,
    password: Option<String>,
    password_hash: String,
    email_confirm: bool,
    phone_confirm: bool,
    user_metadata: Option<JsonMap>,
    app_metadata: Option<JsonMap>,
    ban: Option<TimeDelta>,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<(Self, String), AuthError> {
        let params = Params::parse(body, "AdminUserParams")?;
        let wanted = Self {
            id: params.text("id")?,
            aud: params.text("aud")?,
            role: params.text("role")?.trim().to_owned(),
            email: params.text("email")?,
            phone: params.text("phone")?,
            password: params.optional_text("password")?,
            password_hash: params.text("password_hash")?,
            email_confirm: params.flag("email_confirm")?.unwrap_or_default(),
            phone_confirm: params.flag("phone_confirm")?.unwrap_or_default(),
            user_metadata: params.object("user_metadata")?,
            app_metadata: params.object("app_metadata")?,
            ban: None,
        };
        Ok((wanted, params.text("ban_duration")?))
    }

    fn set_ban(&mut self, duration: &str) -> Result<(), AuthError> {
        self.ban = match duration {
            "" => None,
            "none" => Some(TimeDelta::zero()),
            text => Some(go_duration(text).ok_or_else(|| {
                let words =
                    format!("invalid format for ban duration: time: invalid duration {text:?}");
                AuthError::validation(words)
            })?),
        };
        Ok(())
    }
}

/// A new user.
pub(super) async fn create(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let (mut wanted, ban) = Wanted::read(&body)?;
    let audience = if wanted.aud.is_empty() {
        call.audience(None)
    } else {
        wanted.aud.clone()
    };
    if wanted.email.is_empty() && wanted.phone.is_empty() {
        let words = "Cannot create a user without either an email or phone";
        return Err(AuthError::validation(words));
    }
    let providers = not_taken(&call, &mut wanted, &audience).await?;
    let password_hash = initial_hash(&call, &wanted).await?;
    let id = match wanted.id.as_str() {
        "" => Uuid::new_v4(),
        text => {
            let words = "ID must conform to the uuid v4 format";
            let id: Uuid = text.parse().map_err(|_| AuthError::validation(words))?;
            if id.is_nil() {
                return Err(AuthError::validation("ID cannot be a nil uuid"));
            }
            id
        }
    };
    wanted.set_ban(&ban)?;
    let new = NewUser {
        id,
        aud: audience,
        role: Some(wanted.role.clone()).filter(|text| !text.is_empty()),
        email: wanted.email.clone(),
        phone: wanted.phone.clone(),
        password_hash,
        app_metadata: object(json!({"provider": providers.first(), "providers": providers})),
        user_metadata: wanted.user_metadata.clone().unwrap_or_default(),
        ..NewUser::new()
    };
    let failed = |error| match error {
        AuthError::Unhandled(source) => AuthError::Database {
            message: "Database error creating new user",
            source,
        },
        other => other,
    };
    let user = insert(&call, &admin.actor, &wanted, new, &providers)
        .await
        .map_err(failed)?;
    Ok(ok(&user.to_json()))
}

async fn not_taken(
    call: &Call,
    wanted: &mut Wanted,
    audience: &str,
) -> Result<Vec<&'static str>, AuthError> {
    let mut providers = Vec::new();
    if !wanted.email.is_empty() {
        wanted.email = address::email(&wanted.email)?;
        let db = call.db().await?;
        let failed = AuthError::database("Database error checking email");
        let other = User::with_email_besides(&db, &wanted.email, audience, None).await;
        if other.map_err(failed)?.is_some() {
            return Err(AuthError::EmailExists);
        }
        providers.push(EMAIL);
    }
    if !wanted.phone.is_empty() {
        wanted.phone = address::phone(&wanted.phone)?;
        let db = call.db().await?;
        let failed = AuthError::database("Database error checking phone");
        let other = User::by_phone(&db, &wanted.phone, audience).await;
        if other.map_err(failed)?.is_some() {
            return Err(AuthError::PhoneExistsAdmin);
        }
        providers.push(PHONE);
    }
    Ok(providers)
}

async fn initial_hash(call: &Call, wanted: &Wanted) -> Result<String, AuthError> {
    if wanted.password.is_some() && !wanted.password_hash.is_empty() {
        let words = "Only a password or a password hash should be provided";
        return Err(AuthError::validation(words));
    }
    if !wanted.password_hash.is_empty() {
        return if password::is_hash(&wanted.password_hash) {
            Ok(wanted.password_hash.clone())
        } else {
            Err(AuthError::Internal("Error creating user".into()))
        };
    }
    match wanted.password.as_deref() {
        Some(text) if text.len() > 72 => Err(AuthError::validation(
            "bcrypt: password length exceeds 72 bytes",
        )),
        Some(text) if !text.is_empty() => call.auth.hasher().hash(text).await,
        _ => call.auth.hasher().hash(&password::random(64)).await,
    }
}

async fn insert(
    call: &Call,
    actor: &Actor,
    wanted: &Wanted,
    new: NewUser,
    providers: &[&'static str],
) -> Result<User, AuthError> {
    let now = call.now();
    let tx = Tx::begin(call.app()).await?;
    let user = new.insert(&tx, now).await?;
    if !user.email.is_empty() {
        user.put_own_identity(&tx, EMAIL, &user.email, false, now)
            .await?;
    }
    if !user.phone.is_empty() {
        user.put_own_identity(&tx, PHONE, &user.phone, false, now)
            .await?;
    }
    let mut traits = audit::about(&user);
    traits.insert("provider".to_owned(), json!(providers.first()));
    audit::record(
        &tx,
        now,
        actor,
        Action::UserSignedUp,
        Some(Value::Object(traits)),
    )
    .await?;
    if let Some(data) = &wanted.app_metadata {
        update_app_metadata(&tx, &user, data, now).await?;
    }
    if wanted.email_confirm {
        confirm_email(&tx, &user, now).await?;
    }
    if wanted.phone_confirm {
        confirm_phone(&tx, &user, now).await?;
    }
    if let Some(duration) = wanted.ban {
        ban(&tx, &user, duration, now).await?;
    }
    let user = user.reload(&tx).await?;
    tx.commit().await?;
    Ok(user)
}

/// Changes a user.
pub(super) async fn update(
    call: Call,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let user = load(&call, &id).await?;
    let (mut wanted, ban) = Wanted::read(&body)?;
    if !wanted.email.is_empty() {
        wanted.email = address::email(&wanted.email)?;
    }
    if !wanted.phone.is_empty() {
        wanted.phone = address::phone(&wanted.phone)?;
    }
    wanted.set_ban(&ban)?;
    let hash = match wanted.password.as_deref() {
        None => None,
        Some(text) => {
            check_strength(text, &call.settings().auth)?;
            Some(call.auth.hasher().hash(text).await?)
        }
    };
    let user = store(&call, &admin.actor, &user, &wanted, hash)
        .await
        .map_err(|error| match error {
            AuthError::Unhandled(source) | AuthError::Database { source, .. } => {
                AuthError::Database {
                    message: "Error updating user",
                    source,
                }
            }
            other => other,
        })?;
    Ok(ok(&user.to_json()))
}

async fn store(
    call: &Call,
    actor: &Actor,
    user: &User,
    wanted: &Wanted,
    hash: Option<String>,
) -> Result<User, AuthError> {
    let now = call.now();
    let tx = Tx::begin(call.app()).await?;
    if !wanted.role.is_empty() {
        let sql = "update auth.users set role = $2, updated_at = $3 where id = $1";
        tx.execute(sql, &[&user.id, &wanted.role, &now]).await?;
    }
    if wanted.email_confirm {
        confirm_email(&tx, user, now).await?;
    }
    if wanted.phone_confirm {
        confirm_phone(&tx, user, now).await?;
    }
    if let Some(hash) = hash {
        store_password(&tx, call, user, &hash, None).await?;
    }
    if !wanted.email.is_empty() {
        user.put_own_identity(&tx, EMAIL, &wanted.email, wanted.email_confirm, now)
            .await?;
        let sql = "update auth.users
                   set email = $2, is_anonymous = is_anonymous and not $3, updated_at = $4
                   where id = $1";
        tx.execute(sql, &[&user.id, &wanted.email, &wanted.email_confirm, &now])
            .await?;
    }
    if !wanted.phone.is_empty() {
        user.put_own_identity(&tx, PHONE, &wanted.phone, wanted.phone_confirm, now)
            .await?;
        let sql = "update auth.users
                   set phone = $2, is_anonymous = is_anonymous and not $3, updated_at = $4
                   where id = $1";
        tx.execute(sql, &[&user.id, &wanted.phone, &wanted.phone_confirm, &now])
            .await?;
    }
    if let Some(data) = &wanted.app_metadata {
        update_app_metadata(&tx, user, data, now).await?;
    }
    if let Some(data) = &wanted.user_metadata {
        update_user_metadata(&tx, user, data, now).await?;
    }
    if let Some(duration) = wanted.ban {
        ban(&tx, user, duration, now).await?;
    }
    let user = user.reload(&tx).await?;
    let traits = Value::Object(audit::about(&user));
    audit::record(&tx, now, actor, Action::UserModified, Some(traits)).await?;
    tx.commit().await?;
    Ok(user)
}

async fn ban(
    db: &Db,
    user: &User,
    duration: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), AuthError> {
    let until = if duration.is_zero() {
        None
    } else {
        now.checked_add_signed(duration)
    };
    let sql = "update auth.users set banned_until = $2, updated_at = $3 where id = $1";
    db.execute(sql, &[&user.id, &until, &now]).await?;
    Ok(())
}

/// Deletes a user; with `should_soft_delete`, keeps the row without anything personal in it.
pub(super) async fn delete(
    call: Call,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let user = load(&call, &id).await?;
    let soft = if body.is_empty() {
        false
    } else {
        let params = Params::parse(&body, "adminUserDeleteParams")?;
        params.flag("should_soft_delete")?.unwrap_or_default()
    };
    let tx = Tx::begin(call.app()).await?;
    let traits = Value::Object(audit::about(&user));
    audit::record(
        &tx,
        call.now(),
        &admin.actor,
        Action::UserDeleted,
        Some(traits),
    )
    .await?;
    if !soft {
        let failed = AuthError::database("Database error deleting user");
        tx.execute("delete from auth.users where id = $1", &[&user.id])
            .await
            .map_err(failed)?;
    } else if user.deleted_at.is_none() {
        let failed = AuthError::database("Error soft deleting user");
        super::admin_soft_delete::soft_delete(&tx, &user, call.now())
            .await
            .map_err(failed)?;
    }
    tx.commit().await?;
    Ok(crate::wire::empty())
}

//! Making users: by address or phone number, and by an admin's invitation.

use hearth_apps::settings::AuthSettings;
use hearth_pg::PgError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::Params;
use crate::call::Call;
use crate::database::{Db, Tx, violates};
use crate::error::AuthError;
use crate::flow_state::{Challenge, FlowState};
use crate::hooks;
use crate::identity::{Identity, claims};
use crate::issue;
use crate::mail;
use crate::one_time_token;
use crate::password::check_strength;
use crate::sms;
use crate::user::{NewUser, User, merge, object};
use crate::wire::JsonMap;

pub(crate) const EMAIL: &str = "email";
pub(crate) const PHONE: &str = "phone";

/// What somebody signs up with.
#[derive(Debug, Clone)]
pub(crate) struct SignUp {
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) password: String,
    pub(crate) data: JsonMap,
    pub(crate) channel: String,
    pub(crate) challenge: Option<Challenge>,
}

/// How it ended.
pub(crate) enum SignedUp {
    /// Confirmed already: a session.
    Session(JsonMap),
    /// A mail was sent, or would have been: the user.
    User(JsonMap),
}

impl SignUp {
    /// The body of a sign-up. The challenge is read last, as upstream checks it.
    pub(crate) fn from_params(params: &Params, settings: &AuthSettings) -> Result<Self, AuthError> {
        let mut sign_up = Self {
            email: params.text("email")?,
            phone: params.text("phone")?,
            password: params.text("password")?,
            data: params.object("data")?.unwrap_or_default(),
            channel: params.text("channel")?,
            challenge: None,
        };
        sign_up.check(settings)?;
        let challenged = !params.text("code_challenge")?.is_empty();
        if !sign_up.phone.is_empty() && challenged {
            return Err(AuthError::validation(
                "PKCE not supported for phone signups",
            ));
        }
        sign_up.challenge = Challenge::from_params(params)?;
        Ok(sign_up)
    }

    /// The rules that hold for password, address and channel.
    pub(crate) fn check(&self, settings: &AuthSettings) -> Result<(), AuthError> {
        if self.password.is_empty() {
            return Err(AuthError::validation("Signup requires a valid password"));
        }
        check_strength(&self.password, settings)?;
        if !self.email.is_empty() && !self.phone.is_empty() {
            return Err(AuthError::validation(
                "Only an email address or phone number should be provided on signup.",
            ));
        }
        if !self.phone.is_empty() {
            check_channel(&self.channel)?;
        }
        Ok(())
    }
}

/// Messages to phones go by SMS; other channels need a provider that has them.
pub(crate) fn check_channel(channel: &str) -> Result<(), AuthError> {
    if matches!(channel, "" | "sms") {
        return Ok(());
    }
    Err(AuthError::validation(
        "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported \
         if Twilio or Twilio Verify is used as the provider.",
    ))
}

/// Signs somebody up.
pub(crate) async fn sign_up(call: &Call, mut sign_up: SignUp) -> Result<SignedUp, AuthError> {
    let settings = call.settings();
    let settings = &settings.auth;
    let audience = call.audience(None);
    let finding = || AuthError::database("Database error finding user");
    let (provider, existing) = if sign_up.email.is_empty() {
        if !settings.phone_enabled {
            return Err(AuthError::PhoneSignupsDisabled);
        }
        sign_up.phone = address::phone(&sign_up.phone)?;
        let db = call.db().await?;
        (
            PHONE,
            User::by_phone(&db, &sign_up.phone, &audience)
                .await
                .map_err(finding())?,
        )
    } else {
        if !settings.email_enabled {
            return Err(AuthError::EmailSignupsDisabled);
        }
        sign_up.email = address::email(&sign_up.email)?;
        let db = call.db().await?;
        let email = &sign_up.email;
        let user = User::with_email_besides(&db, email, &audience, None).await;
        (EMAIL, user.map_err(finding())?)
    };
    // Always hashed, also for an address that is taken: the time tells nothing.
    let password_hash = call.auth.hasher().hash(&sign_up.password).await?;
    let confirmed = |user: &User| match provider {
        EMAIL => user.is_confirmed(),
        _ => user.is_phone_confirmed(),
    };
    if let Some(user) = existing.as_ref().filter(|user| confirmed(user)) {
        return repeated(call, user, &sign_up, provider, &audience).await;
    }
    let autoconfirm = match provider {
        EMAIL => settings.mailer_autoconfirm,
        _ => settings.sms_autoconfirm,
    };
    // Somebody else (an admin, say) may have made this user. Without a mail in between, only the
    // password shows that it is the same person; upstream would let anybody in here.
    if let Some(user) = existing.as_ref().filter(|_| autoconfirm)
        && !call
            .auth
            .hasher()
            .verify(&sign_up.password, &user.encrypted_password)
            .await?
    {
        return Err(AuthError::UserAlreadyExists);
    }
    let new = new_user(&sign_up, provider, &audience, password_hash);
    if existing.is_none() {
        hooks::before_user_created(call, new.to_json()).await?;
    }
    let tx = Tx::begin(call.app()).await?;
    let mut user = match existing {
        // Not updated: nobody has shown yet whose address it is.
        Some(user) => user,
        None => insert(&tx, call, new).await?,
    };
    user = ensure_identity(&tx, call, user, &sign_up, provider).await?;
    let traits = Some(json!({"provider": provider}));
    let now = call.now();
    if !autoconfirm {
        let actor = Actor::from(&user);
        let action = Action::UserConfirmationRequested;
        audit::record(&tx, now, &actor, action, traits).await?;
        let mut user = if provider == PHONE {
            let message = sms::confirmation(call, &tx, &user).await?;
            let user = user.reload(&tx).await?;
            tx.commit().await?;
            message.send(call).await?;
            user
        } else {
            if let Some(challenge) = &sign_up.challenge {
                FlowState::begin(&tx, challenge, EMAIL, "email/signup", user.id, now).await?;
            }
            let challenge = sign_up.challenge.as_ref();
            let mail = mail::confirmation(call, &tx, &user, challenge).await?;
            let user = user.reload(&tx).await?;
            tx.commit().await?;
            mail.send(call).await?;
            user
        };
        if user.invited_at.is_some() {
            user.user_metadata = JsonMap::new();
            user.identities.clear();
        }
        return Ok(SignedUp::User(user.to_json()));
    }
    let updating = AuthError::database("Database error updating user");
    match provider {
        EMAIL => confirm_email(&tx, &user, now).await.map_err(updating)?,
        _ => confirm_phone(&tx, &user, now).await.map_err(updating)?,
    }
    user = user.reload(&tx).await?;
    let actor = Actor::from(&user);
    audit::record(&tx, now, &actor, Action::UserSignedUp, traits.clone()).await?;
    let log = audit::payload(&actor, Action::Login, traits);
    let tokens = issue::session(&tx, call, &mut user, "password", Some(log)).await?;
    tx.commit().await?;
    Ok(SignedUp::Session(tokens.to_json(&user)))
}

/// The address is taken. Where addresses must be confirmed, the answer looks as if it were not.
async fn repeated(
    call: &Call,
    user: &User,
    sign_up: &SignUp,
    provider: &'static str,
    audience: &str,
) -> Result<SignedUp, AuthError> {
    let now = call.now();
    let traits = Some(json!({"provider": provider}));
    let db = call.db().await?;
    audit::record(
        &db,
        now,
        &Actor::from(user),
        Action::UserRepeatedSignUp,
        traits,
    )
    .await?;
    let settings = call.settings();
    if settings.auth.mailer_autoconfirm || settings.auth.sms_autoconfirm {
        return Err(AuthError::UserAlreadyExists);
    }
    let mut shown = user.clone();
    shown.id = Uuid::new_v4();
    shown.aud = audience.to_owned();
    shown.role = String::new();
    shown.email_change = String::new();
    shown.created_at = Some(now);
    shown.updated_at = Some(now);
    shown.confirmation_sent_at = Some(now);
    for hidden in [
        &mut shown.last_sign_in_at,
        &mut shown.confirmed_at,
        &mut shown.email_change_sent_at,
        &mut shown.email_confirmed_at,
        &mut shown.phone_confirmed_at,
        &mut shown.recovery_sent_at,
        &mut shown.invited_at,
        &mut shown.phone_change_sent_at,
        &mut shown.reauthentication_sent_at,
        &mut shown.banned_until,
    ] {
        *hidden = None;
    }
    shown.identities.clear();
    shown.factors.clear();
    shown.wechat_id = String::new();
    shown.phone_change = String::new();
    shown.is_anonymous = false;
    shown.user_metadata = sign_up.data.clone();
    shown.app_metadata = object(json!({"provider": provider, "providers": [provider]}));
    match provider {
        EMAIL => {
            shown.email = sign_up.email.clone();
            shown.phone = String::new();
        }
        _ => shown.email = String::new(),
    }
    Ok(SignedUp::User(shown.to_json()))
}

fn new_user(sign_up: &SignUp, provider: &str, audience: &str, password_hash: String) -> NewUser {
    NewUser {
        aud: audience.to_owned(),
        email: sign_up.email.clone(),
        phone: sign_up.phone.clone(),
        password_hash,
        app_metadata: object(json!({"provider": provider, "providers": [provider]})),
        user_metadata: sign_up.data.clone(),
        ..NewUser::new()
    }
}

async fn insert(db: &Db, call: &Call, new: NewUser) -> Result<User, AuthError> {
    new.insert(db, call.now()).await.map_err(|error| {
        // Somebody was faster with the same address.
        if violates(&error, "users_email_partial_key") || violates(&error, "users_phone_key") {
            AuthError::UserAlreadyExists
        } else {
            AuthError::Database {
                message: "Database error saving new user",
                source: error,
            }
        }
    })
}

/// A user who is not confirmed yet has the identity that is signing up, and no other.
async fn ensure_identity(
    db: &Db,
    call: &Call,
    user: User,
    sign_up: &SignUp,
    provider: &str,
) -> Result<User, AuthError> {
    if user.own_identity(provider).is_some() {
        return Ok(user);
    }
    let mut data = claims(user.id);
    if !user.email.is_empty() {
        data.insert(EMAIL.to_owned(), json!(user.email));
    }
    for (key, value) in &sign_up.data {
        if !data.contains_key(key) && !value.is_null() {
            data.insert(key.clone(), value.clone());
        }
    }
    let failed = || AuthError::database("Error creating identity");
    Identity::insert(db, user.id, provider, &data, call.now())
        .await
        .map_err(failed())?;
    for other in &user.identities {
        other.delete(db).await?;
    }
    let sql = "update auth.users set raw_user_meta_data = $2, updated_at = $3 where id = $1";
    db.execute(sql, &[&user.id, &Value::Object(data), &call.now()])
        .await?;
    user.update_providers(db, call.now()).await?;
    Ok(user.reload(db).await?)
}

/// The address counts as the user's from now on.
pub(crate) async fn confirm_email(
    db: &Db,
    user: &User,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), PgError> {
    let sql = "update auth.users
               set email_confirmed_at = $2, confirmation_token = '', updated_at = $2,
                   raw_user_meta_data = coalesce(raw_user_meta_data, '{}')
                     || '{\"email_verified\": true}'
               where id = $1";
    db.execute(sql, &[&user.id, &now]).await?;
    one_time_token::clear_all(db, user.id).await
}

/// The phone number counts as the user's from now on.
pub(crate) async fn confirm_phone(
    db: &Db,
    user: &User,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), PgError> {
    let sql = "update auth.users
               set phone_confirmed_at = $2, confirmation_token = '', updated_at = $2
               where id = $1";
    db.execute(sql, &[&user.id, &now]).await?;
    one_time_token::clear_all(db, user.id).await
}

/// Somebody with an address, known already or about to be made by an admin or a link.
pub(crate) enum Person {
    Known(Box<User>),
    New(Box<NewUser>),
}

impl Person {
    /// Somebody new; the application's hook has let them pass.
    pub(crate) async fn new(
        call: &Call,
        email: &str,
        audience: &str,
        password_hash: String,
        data: JsonMap,
    ) -> Result<Self, AuthError> {
        let sign_up = SignUp {
            email: email.to_owned(),
            phone: String::new(),
            password: String::new(),
            data,
            channel: String::new(),
            challenge: None,
        };
        let new = new_user(&sign_up, EMAIL, audience, password_hash);
        hooks::before_user_created(call, new.to_json()).await?;
        Ok(Self::New(Box::new(new)))
    }

    /// The user, created if need be.
    pub(crate) async fn create(self, call: &Call, db: &Db) -> Result<User, AuthError> {
        let new = match self {
            Self::Known(user) => return Ok(*user),
            Self::New(new) => *new,
        };
        let email = new.email.clone();
        let user = insert(db, call, new).await?;
        let mut data = claims(user.id);
        merge(&mut data, &object(json!({ EMAIL: email })));
        let failed = AuthError::database("Error creating identity");
        Identity::insert(db, user.id, EMAIL, &data, call.now())
            .await
            .map_err(failed)?;
        Ok(user.reload(db).await?)
    }
}

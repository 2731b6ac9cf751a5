//! Hooks: code of the application's own that is asked at certain points, as upstream asks it. A
//! hook is a function in the application's database (`postgres`) or an HTTP endpoint (`http`); it
//! gets a JSON object and answers one, or an error that the client is told.

mod http;
mod postgres;

use chrono::SecondsFormat;
use hearth_apps::App;
use hearth_apps::settings::{HookSettings, Hooks};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Auth;
use crate::call::Call;
use crate::database::Db;
use crate::error::AuthError;
use crate::issue::Origin;
use crate::session;
use crate::user::User;

/// The points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    CustomAccessToken,
    SendEmail,
    SendSms,
    BeforeUserCreated,
    PasswordVerification,
    MfaVerification,
}

impl Hook {
    /// Its name in what it is told.
    fn name(self) -> &'static str {
        match self {
            Self::CustomAccessToken => "customize-access-token",
            Self::SendEmail => "send-email",
            Self::SendSms => "send-sms",
            Self::BeforeUserCreated => "before-user-created",
            Self::PasswordVerification => "password-verification",
            Self::MfaVerification => "mfa-verification",
        }
    }

    fn settings(self, hooks: &Hooks) -> &HookSettings {
        match self {
            Self::CustomAccessToken => &hooks.custom_access_token,
            Self::SendEmail => &hooks.send_email,
            Self::SendSms => &hooks.send_sms,
            Self::BeforeUserCreated => &hooks.before_user_created,
            Self::PasswordVerification => &hooks.password_verification_attempt,
            Self::MfaVerification => &hooks.mfa_verification_attempt,
        }
    }
}

/// Asks `hook` with `input`, to which it adds `metadata`; `null` where it is switched off or
/// answers nothing. A function runs in the transaction of `db`, if there is one.
///
/// # Errors
/// What the hook refuses with, or that it failed.
pub(crate) async fn invoke(
    auth: &Auth,
    app: &App,
    db: Option<&Db>,
    hook: Hook,
    origin: &Origin,
    input: Value,
) -> Result<Value, AuthError> {
    let settings = app.settings();
    let settings = hook.settings(&settings.auth.hooks);
    if !settings.enabled {
        return Ok(Value::Null);
    }
    let mut message = json!({
        "metadata": {
            "uuid": Uuid::new_v4(),
            "time": origin.now.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            "name": hook.name(),
            "ip_address": origin.address,
        },
    });
    if let (Value::Object(message), Value::Object(input)) = (&mut message, input) {
        message.extend(input);
    }
    let uri = settings.uri.trim();
    let failed = || AuthError::HookFailed(format!("Error running hook URI: {uri}").into());
    let answer = match uri.split_once(':').map(|(scheme, _)| scheme) {
        Some("http" | "https") => http::ask(auth.http().client()?, settings, &message).await?,
        Some("pg-functions") => postgres::ask(app, db, uri, &message)
            .await
            .map_err(|error| {
                tracing::warn!(error, hook = hook.name(), app = %app.reference, "a hook failed");
                failed()
            })?,
        _ => return Err(failed()),
    };
    refusal(&answer)?;
    Ok(answer)
}

/// `{"error": {"http_code": …, "message": …}}` is a refusal, if it has a message.
fn refusal(answer: &Value) -> Result<(), AuthError> {
    let Some(error) = answer.get("error") else {
        return Ok(());
    };
    let message = error.get("message").and_then(Value::as_str).unwrap_or("");
    if message.is_empty() {
        return Ok(());
    }
    let status = error.get("http_code").and_then(Value::as_u64).unwrap_or(0);
    let status = u16::try_from(status)
        .ok()
        .and_then(http::status)
        .unwrap_or(::http::StatusCode::INTERNAL_SERVER_ERROR);
    Err(AuthError::HookRefused {
        status,
        message: message.to_owned(),
    })
}

/// Asks whether `user`, who is not in the database yet, may be created.
pub(crate) async fn before_user_created(call: &Call, user: Value) -> Result<(), AuthError> {
    let (hook, origin) = (Hook::BeforeUserCreated, call.origin());
    let input = json!({"user": user});
    invoke(&call.auth, call.app(), None, hook, &origin, input).await?;
    Ok(())
}

/// Asks whether an attempt to sign in by password counts; `valid` says if the password was right.
pub(crate) async fn password_verification(
    call: &Call,
    user: &User,
    valid: bool,
) -> Result<(), AuthError> {
    let (hook, origin) = (Hook::PasswordVerification, call.origin());
    let input = json!({"user_id": user.id, "valid": valid});
    let answer = invoke(&call.auth, call.app(), None, hook, &origin, input).await?;
    let Some(message) = rejection(&answer) else {
        return Ok(());
    };
    if answer.get("should_logout_user") == Some(&Value::Bool(true)) {
        session::end_all(&call.db().await?, user.id).await?;
    }
    let default = "Further password verification attempts will be rejected.";
    Err(AuthError::PasswordRejected(
        message.unwrap_or(default.to_owned()),
    ))
}

/// Asks whether a try of a second factor counts; `valid` says if its code was right. A user whose
/// try is refused is signed out everywhere.
pub(crate) async fn mfa_verification(
    call: &Call,
    user: &User,
    factor: Uuid,
    factor_type: &str,
    valid: bool,
) -> Result<(), AuthError> {
    let (hook, origin) = (Hook::MfaVerification, call.origin());
    let input = json!({
        "user_id": user.id, "factor_id": factor, "factor_type": factor_type, "valid": valid,
    });
    let answer = invoke(&call.auth, call.app(), None, hook, &origin, input).await?;
    let Some(message) = rejection(&answer) else {
        return Ok(());
    };
    session::end_all(&call.db().await?, user.id).await?;
    let default = "Further MFA verification attempts will be rejected.";
    Err(AuthError::FactorRejected(
        message.unwrap_or(default.to_owned()),
    ))
}

/// The message of an answer that rejects, if it has one.
fn rejection(answer: &Value) -> Option<Option<String>> {
    (answer.get("decision")? == "reject").then(|| {
        let message = answer.get("message").and_then(Value::as_str);
        message.filter(|text| !text.is_empty()).map(str::to_owned)
    })
}

/// The claims of a token as the hook wants them.
pub(crate) async fn custom_claims(
    call: &Call,
    db: &Db,
    user: &User,
    method: &str,
    claims: Value,
) -> Result<Value, AuthError> {
    let (hook, origin) = (Hook::CustomAccessToken, call.origin());
    let input = json!({"user_id": user.id, "claims": claims, "authentication_method": method});
    let answer = invoke(&call.auth, call.app(), Some(db), hook, &origin, input).await?;
    let wanted = answer.get("claims").cloned();
    let Some(claims) = wanted.filter(Value::is_object) else {
        return Err(AuthError::HookFailed(
            "output claims field is missing".into(),
        ));
    };
    check_claims(&claims)?;
    Ok(claims)
}

/// Claims that other services rely on.
fn check_claims(claims: &Value) -> Result<(), AuthError> {
    let text = |name: &str| claims.get(name).is_some_and(Value::is_string);
    let number = |name: &str| claims.get(name).is_some_and(Value::is_number);
    let mut wrong = Vec::new();
    if !claims
        .get("aud")
        .is_some_and(|aud| aud.is_string() || aud.is_array())
    {
        wrong.push("aud");
    }
    wrong.extend(["exp", "iat"].into_iter().filter(|name| !number(name)));
    let texts = ["sub", "email", "phone", "role", "aal", "session_id"];
    wrong.extend(texts.into_iter().filter(|name| !text(name)));
    if !claims.get("is_anonymous").is_some_and(Value::is_boolean) {
        wrong.push("is_anonymous");
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut words = "output claims do not conform to the expected schema: \n".to_owned();
    for name in wrong {
        words.push_str(&format!("- (root): {name} is required\n"));
    }
    Err(AuthError::HookFailed(words.into()))
}

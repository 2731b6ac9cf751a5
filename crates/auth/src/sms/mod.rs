//! Codes to phones. As with mails, a code is written inside the caller's transaction and the
//! message sent after the commit: by the application's hook, or by its provider.

mod aliyun;

use chrono::{DateTime, TimeDelta, Utc};
use hearth_apps::settings::SmsProvider;
use serde_json::{Value, json};

use crate::call::Call;
use crate::database::Db;
use crate::error::AuthError;
use crate::hooks::{self, Hook};
use crate::one_time_token::{self, Purpose};
use crate::user::User;

/// Upstream's id of a message that was not sent since the number is a tester's.
const TEST_MESSAGE: &str = "test-otp";

/// A message that waits for the commit.
#[must_use = "the message is sent after the commit"]
pub(crate) struct OutgoingMessage {
    user: User,
    phone: String,
    code: String,
    what: &'static str,
    purpose: Purpose,
    to_tester: bool,
}

/// A code that confirms the phone number of `user`, or signs in by it.
pub(crate) async fn confirmation(
    call: &Call,
    db: &Db,
    user: &User,
) -> Result<OutgoingMessage, AuthError> {
    let sql = "update auth.users
               set confirmation_token = $2, confirmation_sent_at = $3, updated_at = $3
               where id = $1";
    let sent_at = user.confirmation_sent_at;
    let (phone, purpose) = (&user.phone, Purpose::Confirmation);
    write(call, db, user, phone, "confirmation", sent_at, sql, purpose).await
}

/// A code that proves that the user is still there.
pub(crate) async fn reauthentication(
    call: &Call,
    db: &Db,
    user: &User,
) -> Result<OutgoingMessage, AuthError> {
    let sql = "update auth.users
               set reauthentication_token = $2, reauthentication_sent_at = $3, updated_at = $3
               where id = $1";
    let sent_at = user.reauthentication_sent_at;
    let (phone, purpose) = (&user.phone, Purpose::Reauthentication);
    write(
        call,
        db,
        user,
        phone,
        "reauthentication",
        sent_at,
        sql,
        purpose,
    )
    .await
}

/// A code that confirms a new phone number.
pub(crate) async fn phone_change(
    call: &Call,
    db: &Db,
    user: &User,
    phone: &str,
) -> Result<OutgoingMessage, AuthError> {
    let failed = AuthError::database("Error updating user");
    let sql = "update auth.users set phone_change = $2 where id = $1";
    db.execute(sql, &[&user.id, &phone]).await.map_err(failed)?;
    let sql = "update auth.users
               set phone_change_token = $2, phone_change_sent_at = $3, updated_at = $3
               where id = $1";
    let (sent_at, purpose) = (user.phone_change_sent_at, Purpose::PhoneChange);
    write(call, db, user, phone, "phone_change", sent_at, sql, purpose).await
}

#[allow(
    clippy::too_many_arguments,
    reason = "what the three occasions differ in"
)]
async fn write(
    call: &Call,
    db: &Db,
    user: &User,
    phone: &str,
    what: &'static str,
    sent_at: Option<DateTime<Utc>>,
    sql: &'static str,
    purpose: Purpose,
) -> Result<OutgoingMessage, AuthError> {
    check_frequency(call, sent_at)?;
    let settings = call.settings();
    let sms = &settings.auth.sms;
    let test = sms.test_otps.get(phone).cloned();
    if test.is_none() {
        if sms.provider == SmsProvider::None && !settings.auth.hooks.send_sms.enabled {
            return Err(AuthError::NoSmsProvider);
        }
        call.auth.limits().message(call)?;
    }
    let to_tester = test.is_some();
    let code = test.unwrap_or_else(|| one_time_token::new_code(sms.otp_length));
    let hash = one_time_token::hash(phone, &code);
    let failed = || AuthError::database("error creating one time token");
    db.execute(sql, &[&user.id, &hash, &call.now()])
        .await
        .map_err(failed())?;
    one_time_token::put(db, user.id, purpose, phone, &hash, call.now())
        .await
        .map_err(failed())?;
    Ok(OutgoingMessage {
        user: user.reload(db).await?,
        phone: phone.to_owned(),
        code,
        what,
        purpose,
        to_tester,
    })
}

fn check_frequency(call: &Call, sent_at: Option<DateTime<Utc>>) -> Result<(), AuthError> {
    let least = TimeDelta::seconds(call.settings().auth.sms.max_frequency.clamp(0, 86_400));
    match sent_at.map(|at| at + least) {
        Some(next) if next >= call.now() && !least.is_zero() => {
            Err(AuthError::TooEarlyForMessage {
                seconds: (next - call.now()).num_seconds(),
            })
        }
        _ => Ok(()),
    }
}

impl OutgoingMessage {
    /// Sends the message; the provider's id of it, empty where a hook sent it.
    ///
    /// # Errors
    /// What the hook answers, or the provider's words for why it does not send.
    pub(crate) async fn send(self, call: &Call) -> Result<String, AuthError> {
        if self.to_tester {
            return Ok(TEST_MESSAGE.to_owned());
        }
        let sent = self.deliver(call).await;
        if sent.is_err() {
            one_time_token::take_back(call.app(), self.user.id, self.purpose).await;
        }
        sent
    }

    async fn deliver(&self, call: &Call) -> Result<String, AuthError> {
        let settings = call.settings();
        if settings.auth.hooks.send_sms.enabled {
            let input = json!({
                "user": self.user.to_json(),
                "sms": {"otp": self.code, "phone": self.phone},
            });
            let (hook, origin) = (Hook::SendSms, call.origin());
            hooks::invoke(&call.auth, call.app(), None, hook, &origin, input).await?;
            return Ok(String::new());
        }
        let account = &settings.auth.sms.aliyun;
        call.auth
            .aliyun()
            .send(
                call.auth.http().client()?,
                account,
                &self.phone,
                &self.code,
                call.now(),
            )
            .await
            .map_err(|reason| AuthError::MessageNotSent {
                what: self.what,
                reason: reason.to_string(),
            })
    }
}

/// What endpoints answer that sent a message.
pub(crate) fn answer(message_id: &str) -> Value {
    if message_id.is_empty() {
        json!({})
    } else {
        json!({"message_id": message_id})
    }
}

pub(crate) use aliyun::Aliyun;

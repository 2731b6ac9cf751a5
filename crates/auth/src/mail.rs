//! Mails with codes and links. They are kept in the [`Mailbox`] of the server, where a developer
//! reads them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hearth_core::AppRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::call::Call;
use crate::database::Db;
use crate::error::AuthError;
use crate::flow_state::{Challenge, mark};
use crate::one_time_token::{self, Purpose};
use crate::redirect;
use crate::user::User;

/// How many mails of an application are kept.
const MAILS_PER_APP: usize = 200;

/// A mail as it was sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// To whom.
    pub to: String,
    /// GoTrue's name of the occasion: `signup`, `recovery`, `magiclink`, `invite`,
    /// `email_change`, `reauthentication`.
    pub kind: &'static str,
    /// The code.
    pub code: String,
    /// The link that counts as the code; none where only the code counts.
    pub link: Option<String>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// The mails of each application, the latest last; the oldest are dropped beyond a bound.
#[derive(Debug, Default)]
pub struct Mailbox {
    mails: Mutex<HashMap<AppRef, VecDeque<Mail>>>,
}

impl Mailbox {
    /// The mails of `app`, the oldest first.
    pub fn mails(&self, app: &AppRef) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails
            .get(app)
            .map(|list| list.iter().cloned().collect())
            .unwrap_or_default()
    }

    fn put(&self, app: &AppRef, mail: Mail) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let list = mails.entry(app.clone()).or_default();
        while list.len() >= MAILS_PER_APP {
            list.pop_front();
        }
        list.push_back(mail);
    }
}

/// Asks a new user to confirm the address.
pub(crate) async fn send_confirmation(
    call: &Call,
    db: &Db,
    user: &User,
    challenge: Option<&Challenge>,
) -> Result<(), AuthError> {
    let failed = || AuthError::database("Error sending confirmation email");
    check_frequency(call, user.confirmation_sent_at)?;
    let (code, hash) = new_code(call, &user.email, challenge);
    let sql = "update auth.users
               set confirmation_token = $2, confirmation_sent_at = $3, updated_at = $3
               where id = $1";
    db.execute(sql, &[&user.id, &hash, &call.now()])
        .await
        .map_err(failed())?;
    one_time_token::put(
        db,
        user.id,
        Purpose::Confirmation,
        &user.email,
        &hash,
        call.now(),
    )
    .await
    .map_err(failed())?;
    deliver(call, &user.email, "signup", code, Some(&hash));
    Ok(())
}

/// Invites somebody.
pub(crate) async fn send_invite(call: &Call, db: &Db, user: &User) -> Result<(), AuthError> {
    let failed = || AuthError::database("Error inviting user");
    let (code, hash) = new_code(call, &user.email, None);
    let sql = "update auth.users
               set confirmation_token = $2, confirmation_sent_at = $3, invited_at = $3,
                   updated_at = $3
               where id = $1";
    db.execute(sql, &[&user.id, &hash, &call.now()])
        .await
        .map_err(failed())?;
    one_time_token::put(
        db,
        user.id,
        Purpose::Confirmation,
        &user.email,
        &hash,
        call.now(),
    )
    .await
    .map_err(failed())?;
    deliver(call, &user.email, "invite", code, Some(&hash));
    Ok(())
}

/// A link to sign in by (`magiclink`) or to set a new password (`recovery`).
pub(crate) async fn send_recovery(
    call: &Call,
    db: &Db,
    user: &User,
    kind: &'static str,
    challenge: Option<&Challenge>,
) -> Result<(), AuthError> {
    let failed = || {
        AuthError::database(match kind {
            "magiclink" => "Error sending magic link email",
            _ => "Error sending recovery email",
        })
    };
    check_frequency(call, user.recovery_sent_at)?;
    let (code, hash) = new_code(call, &user.email, challenge);
    let sql = "update auth.users
               set recovery_token = $2, recovery_sent_at = $3, updated_at = $3 where id = $1";
    db.execute(sql, &[&user.id, &hash, &call.now()])
        .await
        .map_err(failed())?;
    one_time_token::put(
        db,
        user.id,
        Purpose::Recovery,
        &user.email,
        &hash,
        call.now(),
    )
    .await
    .map_err(failed())?;
    deliver(call, &user.email, kind, code, Some(&hash));
    Ok(())
}

/// A code to prove that the user is still there.
pub(crate) async fn send_reauthentication(
    call: &Call,
    db: &Db,
    user: &User,
) -> Result<(), AuthError> {
    let failed = || AuthError::database("Error sending reauthentication email");
    check_frequency(call, user.reauthentication_sent_at)?;
    let (code, hash) = new_code(call, &user.email, None);
    let sql = "update auth.users
               set reauthentication_token = $2, reauthentication_sent_at = $3, updated_at = $3
               where id = $1";
    db.execute(sql, &[&user.id, &hash, &call.now()])
        .await
        .map_err(failed())?;
    one_time_token::put(
        db,
        user.id,
        Purpose::Reauthentication,
        &user.email,
        &hash,
        call.now(),
    )
    .await
    .map_err(failed())?;
    deliver(call, &user.email, "reauthentication", code, None);
    Ok(())
}

/// Asks to confirm a change of address, from the new one and, if the application wants it so, from
/// the old one too.
pub(crate) async fn send_email_change(
    call: &Call,
    db: &Db,
    user: &User,
    new: &str,
    challenge: Option<&Challenge>,
) -> Result<(), AuthError> {
    let failed = || AuthError::database("Error sending email change email");
    check_frequency(call, user.email_change_sent_at)?;
    let secure = call.settings().auth.mailer_secure_email_change && !user.email.is_empty();
    let (new_code_text, new_hash) = new_code(call, new, challenge);
    let current = secure.then(|| new_code(call, &user.email, challenge));
    let current_hash = current.as_ref().map_or("", |(_, hash)| hash.as_str());
    let sql = "update auth.users
               set email_change = $2, email_change_token_new = $3, email_change_token_current = $4,
                   email_change_sent_at = $5, email_change_confirm_status = 0, updated_at = $5
               where id = $1";
    db.execute(
        sql,
        &[&user.id, &new, &new_hash, &current_hash, &call.now()],
    )
    .await
    .map_err(failed())?;
    one_time_token::put(
        db,
        user.id,
        Purpose::EmailChangeNew,
        new,
        &new_hash,
        call.now(),
    )
    .await
    .map_err(failed())?;
    one_time_token::clear(db, user.id, Purpose::EmailChangeCurrent)
        .await
        .map_err(failed())?;
    if let Some((code, hash)) = current {
        let purpose = Purpose::EmailChangeCurrent;
        one_time_token::put(db, user.id, purpose, &user.email, &hash, call.now())
            .await
            .map_err(failed())?;
        deliver(call, &user.email, "email_change", code, Some(&hash));
    }
    deliver(call, new, "email_change", new_code_text, Some(&new_hash));
    Ok(())
}

/// The link that counts as the code with this hash.
pub(crate) fn link(call: &Call, hash: &str, kind: &str, redirect_to: &str) -> String {
    // As upstream: what the caller has encoded stays as it is.
    let redirect_to = if redirect_to.contains(['&', '=', '#']) {
        utf8_percent_encode(redirect_to, NON_ALPHANUMERIC).to_string()
    } else {
        redirect_to.to_owned()
    };
    format!(
        "{}/verify?token={hash}&type={kind}&redirect_to={redirect_to}",
        call.service_url()
    )
}

fn new_code(call: &Call, to: &str, challenge: Option<&Challenge>) -> (String, String) {
    let code = one_time_token::new_code(call.settings().auth.mailer_otp_length);
    let hash = mark(one_time_token::hash(to, &code), challenge);
    (code, hash)
}

fn check_frequency(call: &Call, sent_at: Option<DateTime<Utc>>) -> Result<(), AuthError> {
    let least = TimeDelta::seconds(call.settings().auth.mailer_max_frequency.clamp(0, 86_400));
    let Some(next) = sent_at.map(|at| at + least) else {
        return Ok(());
    };
    if next > call.now() {
        let seconds = (next - call.now()).num_seconds();
        return Err(AuthError::TooEarly { seconds });
    }
    Ok(())
}

fn deliver(call: &Call, to: &str, kind: &'static str, code: String, hash: Option<&str>) {
    let link = hash.map(|hash| link(call, hash, kind, &redirect::target(call)));
    let mail = Mail {
        to: to.to_owned(),
        kind,
        code,
        link,
        sent_at: call.now(),
    };
    call.auth.mailbox().put(&call.app().reference, mail);
}

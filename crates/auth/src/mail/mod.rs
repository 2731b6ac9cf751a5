//! Mails with codes and links, and mails that tell of changes. A function here writes a code into
//! the user, inside the caller's transaction, and gives back the mail; [`Outgoing::send`] sends it
//! after the commit.

mod deliver;
mod escape;
mod kind;
mod mailbox;
mod smtp;
mod template;
mod texts;

use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use self::deliver::{Facts, Letter};
use crate::call::Call;
use crate::database::Db;
use crate::error::AuthError;
use crate::flow_state::{Challenge, mark};
use crate::one_time_token::{self, Purpose};
use crate::redirect;
use crate::user::User;

pub(crate) use self::deliver::{Outgoing, render, send_test};
pub use self::kind::MailKind;
pub use self::mailbox::{Mail, Mailbox};
pub(crate) use self::smtp::MailServers;
pub(crate) use self::template::Template;
pub(crate) use self::texts::default_text;

/// Asks a new user to confirm the address.
pub(crate) async fn confirmation(
    call: &Call,
    db: &Db,
    user: &User,
    challenge: Option<&Challenge>,
) -> Result<Outgoing, AuthError> {
    check_frequency(call, user.confirmation_sent_at)?;
    let sql = "update auth.users
               set confirmation_token = $2, confirmation_sent_at = $3, updated_at = $3
               where id = $1";
    let kind = MailKind::Confirmation;
    one_letter(call, db, user, kind, Purpose::Confirmation, sql, challenge).await
}

/// Invites somebody.
pub(crate) async fn invite(call: &Call, db: &Db, user: &User) -> Result<Outgoing, AuthError> {
    let sql = "update auth.users
               set confirmation_token = $2, confirmation_sent_at = $3, invited_at = $3,
                   updated_at = $3
               where id = $1";
    let kind = MailKind::Invite;
    one_letter(call, db, user, kind, Purpose::Confirmation, sql, None).await
}

/// A link to sign in by or to set a new password, as `kind` says.
pub(crate) async fn recovery(
    call: &Call,
    db: &Db,
    user: &User,
    kind: MailKind,
    challenge: Option<&Challenge>,
) -> Result<Outgoing, AuthError> {
    check_frequency(call, user.recovery_sent_at)?;
    let sql = "update auth.users
               set recovery_token = $2, recovery_sent_at = $3, updated_at = $3 where id = $1";
    one_letter(call, db, user, kind, Purpose::Recovery, sql, challenge).await
}

/// A code to prove that the user is still there.
pub(crate) async fn reauthentication(
    call: &Call,
    db: &Db,
    user: &User,
) -> Result<Outgoing, AuthError> {
    check_frequency(call, user.reauthentication_sent_at)?;
    let sql = "update auth.users
               set reauthentication_token = $2, reauthentication_sent_at = $3, updated_at = $3
               where id = $1";
    let kind = MailKind::Reauthentication;
    one_letter(call, db, user, kind, Purpose::Reauthentication, sql, None).await
}

/// Writes a code by `sql` (user, hash, time) and keeps it for `purpose`.
async fn one_letter(
    call: &Call,
    db: &Db,
    user: &User,
    kind: MailKind,
    purpose: Purpose,
    sql: &'static str,
    challenge: Option<&Challenge>,
) -> Result<Outgoing, AuthError> {
    let failed = || AuthError::database(kind.failure());
    call.auth.limits().mail(call)?;
    let letter = letter(call, &user.email, kind, challenge);
    db.execute(sql, &[&user.id, &letter.hash, &call.now()])
        .await
        .map_err(failed())?;
    let (to, hash) = (&user.email, &letter.hash);
    one_time_token::put(db, user.id, purpose, to, hash, call.now())
        .await
        .map_err(failed())?;
    let user = user.reload(db).await.map_err(failed())?;
    Ok(Outgoing::new(call, kind, user, vec![letter]).holding(purpose))
}

/// Asks to confirm a change of address, from the new one and, if the application wants it so, from
/// the old one too.
pub(crate) async fn email_change(
    call: &Call,
    db: &Db,
    user: &User,
    new: &str,
    challenge: Option<&Challenge>,
) -> Result<Outgoing, AuthError> {
    let kind = MailKind::EmailChange;
    let failed = || AuthError::database(kind.failure());
    check_frequency(call, user.email_change_sent_at)?;
    call.auth.limits().mail(call)?;
    let secure = call.settings().auth.mailer_secure_email_change && !user.email.is_empty();
    let to_new = letter(call, new, kind, challenge);
    let to_current = secure.then(|| letter(call, &user.email, kind, challenge));
    let current_hash = to_current
        .as_ref()
        .map_or("", |letter| letter.hash.as_str());
    let now = call.now();
    let sql = "update auth.users
               set email_change = $2, email_change_token_new = $3, email_change_token_current = $4,
                   email_change_sent_at = $5, email_change_confirm_status = 0, updated_at = $5
               where id = $1";
    db.execute(sql, &[&user.id, &new, &to_new.hash, &current_hash, &now])
        .await
        .map_err(failed())?;
    let purpose = Purpose::EmailChangeNew;
    one_time_token::put(db, user.id, purpose, new, &to_new.hash, now)
        .await
        .map_err(failed())?;
    one_time_token::clear(db, user.id, Purpose::EmailChangeCurrent)
        .await
        .map_err(failed())?;
    if let Some(letter) = &to_current {
        let purpose = Purpose::EmailChangeCurrent;
        one_time_token::put(db, user.id, purpose, &user.email, &letter.hash, now)
            .await
            .map_err(failed())?;
    }
    let user = user.reload(db).await.map_err(failed())?;
    let letters = to_current.into_iter().chain([to_new]).collect();
    Ok(Outgoing::new(call, kind, user, letters).holding(purpose))
}

/// Tells the user of a new password.
pub(crate) fn password_changed(call: &Call, user: &User) {
    let wanted = call.settings().auth.mailer_notifications.password_changed;
    notify(
        call,
        wanted,
        MailKind::PasswordChanged,
        user,
        &user.email,
        Facts::default(),
    );
}

/// Tells the old address of the new one; `user` has the new one already.
pub(crate) fn email_changed(call: &Call, user: &User, old: &str) {
    let wanted = call.settings().auth.mailer_notifications.email_changed;
    let facts = Facts {
        old_email: old.to_owned(),
        ..Facts::default()
    };
    notify(call, wanted, MailKind::EmailChanged, user, old, facts);
}

/// Tells the user of a new phone number; `user` has it already.
pub(crate) fn phone_changed(call: &Call, user: &User, old: &str) {
    let wanted = call.settings().auth.mailer_notifications.phone_changed && !old.is_empty();
    let facts = Facts {
        old_phone: old.to_owned(),
        ..Facts::default()
    };
    notify(
        call,
        wanted,
        MailKind::PhoneChanged,
        user,
        &user.email,
        facts,
    );
}

/// Tells the user that an identity is gone.
pub(crate) fn identity_unlinked(call: &Call, user: &User, provider: &str) {
    let wanted = call.settings().auth.mailer_notifications.identity_unlinked;
    let facts = Facts {
        provider: provider.to_owned(),
        ..Facts::default()
    };
    notify(
        call,
        wanted,
        MailKind::IdentityUnlinked,
        user,
        &user.email,
        facts,
    );
}

/// Tells the user of a second factor that came or went.
pub(crate) fn factor_changed(call: &Call, user: &User, factor_type: &str, enrolled: bool) {
    let settings = call.settings();
    let notifications = &settings.auth.mailer_notifications;
    let (wanted, kind) = if enrolled {
        (notifications.mfa_factor_enrolled, MailKind::FactorEnrolled)
    } else {
        (
            notifications.mfa_factor_unenrolled,
            MailKind::FactorUnenrolled,
        )
    };
    let facts = Facts {
        factor_type: factor_type.to_owned(),
        ..Facts::default()
    };
    notify(call, wanted, kind, user, &user.email, facts);
}

/// Nobody waits for these, and a request does not fail because one cannot be sent.
fn notify(call: &Call, wanted: bool, kind: MailKind, user: &User, to: &str, facts: Facts) {
    if !wanted || to.is_empty() || call.auth.limits().mail(call).is_err() {
        return;
    }
    let letter = Letter {
        to: to.to_owned(),
        code: String::new(),
        hash: String::new(),
        link: None,
    };
    Outgoing::new(call, kind, user.clone(), vec![letter])
        .with(facts)
        .send_soon(call);
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

fn letter(call: &Call, to: &str, kind: MailKind, challenge: Option<&Challenge>) -> Letter {
    let code = one_time_token::new_code(call.settings().auth.mailer_otp_length);
    let hash = mark(one_time_token::hash(to, &code), challenge);
    let by_link = kind != MailKind::Reauthentication;
    let link = by_link.then(|| link(call, &hash, kind.action(), &redirect::target(call)));
    Letter {
        to: to.to_owned(),
        code,
        hash,
        link,
    }
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

//! Codes and links: a hash of each stands in `auth.one_time_tokens` and in the user itself.

use chrono::{DateTime, Utc};
use hearth_apps::App;
use hearth_pg::PgError;
use rand::Rng;
use sha2::{Digest, Sha224};
use uuid::Uuid;

use crate::database::Db;
use crate::user::User;

/// What a code is for; also the name of its column in `auth.users`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Confirmation,
    Reauthentication,
    Recovery,
    EmailChangeNew,
    EmailChangeCurrent,
    PhoneChange,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation_token",
            Self::Reauthentication => "reauthentication_token",
            Self::Recovery => "recovery_token",
            Self::EmailChangeNew => "email_change_token_new",
            Self::EmailChangeCurrent => "email_change_token_current",
            Self::PhoneChange => "phone_change_token",
        }
    }
}

/// A random code of `digits` digits.
pub(crate) fn new_code(digits: usize) -> String {
    let mut rng = rand::rng();
    (0..digits.clamp(6, 10))
        .map(|_| char::from(rng.random_range(b'0'..=b'9')))
        .collect()
}

/// The hash under which the code for `to` is kept.
pub(crate) fn hash(to: &str, code: &str) -> String {
    hex::encode(Sha224::digest(format!("{to}{code}")))
}

/// Keeps a code's hash in place of an older one of the same purpose.
pub(crate) async fn put(
    db: &Db,
    user: Uuid,
    purpose: Purpose,
    relates_to: &str,
    token_hash: &str,
    now: DateTime<Utc>,
) -> Result<(), PgError> {
    clear(db, user, purpose).await?;
    db.execute(
        "insert into auth.one_time_tokens
           (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
         values ($1, $2, $3::text::auth.one_time_token_type, $4, lower($5::text),
                 $6::timestamptz at time zone 'utc', $6::timestamptz at time zone 'utc')",
        &[
            &Uuid::new_v4(),
            &user,
            &purpose.name(),
            &token_hash,
            &relates_to,
            &now,
        ],
    )
    .await?;
    Ok(())
}

/// Forgets a user's code of one purpose.
pub(crate) async fn clear(db: &Db, user: Uuid, purpose: Purpose) -> Result<(), PgError> {
    let sql = "delete from auth.one_time_tokens
               where user_id = $1 and token_type = $2::text::auth.one_time_token_type";
    db.execute(sql, &[&user, &purpose.name()]).await?;
    Ok(())
}

/// Forgets all codes of a user.
pub(crate) async fn clear_all(db: &Db, user: Uuid) -> Result<(), PgError> {
    db.execute(
        "delete from auth.one_time_tokens where user_id = $1",
        &[&user],
    )
    .await?;
    Ok(())
}

/// As if the code had never been asked for: what carried it was not sent. The next attempt need not
/// wait.
pub(crate) async fn take_back(app: &App, user: Uuid, purpose: Purpose) {
    let sql = match purpose {
        Purpose::Confirmation => {
            "update auth.users set confirmation_sent_at = null, confirmation_token = ''
             where id = $1"
        }
        Purpose::Recovery => {
            "update auth.users set recovery_sent_at = null, recovery_token = '' where id = $1"
        }
        Purpose::Reauthentication => {
            "update auth.users set reauthentication_sent_at = null, reauthentication_token = ''
             where id = $1"
        }
        Purpose::EmailChangeNew | Purpose::EmailChangeCurrent => {
            "update auth.users
             set email_change = '', email_change_sent_at = null, email_change_token_new = '',
                 email_change_token_current = ''
             where id = $1"
        }
        Purpose::PhoneChange => {
            "update auth.users
             set phone_change = '', phone_change_sent_at = null, phone_change_token = ''
             where id = $1"
        }
    };
    let done = async { Db::open(app).await?.execute(sql, &[&user]).await };
    if let Err(error) = done.await {
        let error = hearth_pg::connect::describe(&error);
        tracing::warn!(error, "a code that was not sent still counts as sent");
    }
}

/// The user that a code of one of `purposes` with this hash was sent to. Locked, so that a code
/// counts once.
pub(crate) async fn find_user(
    db: &Db,
    token_hash: &str,
    purposes: &[Purpose],
) -> Result<Option<User>, PgError> {
    let names: Vec<&str> = purposes.iter().map(|p| p.name()).collect();
    let sql = "select user_id from auth.one_time_tokens
               where token_hash = $1 and token_type::text = any ($2) limit 1 for update";
    match db.first(sql, &[&token_hash, &names]).await? {
        None => Ok(None),
        Some(row) => User::by_id(db, row.try_get(0)?).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_asked_length_and_hashes_are_sha224() {
        assert_eq!(new_code(6).len(), 6);
        assert!(new_code(8).bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(
            hash("", "abc"),
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"
        );
    }
}

//! Sessions: how they are found, how long they are good for, and how they end.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hearth_apps::settings::AuthSettings;
use hearth_pg::PgError;
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::Db;

/// A session as the database has it, with the methods it was signed in by.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) not_after: Option<DateTime<Utc>>,
    pub(crate) refreshed_at: Option<DateTime<Utc>>,
    pub(crate) aal: String,
    /// Method and time, the latest first.
    pub(crate) amr: Vec<(String, i64)>,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Its own end, or the longest time a session lasts.
    Time,
    /// Not refreshed for too long.
    Inactivity,
}

impl Session {
    /// The session with this id.
    pub(crate) async fn by_id(db: &Db, id: Uuid) -> Result<Option<Self>, PgError> {
        let row = db.first(include_str!("sql/session.sql"), &[&id]).await?;
        row.map(|row| Self::from_row(&row)).transpose()
    }

    /// A row of `sql/session.sql`.
    pub(crate) fn from_row(row: &Row) -> Result<Self, PgError> {
        let refreshed_at: Option<NaiveDateTime> = row.try_get("refreshed_at")?;
        let amr: Value = row.try_get("amr")?;
        let methods = amr.as_array().cloned().unwrap_or_default();
        Ok(Self {
            id: row.try_get("session_id")?,
            created_at: row
                .try_get::<_, Option<DateTime<Utc>>>("session_created_at")?
                .unwrap_or_default(),
            not_after: row.try_get("not_after")?,
            refreshed_at: refreshed_at.map(|at| at.and_utc()),
            aal: row.try_get("aal")?,
            amr: methods
                .iter()
                .filter_map(|m| {
                    Some((
                        m.get("method")?.as_str()?.to_owned(),
                        m.get("timestamp")?.as_i64()?,
                    ))
                })
                .collect(),
        })
    }

    /// Why the session is over at `now`, if it is. `token_used_at`: when its refresh token was
    /// last written, for sessions that were never refreshed.
    pub(crate) fn over(
        &self,
        settings: &AuthSettings,
        now: DateTime<Utc>,
        token_used_at: Option<DateTime<Utc>>,
    ) -> Option<Over> {
        let after = |at: DateTime<Utc>, seconds: i64| {
            seconds > 0
                && TimeDelta::try_seconds(seconds)
                    .and_then(|span| at.checked_add_signed(span))
                    .is_some_and(|end| now > end)
        };
        if self.not_after.is_some_and(|end| now > end)
            || after(self.created_at, settings.sessions_timebox)
        {
            return Some(Over::Time);
        }
        let last = self.last_refreshed_at(token_used_at);
        after(last, settings.sessions_inactivity_timeout).then_some(Over::Inactivity)
    }

    /// When the session was last refreshed, or begun.
    pub(crate) fn last_refreshed_at(&self, token_used_at: Option<DateTime<Utc>>) -> DateTime<Utc> {
        match (self.refreshed_at, token_used_at) {
            (Some(at), _) => at,
            (None, Some(at)) if at > self.created_at => at,
            _ => self.created_at,
        }
    }

    /// True if the user came by a link or code instead of the password.
    pub(crate) fn is_recovery(&self) -> bool {
        let recovers = |method: &str| matches!(method, "otp" | "magiclink" | "recovery");
        self.amr.iter().any(|(method, _)| recovers(method))
    }

    /// True if a second factor was used.
    pub(crate) fn is_aal2(&self) -> bool {
        self.aal == "aal2"
    }

    /// The methods as tokens carry them.
    pub(crate) fn amr_json(&self) -> Value {
        let entry = |(method, at): &(String, i64)| json!({"method": method, "timestamp": at});
        Value::Array(self.amr.iter().map(entry).collect())
    }
}

/// Ends every session of a user.
pub(crate) async fn end_all(db: &Db, user: Uuid) -> Result<(), PgError> {
    db.execute("delete from auth.sessions where user_id = $1", &[&user])
        .await?;
    Ok(())
}

/// Ends one session.
pub(crate) async fn end(db: &Db, session: Uuid) -> Result<(), PgError> {
    db.execute("delete from auth.sessions where id = $1", &[&session])
        .await?;
    Ok(())
}

/// Ends every session of a user but one.
pub(crate) async fn end_others(db: &Db, user: Uuid, session: Uuid) -> Result<(), PgError> {
    let sql = "delete from auth.sessions where user_id = $1 and id <> $2";
    db.execute(sql, &[&user, &session]).await?;
    Ok(())
}

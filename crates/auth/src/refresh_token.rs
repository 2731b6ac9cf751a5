//! Refresh tokens: one chain per session, each token the child of the one it replaced.

use chrono::{DateTime, Utc};
use hearth_pg::PgError;
use serde_json::Value;
use uuid::Uuid;

use crate::database::Db;
use crate::issue::{Origin, new_refresh_token};

/// A refresh token as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct RefreshToken {
    pub(crate) id: i64,
    pub(crate) token: String,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) session_id: Option<Uuid>,
    pub(crate) revoked: bool,
    pub(crate) updated_at: DateTime<Utc>,
}

const FIND: &str = "select id, token, user_id, session_id, coalesce(revoked, false) as revoked,
                           coalesce(updated_at, created_at, now()) as updated_at
                    from auth.refresh_tokens where token = $1";

impl RefreshToken {
    /// The token with this text.
    pub(crate) async fn find(db: &Db, token: &str) -> Result<Option<Self>, PgError> {
        let Some(row) = db.first(FIND, &[&token]).await? else {
            return Ok(None);
        };
        let user_id: Option<&str> = row.try_get("user_id")?;
        Ok(Some(Self {
            id: row.try_get("id")?,
            token: row.try_get("token")?,
            user_id: user_id.and_then(|id| id.parse().ok()),
            session_id: row.try_get("session_id")?,
            revoked: row.try_get("revoked")?,
            updated_at: row.try_get("updated_at")?,
        }))
    }

    /// Locks the token and its session for this transaction. False if another one has them: who
    /// waits here would hold a connection meanwhile, so the caller lets go and tries again.
    pub(crate) async fn lock(&self, db: &Db) -> Result<bool, PgError> {
        let sql = "select 1 from auth.refresh_tokens where id = $1 for update skip locked";
        if db.first(sql, &[&self.id]).await?.is_none() {
            return Ok(false);
        }
        let sql = "select 1 from auth.sessions where id = $1 for update skip locked";
        Ok(db.first(sql, &[&self.session_id]).await?.is_some())
    }

    /// The session's token that is good now, with its parent.
    pub(crate) async fn active(
        db: &Db,
        session: Uuid,
    ) -> Result<Option<(String, Option<String>)>, PgError> {
        let sql = "select token, parent from auth.refresh_tokens
                   where session_id = $1 and revoked is false order by id desc limit 1";
        let row = db.first(sql, &[&session]).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .transpose()
    }

    /// Revokes every token of the session.
    pub(crate) async fn revoke_family(
        db: &Db,
        session: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), PgError> {
        let sql = "update auth.refresh_tokens set revoked = true, updated_at = $2
                   where session_id = $1 and revoked = false";
        db.execute(sql, &[&session, &now]).await?;
        Ok(())
    }

    /// Replaces the token by a new one.
    pub(crate) async fn swap(&self, db: &Db, now: DateTime<Utc>) -> Result<String, PgError> {
        let new = new_refresh_token();
        let sql = "with old as (
                     update auth.refresh_tokens set revoked = true, updated_at = $3
                     where id = $1 returning instance_id, user_id, token, session_id
                   )
                   insert into auth.refresh_tokens
                     (instance_id, token, user_id, revoked, created_at, updated_at, parent,
                      session_id)
                   select instance_id, $2, user_id, false, $3, $3, token, session_id from old";
        db.execute(sql, &[&self.id, &new, &now]).await?;
        Ok(new)
    }
}

/// Notes that the session was refreshed, and writes the log entries that go with it.
pub(crate) async fn note_refresh(
    db: &Db,
    session: Uuid,
    origin: &Origin,
    log: &[Value],
) -> Result<(), PgError> {
    let sql = "with log as (
                 insert into auth.audit_log_entries
                   (instance_id, id, payload, created_at, ip_address)
                 select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), entry, $2::timestamptz, ''
                 from unnest($5::json[]) as entry
               )
               update auth.sessions
               set refreshed_at = $2::timestamptz at time zone 'utc', user_agent = $3, ip = $4, updated_at = $2::timestamptz
               where id = $1";
    let log: Vec<&Value> = log.iter().collect();
    db.execute(
        sql,
        &[
            &session,
            &origin.now,
            &origin.user_agent,
            &origin.address,
            &log,
        ],
    )
    .await?;
    Ok(())
}

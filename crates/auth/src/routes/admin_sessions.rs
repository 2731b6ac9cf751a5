//! `/admin/users/{id}/sessions`: where a user is signed in. GoTrue has no such endpoint; the
//! console's users page has the list.

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use std::net::IpAddr;
use tokio_postgres::Row;
use uuid::Uuid;

use super::admin_users::load;
use crate::audit::{self, Action};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::session;
use crate::wire::{empty, ok, time};

/// Most sessions that are shown, the one used last first.
const MOST: i64 = 500;

/// The sessions of a user.
pub(super) async fn list(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    call.admin().await?;
    let user = load(&call, &id).await?;
    let failed = || AuthError::database("Database error finding sessions");
    let sql = "select s.id, s.created_at, s.refreshed_at, s.not_after, s.user_agent, s.ip,
                      coalesce(s.aal::text, 'aal1') as aal,
                      array(select c.authentication_method from auth.mfa_amr_claims c
                            where c.session_id = s.id order by c.updated_at) as methods
               from auth.sessions s where s.user_id = $1
               order by coalesce(s.refreshed_at at time zone 'utc', s.created_at) desc, s.id
               limit $2";
    let db = call.db().await?;
    let rows = db.query(sql, &[&user.id, &MOST]).await.map_err(failed())?;
    let sessions: Result<Vec<Value>, tokio_postgres::Error> = rows.iter().map(shown).collect();
    let sessions = sessions.map_err(|error| failed()(error.into()))?;
    Ok(ok(&json!({"sessions": sessions})))
}

fn shown(row: &Row) -> Result<Value, tokio_postgres::Error> {
    let created_at: Option<DateTime<Utc>> = row.try_get("created_at")?;
    let refreshed_at: Option<NaiveDateTime> = row.try_get("refreshed_at")?;
    let not_after: Option<DateTime<Utc>> = row.try_get("not_after")?;
    Ok(json!({
        "id": row.try_get::<_, Uuid>("id")?,
        "created_at": created_at.map(time),
        "refreshed_at": refreshed_at.map(|at| time(at.and_utc())),
        "not_after": not_after.map(time),
        "user_agent": row.try_get::<_, Option<String>>("user_agent")?,
        "ip": row.try_get::<_, Option<IpAddr>>("ip")?,
        "aal": row.try_get::<_, String>("aal")?,
        "methods": row.try_get::<_, Vec<String>>("methods")?,
    }))
}

/// Ends one session of a user. Access tokens that were given out last until they expire.
pub(super) async fn delete(
    call: Call,
    Path((id, session)): Path<(String, String)>,
) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let user = load(&call, &id).await?;
    let session: Uuid = session
        .parse()
        .map_err(|_| AuthError::PathNotUuid("session_id"))?;
    let tx = Tx::begin(call.app()).await?;
    let sql = "delete from auth.sessions where id = $1 and user_id = $2";
    if tx.execute(sql, &[&session, &user.id]).await? == 0 {
        return Err(AuthError::SessionNotFound);
    }
    let traits = Some(json!({"user_id": user.id, "session_id": session}));
    audit::record(&tx, call.now(), &admin.actor, Action::Logout, traits).await?;
    tx.commit().await?;
    Ok(empty())
}

/// Ends all sessions of a user.
pub(super) async fn delete_all(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let user = load(&call, &id).await?;
    let tx = Tx::begin(call.app()).await?;
    session::end_all(&tx, user.id).await?;
    let traits = Some(Value::Object(audit::about(&user)));
    audit::record(&tx, call.now(), &admin.actor, Action::Logout, traits).await?;
    tx.commit().await?;
    Ok(empty())
}

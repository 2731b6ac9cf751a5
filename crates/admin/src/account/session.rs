//! Sessions of administrators: a random token in a cookie, its digest in the control database.
//! A session lasts twelve hours after it was last used.

use hearth_core::Secret;
use hearth_pg::Conn;
use sha2::{Digest, Sha256};

use super::Administrator;
use crate::error::AdminError;

/// The cookie's name.
pub(crate) const COOKIE: &str = "hearth_console";

/// Starts a session; returns its token. Ended ones are swept out.
pub(crate) async fn start(control: &Conn, username: &str) -> Result<Secret, AdminError> {
    let token = Secret::random_hex(32);
    control
        .execute(
            "with swept as (delete from hearth.console_sessions where expires_at < now())
             insert into hearth.console_sessions (token_hash, username, expires_at)
             values ($1, $2, now() + interval '12 hours')",
            &[&digest(token.expose()), &username],
        )
        .await?;
    Ok(token)
}

/// Whose session it is. Its end moves on with use, written at most once a minute.
pub(crate) async fn find(control: &Conn, token: &str) -> Result<Option<Administrator>, AdminError> {
    let digest = digest(token);
    let statement = control
        .prepare(
            "select a.username, a.role, a.apps, a.created_at,
                    s.expires_at < now() + interval '11 hours 59 minutes'
             from hearth.console_sessions s join hearth.administrators a using (username)
             where s.token_hash = $1 and s.expires_at > now()",
        )
        .await?;
    let Some(row) = control.query_opt(&statement, &[&digest]).await? else {
        return Ok(None);
    };
    if row.get(4) {
        control
            .execute(
                "update hearth.console_sessions set expires_at = now() + interval '12 hours'
                 where token_hash = $1",
                &[&digest],
            )
            .await?;
    }
    Ok(Some(Administrator::read(&row)))
}

/// Ends a session.
pub(crate) async fn end(control: &Conn, token: &str) -> Result<(), AdminError> {
    control
        .execute(
            "delete from hearth.console_sessions where token_hash = $1",
            &[&digest(token)],
        )
        .await?;
    Ok(())
}

/// What is stored of a token.
pub(crate) fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

//! A new access token for a refresh token, which is replaced by its child.
//!
//! A replaced token may still be used in two cases. If it is the parent of the good one, the
//! client never learned of the child: it gets the child. If it was replaced a moment ago (the
//! reuse interval), several tabs refreshed at once: it gets a child of its own. Any other use
//! means that two parties hold the chain, and ends it; that must be remembered, so it is committed
//! before the refusal is answered.

use std::time::Duration;

use chrono::TimeDelta;
use hearth_pg::PgError;
use rand::Rng;

use crate::audit::{self, Action, Actor};
use crate::body::Params;
use crate::call::Call;
use crate::database::{Db, Tx};
use crate::error::AuthError;
use crate::issue::{self, Tokens};
use crate::refresh_token::{RefreshToken, note_refresh};
use crate::session::{Over, Session};
use crate::user::User;
use crate::wire::JsonMap;

/// How long a request tries to get at a session that others refresh.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tokens for who holds the session's refresh token.
pub(crate) async fn sign_in(call: &Call, params: &Params) -> Result<JsonMap, AuthError> {
    let text = params.text("refresh_token")?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if text.len() != 12 || !text.bytes().all(allowed) {
        return Err(AuthError::validation("Refresh token is not valid"));
    }
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some((user, tokens)) = attempt(call, &text).await? {
            return Ok(tokens.to_json(&user));
        }
        if tokio::time::Instant::now() >= until {
            return Err(AuthError::TooManyRefreshes);
        }
        let pause = rand::rng().random_range(10..30);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// One attempt; none if another request has the session locked.
async fn attempt(call: &Call, text: &str) -> Result<Option<(User, Tokens)>, AuthError> {
    let tx = Tx::begin(call.app()).await?;
    let token = find(&tx, text).await?;
    let user = match token.user_id {
        Some(id) => User::by_id(&tx, id).await?,
        None => None,
    };
    let user = user.ok_or(AuthError::RefreshTokenNotFound)?;
    if user.is_banned(call.now()) {
        return Err(AuthError::RefreshTokenUserBanned);
    }
    let Some(session_id) = token.session_id else {
        return Err(AuthError::RefreshTokenNoSession);
    };
    if !token.lock(&tx).await? {
        return Ok(None);
    }
    // Read again now that nobody else can change them.
    let token = find(&tx, text).await?;
    let session = Session::by_id(&tx, session_id).await?;
    let session = session.ok_or(AuthError::RefreshTokenNoSession)?;
    check_session(call, &tx, &user, &session, &token).await?;
    let now = call.now();
    let mut log = vec![audit::payload(
        &Actor::from(&user),
        Action::TokenRefreshed,
        None,
    )];
    let new = match reuse(call, &tx, &session, &token).await? {
        Reuse::First | Reuse::Allowed => {
            log.push(audit::payload(
                &Actor::from(&user),
                Action::TokenRevoked,
                None,
            ));
            if call.settings().auth.refresh_token_rotation {
                token.swap(&tx, now).await?
            } else {
                token.token.clone()
            }
        }
        Reuse::Child(child) => child,
        Reuse::Refused => {
            if call.settings().auth.refresh_token_rotation {
                RefreshToken::revoke_family(&tx, session.id, now).await?;
            }
            tx.commit().await?;
            return Err(AuthError::RefreshTokenAlreadyUsed);
        }
    };
    let origin = call.origin();
    note_refresh(&tx, session.id, &origin, &log).await?;
    let tokens = issue::sign(&tx, call, &user, &session, new, "token_refresh").await?;
    tx.commit().await?;
    Ok(Some((user, tokens)))
}

async fn find(db: &Db, text: &str) -> Result<RefreshToken, AuthError> {
    let found = RefreshToken::find(db, text).await?;
    found.ok_or(AuthError::RefreshTokenNotFound)
}

/// What the use of a token means.
enum Reuse {
    /// It is the good one.
    First,
    /// It was replaced a moment ago.
    Allowed,
    /// It is the parent of the good one.
    Child(String),
    /// Somebody has it who should not.
    Refused,
}

async fn reuse(
    call: &Call,
    db: &Db,
    session: &Session,
    token: &RefreshToken,
) -> Result<Reuse, AuthError> {
    if !token.revoked {
        return Ok(Reuse::First);
    }
    if let Some((active, parent)) = RefreshToken::active(db, session.id).await?
        && parent.as_deref() == Some(&token.token)
    {
        return Ok(Reuse::Child(active));
    }
    let interval = call
        .settings()
        .auth
        .refresh_token_reuse_interval
        .clamp(0, 86_400);
    if call.now() > token.updated_at + TimeDelta::seconds(interval) {
        Ok(Reuse::Refused)
    } else {
        Ok(Reuse::Allowed)
    }
}

async fn check_session(
    call: &Call,
    db: &Db,
    user: &User,
    session: &Session,
    token: &RefreshToken,
) -> Result<(), AuthError> {
    let settings = call.settings();
    match session.over(&settings.auth, call.now(), Some(token.updated_at)) {
        None => {}
        Some(Over::Time) => return Err(AuthError::RefreshSessionExpired("")),
        Some(Over::Inactivity) => {
            return Err(AuthError::RefreshSessionExpired(" (Inactivity)"));
        }
    }
    if !settings.auth.sessions_single_per_user {
        return Ok(());
    }
    let sql = "select id from auth.sessions where user_id = $1 and id <> $2";
    for row in db.query(sql, &[&user.id, &session.id]).await? {
        let id = row.try_get(0).map_err(PgError::from)?;
        let Some(other) = Session::by_id(db, id).await? else {
            continue;
        };
        let good = other.over(&settings.auth, call.now(), None).is_none();
        let mine = session.last_refreshed_at(Some(token.updated_at));
        if good && other.last_refreshed_at(None) > mine {
            return Err(AuthError::RefreshSessionExpired(
                " (Revoked by Newer Login)",
            ));
        }
    }
    Ok(())
}

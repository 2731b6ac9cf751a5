//! Sign-in by a WeChat mini program: the code of `wx.login` stands for an openid, and the openid
//! for a user, who is made on first sight.

use serde_json::json;

use crate::audit::{self, Action, Actor};
use crate::call::Call;
use crate::database::{Db, Tx, violates};
use crate::error::AuthError;
use crate::hooks;
use crate::issue;
use crate::user::{NewUser, User, object};
use crate::wechat::WechatUser;
use crate::wire::JsonMap;

pub(crate) const PROVIDER: &str = "wechat_mini";

/// A session for the WeChat user whom `code` belongs to.
pub(crate) async fn sign_in(call: &Call, code: &str) -> Result<JsonMap, AuthError> {
    let settings = call.settings();
    let wechat = call.auth.wechat().login(&settings.auth, code).await?;
    let known = User::by_wechat_id(&call.db().await?, &wechat.openid).await?;
    let mut user = match known {
        Some(user) => user,
        None => create(call, &wechat).await?,
    };
    if user.is_banned(call.now()) {
        return Err(AuthError::BannedAtSignIn);
    }
    let tx = Tx::begin(call.app()).await?;
    learn_unionid(&tx, &mut user, &wechat).await?;
    let traits = Some(json!({"provider": PROVIDER}));
    let log = audit::payload(&Actor::from(&user), Action::Login, traits);
    let tokens = issue::session(&tx, call, &mut user, "oauth", Some(log)).await?;
    tx.commit().await?;
    Ok(tokens.to_json(&user))
}

async fn create(call: &Call, wechat: &WechatUser) -> Result<User, AuthError> {
    if call.settings().auth.disable_signup {
        return Err(AuthError::SignupDisabled);
    }
    let new = NewUser {
        aud: call.audience(None),
        app_metadata: object(json!({"provider": PROVIDER, "providers": [PROVIDER]})),
        wechat_id: Some(wechat.openid.clone()),
        wechat_unionid: wechat.unionid.clone(),
        ..NewUser::new()
    };
    hooks::before_user_created(call, new.to_json()).await?;
    let tx = Tx::begin(call.app()).await?;
    match new.insert(&tx, call.now()).await {
        Ok(user) => {
            let traits = Some(json!({"provider": PROVIDER}));
            let actor = Actor::from(&user);
            audit::record(&tx, call.now(), &actor, Action::UserSignedUp, traits).await?;
            tx.commit().await?;
            Ok(user)
        }
        // The same phone asked twice at once.
        Err(error) if violates(&error, "users_wechat_id_key") => {
            drop(tx);
            let user = User::by_wechat_id(&call.db().await?, &wechat.openid).await?;
            user.ok_or(AuthError::Database {
                message: "Database error saving new user",
                source: error,
            })
        }
        Err(source) => Err(AuthError::Database {
            message: "Database error saving new user",
            source,
        }),
    }
}

/// The unionid comes once the mini program belongs to an open platform account.
async fn learn_unionid(db: &Db, user: &mut User, wechat: &WechatUser) -> Result<(), AuthError> {
    let Some(unionid) = wechat
        .unionid
        .as_ref()
        .filter(|id| **id != user.wechat_unionid)
    else {
        return Ok(());
    };
    let sql = "update auth.users set wechat_unionid = $2 where id = $1";
    db.execute(sql, &[&user.id, unionid]).await?;
    user.wechat_unionid.clone_from(unionid);
    Ok(())
}

/// Gives `user` the WeChat account `wechat`.
pub(crate) async fn bind(call: &Call, user: &User, wechat: &WechatUser) -> Result<User, AuthError> {
    if user.wechat_id == wechat.openid {
        return Ok(user.clone());
    }
    if !user.wechat_id.is_empty() {
        let words = "User is already bound to another WeChat account";
        return Err(AuthError::IdentityAlreadyExists(words));
    }
    let now = call.now();
    let tx = Tx::begin(call.app()).await?;
    let sql = "update auth.users
               set wechat_id = $2, wechat_unionid = $3, is_anonymous = false, updated_at = $4
               where id = $1";
    let changed = tx
        .execute(sql, &[&user.id, &wechat.openid, &wechat.unionid, &now])
        .await;
    changed.map_err(|error| {
        if violates(&error, "users_wechat_id_key") {
            AuthError::WechatAlreadyBound
        } else {
            AuthError::Database {
                message: "Database error updating user",
                source: error,
            }
        }
    })?;
    user.update_providers(&tx, now).await?;
    let user = user.reload(&tx).await?;
    audit::record(&tx, now, &Actor::from(&user), Action::UserModified, None).await?;
    tx.commit().await?;
    Ok(user)
}

//! `/wechat_mini/…`: MemFire Cloud's endpoints for WeChat mini programs.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::user::set_phone;
use crate::address;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::grant::wechat_mini;
use crate::user::User;
use crate::wire::{JsonMap, ok};

/// What WeChat takes for a mini program code.
const QRCODE_FIELDS: [&str; 8] = [
    "page",
    "scene",
    "check_path",
    "env_version",
    "width",
    "auto_color",
    "line_color",
    "is_hyaline",
];

fn code(call: &Call) -> Result<String, AuthError> {
    let code = call.query("code").filter(|text| !text.is_empty());
    code.ok_or_else(|| AuthError::validation("code is required"))
}

/// `GET /wechat_mini/login?code=`: a session for who called `wx.login`.
pub(super) async fn login(call: Call) -> Result<Response, AuthError> {
    let code = code(&call)?;
    Ok(ok(&wechat_mini::sign_in(&call, &code).await?))
}

/// `GET /wechat_mini/bind_account?code=`: the caller with that WeChat account.
pub(super) async fn bind_account(call: Call) -> Result<Response, AuthError> {
    let caller = call.user().await?;
    let code = code(&call)?;
    let wechat = call
        .auth
        .wechat()
        .login(&call.settings().auth, &code)
        .await?;
    let user = wechat_mini::bind(&call, &caller.user, &wechat).await?;
    Ok(ok(&user.to_json()))
}

/// `GET /wechat_mini/bind_phone?code=`: the caller with the phone number that WeChat vouches for.
pub(super) async fn bind_phone(call: Call) -> Result<Response, AuthError> {
    let caller = call.user().await?;
    let code = code(&call)?;
    let user = &caller.user;
    let phone = call
        .auth
        .wechat()
        .phone_number(&call.settings().auth, &code)
        .await?;
    let phone = address::phone(&phone)?;
    let tx = Tx::begin(call.app()).await?;
    let other = User::by_phone(&tx, &phone, &user.aud).await?;
    if other.is_some_and(|other| other.id != user.id) {
        return Err(AuthError::PhoneExists);
    }
    set_phone(&tx, &call, user, &phone).await?;
    let user = user.reload(&tx).await?;
    audit::record(
        &tx,
        call.now(),
        &Actor::from(&user),
        Action::UserModified,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(ok(&user.to_json()))
}

/// `POST /wechat_mini/unlimited_qrcode`: a mini program code as base64.
pub(super) async fn unlimited_qrcode(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let params = Params::parse(&body, "UnlimitedQRCodeParams")?;
    if params.text("scene")?.is_empty() {
        return Err(AuthError::validation("scene is required"));
    }
    let wanted: JsonMap = QRCODE_FIELDS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), params.any(name)?.clone())))
        .collect();
    let settings = call.settings();
    let wanted = Value::Object(wanted);
    let picture = call
        .auth
        .wechat()
        .unlimited_qrcode(&settings.auth, &wanted)
        .await?;
    Ok(ok(&json!({"imgBase64": STANDARD.encode(picture)})))
}

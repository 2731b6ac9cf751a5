//! `POST /token?grant_type=…`

use axum::response::Response;

use crate::body::{Body, Params};
use crate::call::Call;
use crate::error::AuthError;
use crate::grant::{password, pkce, refresh};
use crate::limits::Endpoint;
use crate::wire::ok;

/// Tokens for whoever proves who it is.
pub(super) async fn token(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let grant_type = call.query("grant_type");
    let known = ["password", "refresh_token", "pkce", "id_token", "web3"];
    if grant_type
        .as_deref()
        .is_some_and(|grant| known.contains(&grant))
    {
        call.limit(Endpoint::Token)?;
    }
    let session = match grant_type.as_deref() {
        Some("password") => {
            password::sign_in(&call, &Params::parse(&body, "PasswordGrantParams")?).await?
        }
        Some("refresh_token") => {
            refresh::sign_in(&call, &Params::parse(&body, "RefreshTokenGrantParams")?).await?
        }
        Some("pkce") => pkce::sign_in(&call, &Params::parse(&body, "PKCEGrantParams")?).await?,
        Some("id_token") => return Err(id_token(&Params::parse(&body, "IdTokenGrantParams")?)?),
        Some("web3") => return Err(AuthError::Web3Disabled),
        _ => return Err(AuthError::UnsupportedGrantType),
    };
    Ok(ok(&session))
}

/// Why a token of another provider is refused: no such provider is enabled here.
fn id_token(params: &Params) -> Result<AuthError, AuthError> {
    let provider = params.text("provider")?;
    let refuse = |words| AuthError::OAuth {
        error: "invalid request",
        description: words,
    };
    if params.text("id_token")?.is_empty() {
        return Ok(refuse("id_token required".into()));
    }
    if provider.is_empty()
        && (params.text("client_id")?.is_empty() || params.text("issuer")?.is_empty())
    {
        return Ok(refuse("provider or client_id and issuer required".into()));
    }
    let issuer = match provider.as_str() {
        "google" => "https://accounts.google.com",
        "apple" => "https://appleid.apple.com",
        "facebook" => "https://www.facebook.com",
        "kakao" => "https://kauth.kakao.com",
        _ => {
            let words = format!("Custom OIDC provider {provider:?} not allowed");
            return Ok(AuthError::validation(words));
        }
    };
    let words = format!("Provider (issuer {issuer:?}) is not enabled");
    Ok(AuthError::ProviderDisabled(words.into()))
}

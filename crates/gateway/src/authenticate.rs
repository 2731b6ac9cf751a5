//! Who asks: the API key out of the header or query parameter `apikey`, and the bearer token.

use hearth_apps::{App, Bearer};
use hearth_jwt::{ApiKeyKind, JwtError};
use http::{HeaderMap, Uri, header};

use crate::app_lookup::ServiceName;
use crate::error::GatewayError;

/// What a request says about its caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The recognised API key.
    pub api_key: Option<ApiKeyKind>,
    /// The bearer token.
    pub bearer: Bearer,
}

/// Reads API key and bearer, and refuses a request to a service that wants a key and has none.
///
/// `rest`, `realtime` and `auth` want one of the application's keys, or a valid bearer token of
/// the application alone; some endpoints of `auth` are opened from a mail or a browser and want
/// nothing. `storage` decides by the bearer itself.
///
/// # Errors
/// [`GatewayError::NoApiKey`], [`GatewayError::InvalidApiKey`].
pub fn caller(
    app: &App,
    service: ServiceName,
    path: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Caller, GatewayError> {
    let bearer = bearer(app, headers);
    let given = headers
        .get("apikey")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .or_else(|| in_query(uri))
        .filter(|key| !key.is_empty());
    let api_key = given.as_deref().and_then(|key| recognise(app, key));
    let optional = match service {
        ServiceName::Storage => true,
        ServiceName::Auth => is_open_auth_path(path),
        ServiceName::Rest | ServiceName::Realtime | ServiceName::Pg => false,
    };
    let proven = matches!(bearer, Bearer::Key(_) | Bearer::Token(_));
    if !optional && api_key.is_none() {
        match given {
            Some(_) => return Err(GatewayError::InvalidApiKey),
            None if !proven => return Err(GatewayError::NoApiKey),
            None => {}
        }
    }
    Ok(Caller { api_key, bearer })
}

/// One of the application's keys, or a token of it for one of the keys' roles: users sign their own
/// `anon` and `service_role` keys with the application's secret.
fn recognise(app: &App, key: &str) -> Option<ApiKeyKind> {
    app.keys
        .recognise(key)
        .or_else(|| match app.verifier.verify(key).ok()?.role()? {
            "anon" | "authenticated" => Some(ApiKeyKind::Publishable),
            "service_role" => Some(ApiKeyKind::Secret),
            _ => None,
        })
}

fn bearer(app: &App, headers: &HeaderMap) -> Bearer {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Bearer::Absent;
    };
    let Ok(text) = value.to_str() else {
        return Bearer::Invalid(JwtError::Malformed);
    };
    let Some((scheme, token)) = text.split_once(' ') else {
        return Bearer::Absent;
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Bearer::Absent;
    }
    let token = token.trim();
    if token.starts_with("sb_") {
        return match app.keys.recognise(token) {
            Some(kind) => Bearer::Key(kind),
            None => Bearer::Invalid(JwtError::Parts { parts: 1 }),
        };
    }
    match app.verifier.verify(token) {
        Ok(claims) => Bearer::Token(claims),
        Err(error) => Bearer::Invalid(error),
    }
}

fn in_query(uri: &Uri) -> Option<String> {
    let value = uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("apikey="))?;
    Some(
        percent_encoding::percent_decode_str(value)
            .decode_utf8_lossy()
            .into_owned(),
    )
}

/// Endpoints that a mail, a browser redirect or WeChat opens without a key.
fn is_open_auth_path(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    matches!(
        path,
        "/verify"
            | "/callback"
            | "/authorize"
            | "/health"
            | "/.well-known/jwks.json"
            | "/.well-known/openid-configuration"
            | "/.well-known/oauth-authorization-server"
            | "/sso/saml/acs"
            | "/sso/saml/metadata"
    ) || path.starts_with("/wechat/callback")
}

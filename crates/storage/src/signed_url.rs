//! Tokens of signed URLs. A token is for one object and one action: a reading one never uploads,
//! an uploading one never reads.

use hearth_apps::App;
use serde::Serialize;
use serde_json::Value;

use crate::error::StorageError;
use crate::jwt_text;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// To read.
    Download,
    /// To write, once or again until it expires.
    Upload,
}

/// Lifetime of an upload token in seconds.
pub(crate) const UPLOAD_SECONDS: i64 = 2 * 60 * 60;

/// Latest expiry that JavaScript can tell in milliseconds.
const LATEST_EXPIRY: i64 = 9_007_199_254_740;

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upsert: Option<bool>,
    scope: Scope,
    iat: i64,
    exp: i64,
}

/// A verified token.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) owner: Option<String>,
    pub(crate) upsert: bool,
    /// Unix seconds.
    pub(crate) expires: i64,
}

fn sign(app: &App, mut claims: Claims<'_>, seconds: i64) -> Result<String, StorageError> {
    claims.iat = app.clock.unix();
    claims.exp = claims
        .iat
        .checked_add(seconds)
        .filter(|exp| *exp <= LATEST_EXPIRY)
        .ok_or_else(|| StorageError::InvalidParameter("Invalid Parameter expiresIn".to_owned()))?;
    hearth_jwt::mint(&app.signing_key(), &claims).map_err(StorageError::backend)
}

/// A token to read `<bucket>/<name>`.
pub(crate) fn sign_download(app: &App, url: &str, seconds: i64) -> Result<String, StorageError> {
    let scope = Scope::Download;
    sign(
        app,
        Claims {
            owner: None,
            url,
            upsert: None,
            scope,
            iat: 0,
            exp: 0,
        },
        seconds,
    )
}

/// A token to write `<bucket>/<name>` in the name of `owner`.
pub(crate) fn sign_upload(
    app: &App,
    url: &str,
    owner: Option<&str>,
    upsert: bool,
) -> Result<String, StorageError> {
    let scope = Scope::Upload;
    sign(
        app,
        Claims {
            owner,
            url,
            upsert: Some(upsert),
            scope,
            iat: 0,
            exp: 0,
        },
        UPLOAD_SECONDS,
    )
}

/// Checks a token: signature, times, action, object.
pub(crate) fn verify(
    app: &App,
    token: &str,
    url: &str,
    scope: Scope,
) -> Result<Verified, StorageError> {
    let claims = app
        .verifier
        .verify(token)
        .map_err(|error| StorageError::InvalidJwt(jwt_text::words(&error)))?;
    let given = claims.get("scope");
    let upsert = claims.get("upsert");
    // Tokens from before scopes: only those for uploads say `upsert`.
    let fits = match (given.and_then(Value::as_str), scope) {
        (Some(given), Scope::Download) => given == "download",
        (Some(given), Scope::Upload) => given == "upload",
        (None, _) if given.is_some() => false,
        (None, Scope::Download) => upsert.is_none(),
        (None, Scope::Upload) => upsert.is_some(),
    };
    if !fits {
        let action = if scope == Scope::Upload {
            "upload"
        } else {
            "download"
        };
        return Err(StorageError::InvalidSignature(format!(
            "Token is not scoped for {action}"
        )));
    }
    if claims.text("url") != Some(url) {
        return Err(StorageError::InvalidSignature(
            "Invalid signature".to_owned(),
        ));
    }
    let expires = claims
        .expires_at()
        .ok_or_else(|| StorageError::InvalidSignature("Invalid signature".to_owned()))?;
    if expires < app.clock.unix() {
        return Err(StorageError::InvalidJwt(
            "\"exp\" claim timestamp check failed".to_owned(),
        ));
    }
    Ok(Verified {
        owner: claims.text("owner").map(str::to_owned),
        upsert: upsert == Some(&Value::Bool(true)),
        expires,
    })
}

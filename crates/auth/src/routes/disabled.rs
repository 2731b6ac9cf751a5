//! Parts of upstream that are switched off there by default and are not built here: refused as a
//! switched-off part is.

use axum::response::Response;

use crate::call::Call;
use crate::error::AuthError;

/// `/passkeys/…`
pub(super) async fn passkeys() -> Result<Response, AuthError> {
    Err(AuthError::Disabled {
        code: "passkey_disabled",
        message: "Passkeys are disabled",
    })
}

/// `/sso` and `/sso/saml/…`
pub(super) async fn saml() -> Result<Response, AuthError> {
    Err(AuthError::Disabled {
        code: "saml_provider_disabled",
        message: "SAML 2.0 is disabled",
    })
}

const OAUTH_SERVER: AuthError = AuthError::Disabled {
    code: "feature_disabled",
    message: "OAuth server is disabled",
};

/// `/oauth/…`
pub(super) async fn oauth() -> Result<Response, AuthError> {
    Err(OAUTH_SERVER)
}

/// `/admin/oauth/…`
pub(super) async fn admin_oauth(call: Call) -> Result<Response, AuthError> {
    call.admin().await?;
    Err(OAUTH_SERVER)
}

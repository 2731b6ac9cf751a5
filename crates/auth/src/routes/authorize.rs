//! `GET /authorize` and `/callback`: sign-in by other providers. None is built yet; each is refused
//! in upstream's words.

use axum::response::Response;

use crate::call::Call;
use crate::error::AuthError;

/// Providers that upstream knows.
const KNOWN: [&str; 24] = [
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "kakao",
    "keycloak",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "slack",
    "slack_oidc",
    "snapchat",
    "spotify",
    "twitch",
    "twitter",
    "workos",
    "x",
    "zoom",
];

/// Refuses the provider.
pub(super) async fn authorize(call: Call) -> Result<Response, AuthError> {
    Err(unsupported(&call))
}

/// Why the provider of the request is refused.
pub(super) fn unsupported(call: &Call) -> AuthError {
    let provider = call.query("provider").unwrap_or_default().to_lowercase();
    AuthError::validation(if KNOWN.contains(&provider.as_str()) {
        "Unsupported provider: provider is not enabled".to_owned()
    } else {
        format!("Unsupported provider: Provider {provider} could not be found")
    })
}

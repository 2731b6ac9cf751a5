//! `GET /settings`

use axum::response::Response;
use serde_json::{Value, json};

use crate::call::Call;
use crate::wire::{JsonMap, ok};

/// Providers that upstream names here and that are not built yet.
const ABSENT: [&str; 22] = [
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "snapchat",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "kakao",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "spotify",
    "slack",
    "slack_oidc",
    "workos",
    "twitch",
    "twitter",
];

/// What clients may ask for here.
pub(super) async fn settings(call: Call) -> Response {
    let settings = call.settings();
    let settings = &settings.auth;
    let mut external = JsonMap::new();
    external.insert(
        "anonymous_users".to_owned(),
        Value::Bool(settings.anonymous_enabled),
    );
    for name in ABSENT {
        external.insert(name.to_owned(), Value::Bool(false));
    }
    external.insert("email".to_owned(), Value::Bool(settings.email_enabled));
    external.insert("phone".to_owned(), Value::Bool(settings.phone_enabled));
    external.insert("zoom".to_owned(), Value::Bool(false));
    let wechat = !settings.wechat_mini_app_id.is_empty();
    external.insert("wechat_mini".to_owned(), Value::Bool(wechat));
    ok(&json!({
        "external": external,
        "disable_signup": settings.disable_signup,
        "mailer_autoconfirm": settings.mailer_autoconfirm,
        "phone_autoconfirm": settings.sms_autoconfirm,
        "sms_provider": "",
        "saml_enabled": false,
        "saml_private_key_next_configured": false,
        "passkeys_enabled": false,
    }))
}

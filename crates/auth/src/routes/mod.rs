//! The endpoints, one file each, below `/auth/v1`.

mod admin_audit;
mod admin_factors;
mod admin_generate_link;
mod admin_mails;
mod admin_page;
mod admin_sessions;
mod admin_soft_delete;
mod admin_users;
mod authorize;
mod disabled;
mod factors;
mod go_duration;
mod health;
mod identities;
mod invite;
mod jwks;
mod logout;
mod openid;
mod otp;
mod reauthenticate;
mod recover;
mod resend;
mod settings;
mod signup;
mod token;
mod user;
mod verify;
mod wechat_mini;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use http::{StatusCode, header};

use crate::{Auth, wire};

/// The routes, relative to the service's prefix. Each request carries the extension
/// `hearth_apps::RequestContext`.
pub fn router(auth: Arc<Auth>) -> Router {
    Router::new()
        .merge(open())
        .merge(of_the_user())
        .merge(of_admins())
        .fallback(not_found)
        .layer(axum::middleware::from_fn(wire::render_errors))
        .with_state(auth)
}

/// Endpoints that need nobody.
fn open() -> Router<Arc<Auth>> {
    Router::new()
        .route("/health", get(health::health))
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route(
            "/.well-known/openid-configuration",
            get(openid::configuration),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(disabled::oauth),
        )
        .route("/settings", get(settings::settings))
        .route("/signup", post(signup::signup))
        .route("/token", post(token::token))
        .route("/recover", post(recover::recover))
        .route("/otp", post(otp::otp))
        .route("/magiclink", post(otp::magic_link))
        .route("/resend", post(resend::resend))
        .route("/verify", get(verify::get).post(verify::post))
        .route("/authorize", get(authorize::authorize))
        .route(
            "/callback",
            get(authorize::authorize).post(authorize::authorize),
        )
        .route("/wechat_mini/login", get(wechat_mini::login))
        .route(
            "/wechat_mini/unlimited_qrcode",
            post(wechat_mini::unlimited_qrcode),
        )
        .route("/passkeys", any(disabled::passkeys))
        .route("/passkeys/{*rest}", any(disabled::passkeys))
        .route("/sso", any(disabled::saml))
        .route("/sso/{*rest}", any(disabled::saml))
        .route("/oauth/{*rest}", any(disabled::oauth))
}

/// Endpoints of the signed-in user.
fn of_the_user() -> Router<Arc<Auth>> {
    Router::new()
        .route("/logout", post(logout::logout))
        .route("/user", get(user::get).put(user::put))
        .route("/user/identities/authorize", get(identities::authorize))
        .route("/user/identities/{identity_id}", delete(identities::delete))
        .route("/factors", post(factors::enroll))
        .route("/factors/{factor_id}", delete(factors::unenroll))
        .route("/factors/{factor_id}/challenge", post(factors::challenge))
        .route("/factors/{factor_id}/verify", post(factors::verify))
        .route("/wechat_mini/bind_phone", get(wechat_mini::bind_phone))
        .route("/wechat_mini/bind_account", get(wechat_mini::bind_account))
        .route("/reauthenticate", get(reauthenticate::reauthenticate))
}

/// Endpoints of holders of the service key.
fn of_admins() -> Router<Arc<Auth>> {
    Router::new()
        .route("/invite", post(invite::invite))
        .route("/admin/audit", get(admin_audit::list))
        .route("/admin/generate_link", post(admin_generate_link::generate))
        .route(
            "/admin/users",
            get(admin_users::list).post(admin_users::create),
        )
        .route(
            "/admin/users/{user_id}",
            get(admin_users::get)
                .put(admin_users::update)
                .delete(admin_users::delete),
        )
        .route("/admin/users/{user_id}/factors", get(admin_factors::list))
        .route(
            "/admin/users/{user_id}/factors/{factor_id}",
            delete(admin_factors::delete).put(admin_factors::update),
        )
        .route(
            "/admin/users/{user_id}/sessions",
            get(admin_sessions::list).delete(admin_sessions::delete_all),
        )
        .route(
            "/admin/users/{user_id}/sessions/{session_id}",
            delete(admin_sessions::delete),
        )
        .route(
            "/admin/mails",
            get(admin_mails::list).delete(admin_mails::clear),
        )
        .route("/admin/mails/templates", get(admin_mails::templates))
        .route("/admin/mails/preview", post(admin_mails::preview))
        .route("/admin/mails/test", post(admin_mails::test))
        .route("/admin/oauth/{*rest}", any(disabled::admin_oauth))
}

async fn not_found() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::NOT_FOUND, headers, "404 page not found\n").into_response()
}

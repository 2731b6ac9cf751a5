//! Settings of one application: kept as one JSON object in the control database, swapped as a
//! whole at run time. A setting that is absent there has its default.

use hearth_core::Secret;
use serde::{Deserialize, Serialize};

/// All sections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSettings {
    /// Instant API.
    pub api: ApiSettings,
    /// Users.
    pub auth: AuthSettings,
    /// Object storage.
    pub storage: StorageSettings,
    /// Realtime.
    pub realtime: RealtimeSettings,
}

/// Instant API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// Schemas that can be asked for; the first is the default.
    pub schemas: Vec<String>,
    /// Schemas added to the search path behind the requested one.
    pub extra_search_path: Vec<String>,
    /// Most rows of one answer; none: no bound.
    pub max_rows: Option<u64>,
    /// Function called at the start of each request's transaction.
    pub pre_request: Option<String>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            extra_search_path: vec!["public".to_owned(), "extensions".to_owned()],
            max_rows: Some(1000),
            pre_request: None,
        }
    }
}

/// Users. Names follow GoTrue's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// Where mails and redirects lead; empty: the application's own address.
    pub site_url: String,
    /// Further addresses that redirects may lead to, with `*` and `**`.
    pub uri_allow_list: Vec<String>,
    /// Lifetime of an access token in seconds.
    pub jwt_expiry: i64,
    /// No sign-up at all.
    pub disable_signup: bool,
    /// Sign-up and sign-in by e-mail.
    pub email_enabled: bool,
    /// An e-mail address counts as confirmed without a mail.
    pub mailer_autoconfirm: bool,
    /// Anonymous sign-in.
    pub anonymous_enabled: bool,
    /// Shortest password in characters.
    pub password_min_length: usize,
    /// A refresh token is replaced when used.
    pub refresh_token_rotation: bool,
    /// For how many seconds a replaced refresh token may be used again.
    pub refresh_token_reuse_interval: i64,
    /// Sign-up and sign-in by phone number.
    pub phone_enabled: bool,
    /// A phone number counts as confirmed without a message.
    pub sms_autoconfirm: bool,
    /// Sign-in by a link or code in a mail.
    pub magic_link_enabled: bool,
    /// Lifetime of links and codes in mails, in seconds.
    pub mailer_otp_exp: i64,
    /// Digits of a code in a mail.
    pub mailer_otp_length: usize,
    /// Least time between two mails of a kind to one user, in seconds.
    pub mailer_max_frequency: i64,
    /// A change of address is confirmed from the old and the new one.
    pub mailer_secure_email_change: bool,
    /// Sets of characters of each of which a password must hold one.
    pub password_required_characters: Vec<String>,
    /// A new password asks for a code if the session is older than a day.
    pub update_password_require_reauthentication: bool,
    /// A new password asks for the current one.
    pub update_password_require_current_password: bool,
    /// Users may link and unlink identities.
    pub manual_linking_enabled: bool,
    /// A session ends this many seconds after it began; 0: never.
    pub sessions_timebox: i64,
    /// A session ends after this many seconds without a refresh; 0: never.
    pub sessions_inactivity_timeout: i64,
    /// Only the session refreshed last is good.
    pub sessions_single_per_user: bool,
    /// Second factors by authenticator app may be enrolled.
    pub mfa_totp_enroll_enabled: bool,
    /// Second factors by authenticator app may be used.
    pub mfa_totp_verify_enabled: bool,
    /// Most factors of one user.
    pub mfa_max_enrolled_factors: usize,
    /// AppID of the WeChat mini program; empty: sign-in by WeChat is off.
    pub wechat_mini_app_id: String,
    /// Its AppSecret.
    pub wechat_mini_app_secret: Secret,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            site_url: String::new(),
            uri_allow_list: Vec::new(),
            jwt_expiry: 3600,
            disable_signup: false,
            email_enabled: true,
            mailer_autoconfirm: true,
            anonymous_enabled: true,
            password_min_length: 6,
            refresh_token_rotation: true,
            refresh_token_reuse_interval: 10,
            phone_enabled: false,
            sms_autoconfirm: false,
            magic_link_enabled: true,
            mailer_otp_exp: 3600,
            mailer_otp_length: 6,
            mailer_max_frequency: 60,
            mailer_secure_email_change: true,
            password_required_characters: Vec::new(),
            update_password_require_reauthentication: false,
            update_password_require_current_password: false,
            manual_linking_enabled: false,
            sessions_timebox: 0,
            sessions_inactivity_timeout: 0,
            sessions_single_per_user: false,
            mfa_totp_enroll_enabled: true,
            mfa_totp_verify_enabled: true,
            mfa_max_enrolled_factors: 10,
            wechat_mini_app_id: String::new(),
            wechat_mini_app_secret: Secret::default(),
        }
    }
}

/// Object storage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// Largest object in bytes, unless its bucket has a smaller limit.
    pub file_size_limit: u64,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            file_size_limit: 50 * 1024 * 1024,
        }
    }
}

/// Realtime; defaults are upstream's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealtimeSettings {
    /// Sockets at the same time.
    pub max_concurrent_users: usize,
    /// Channels of one socket.
    pub max_channels_per_client: usize,
    /// Joins per second over the application.
    pub max_joins_per_second: u32,
    /// Events per second over the application.
    pub max_events_per_second: u32,
    /// Largest payload of a client's frame in bytes.
    pub max_payload_bytes: usize,
    /// Channels that are not private are refused.
    pub private_only: bool,
    /// How many seconds back a client may resume; as long, the reader of changes outlives its last
    /// listener. Holds from the reader's next start on.
    pub resume_window_seconds: u32,
    /// Bytes of changes and broadcasts that are kept for it at most.
    pub resume_window_bytes: usize,
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self {
            max_concurrent_users: 10_000,
            max_channels_per_client: 100,
            max_joins_per_second: 500,
            max_events_per_second: 10_000,
            max_payload_bytes: 3_000_000,
            private_only: false,
            resume_window_seconds: 600,
            resume_window_bytes: 64 * 1024 * 1024,
        }
    }
}

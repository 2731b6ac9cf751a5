//! Settings of one application: kept as one JSON object in the control database, swapped as a
//! whole at run time. A setting that is absent there has its default.

mod auth;

use serde::{Deserialize, Serialize};

pub use auth::{
    AliyunSms, AuthSettings, HookSettings, Hooks, MailLanguage, MailNotifications, MailTemplate,
    RateLimits, SmsProvider, SmsSettings, SmtpEncryption, SmtpSettings,
};

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

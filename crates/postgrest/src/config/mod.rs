//! PostgREST's configuration: what can be set, from where, and what stands if nothing is. Names,
//! defaults, precedence and refusals are those of PostgREST 16 (its page "Configuration" and its
//! module `Config`): settings in the database win over variables, these over the file.

pub mod conninfo;
mod dump;
mod example;
pub mod file;
mod keys;
mod proxy_uri;
mod read;
pub mod role_claim;

use std::path::PathBuf;

use hearth_jwt::KeySet;
use hearth_rest::config::{FunctionName, OpenApiMode, RestConfig};
use http::HeaderName;

pub use example::EXAMPLE;
pub use read::{Given, read};
pub use role_claim::RoleClaim;

/// Why a configuration cannot be used; the key is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file or a value in it.
    #[error("Error in config {0}")]
    Setting(String),
    /// A file that a value names.
    #[error("{key}: {file}: {reason}")]
    File {
        /// The setting.
        key: &'static str,
        /// The file.
        file: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// `jwt-secret`
    #[error("jwt-secret: {0}")]
    Secret(String),
    /// `db-uri`
    #[error("db-uri: {0}")]
    Uri(String),
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Start and recovery.
    Crit,
    /// And answers of 500 and above.
    Error,
    /// And answers of 400 and above.
    Warn,
    /// And all requests.
    Info,
    /// And the pool's events.
    Debug,
}

impl LogLevel {
    /// Whether a request that was answered with `status` is logged.
    pub fn logs(self, status: http::StatusCode) -> bool {
        match self {
            Self::Crit => false,
            Self::Error => status.is_server_error(),
            Self::Warn => status.is_server_error() || status.is_client_error(),
            Self::Info | Self::Debug => true,
        }
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// `…-host`: a name, an address, or one of `*`, `*4`, `!4`, `*6`, `!6`.
    pub host: String,
    /// `…-port`; the admin server has none unless it is set.
    pub port: Option<u16>,
    /// `…-unix-socket`, which goes before the port.
    pub unix_socket: Option<PathBuf>,
    /// `…-unix-socket-mode`
    pub unix_socket_mode: u32,
}

/// Everything that can be set. Each field is documented by its key.
#[derive(Clone)]
pub struct Config {
    /// `app.settings.*`, names in full.
    pub app_settings: Vec<(String, String)>,
    /// `admin-server-*`
    pub admin_server: Listening,
    /// `client-error-verbosity` is `minimal`.
    pub terse_errors: bool,
    /// `db-aggregates-enabled`
    pub aggregates: bool,
    /// `db-anon-role`
    pub anon_role: Option<String>,
    /// `db-channel`
    pub channel: String,
    /// `db-channel-enabled`
    pub channel_enabled: bool,
    /// `db-config`
    pub in_database: bool,
    /// `db-extra-search-path`
    pub extra_search_path: Vec<String>,
    /// `db-hoisted-tx-settings`
    pub hoisted_settings: Vec<String>,
    /// `db-max-rows`
    pub max_rows: Option<u64>,
    /// `db-plan-enabled`
    pub plan_enabled: bool,
    /// `db-pool`
    pub pool: usize,
    /// `db-pool-acquisition-timeout`, seconds.
    pub pool_acquisition_timeout: u64,
    /// `db-pool-automatic-recovery`
    pub automatic_recovery: bool,
    /// `db-pool-max-idletime`, seconds.
    pub pool_max_idletime: u64,
    /// `db-pool-max-lifetime`, seconds.
    pub pool_max_lifetime: u64,
    /// `db-pre-config`
    pub pre_config: Option<FunctionName>,
    /// `db-pre-request`
    pub pre_request: Option<FunctionName>,
    /// `db-prepared-statements`
    pub prepared_statements: bool,
    /// `db-root-spec`
    pub root_spec: Option<FunctionName>,
    /// `db-schemas`
    pub schemas: Vec<String>,
    /// `db-tx-end`: `…-allow-override`
    pub tx_allow_override: bool,
    /// `db-tx-end`: `rollback…`
    pub tx_rollback_all: bool,
    /// `db-uri`, out of its file where it names one.
    pub uri: String,
    /// `jwt-aud`
    pub audience: Option<String>,
    /// `jwt-cache-max-entries`
    pub jwt_cache_entries: u64,
    /// `jwt-role-claim-key`
    pub role_claim: RoleClaim,
    /// `jwt-secret`, out of its file and decoded.
    pub secret: Option<Vec<u8>>,
    /// What `jwt-secret` holds.
    pub keys: Option<KeySet>,
    /// `jwt-secret-is-base64`
    pub secret_is_base64: bool,
    /// `log-level`
    pub log_level: LogLevel,
    /// `log-query`
    pub log_query: bool,
    /// `openapi-mode`
    pub openapi_mode: OpenApiMode,
    /// `openapi-security-active`
    pub openapi_security: bool,
    /// `openapi-server-proxy-uri`
    pub openapi_proxy: Option<String>,
    /// `server-cors-allowed-origins`; empty: all.
    pub cors_origins: Vec<String>,
    /// `server-*`
    pub server: Listening,
    /// `server-reuseport`
    pub reuse_port: bool,
    /// `server-timing-enabled`
    pub server_timing: bool,
    /// `server-trace-header`
    pub trace_header: Option<HeaderName>,
    /// `url-use-legacy-target-names`
    pub legacy_target_names: bool,
    /// What was given and is not heeded, in words.
    pub warnings: Vec<String>,
}

impl Config {
    /// What the request pipeline must know of it.
    pub fn rest(&self) -> RestConfig {
        RestConfig {
            schemas: self.schemas.clone(),
            extra_search_path: self.extra_search_path.clone(),
            anon_role: self.anon_role.clone().unwrap_or_default(),
            max_rows: self.max_rows,
            pre_request: self.pre_request.clone(),
            root_spec: self.root_spec.as_ref().map(|spec| spec.name.clone()),
            aggregates: self.aggregates,
            plan_enabled: self.plan_enabled,
            tx_allow_override: self.tx_allow_override,
            tx_rollback_all: self.tx_rollback_all,
            hoisted_settings: self.hoisted_settings.clone(),
            openapi_mode: self.openapi_mode,
            openapi_security: self.openapi_security,
            openapi_proxy: self.openapi_proxy.clone(),
            terse_errors: self.terse_errors,
            server_timing: self.server_timing,
            legacy_target_names: self.legacy_target_names,
            app_settings: self.app_settings.clone(),
        }
    }

    /// All settings as a configuration file that says the same, in order of their names.
    pub fn dump(&self) -> String {
        dump::dump(self)
    }
}

//! The server's settings, as typed and as checked.

use std::path::PathBuf;
use std::time::Duration;

use hearth_core::Secret;
use serde::Deserialize;

use crate::load::ConfigError;

/// Settings as they were written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    data_dir: PathBuf,
    host: String,
    port: u16,
    database_url: String,
    public_url: String,
    base_domain: String,
    demo: bool,
    pg_bin: String,
    pg_port: u16,
    db_pool_callers: usize,
    db_pool_service: usize,
    db_pool_wait: u64,
    storage_root: String,
    max_body_bytes: usize,
    max_header_bytes: usize,
    request_timeout: u64,
    compress_above: u64,
    log: String,
    log_format: LogFormat,
    access_log: bool,
    wechat_api_url: String,
    aliyun_sms_url: String,
    wechat_appid: String,
    wechat_secret: Secret,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object per line.
    Json,
}

/// Settings that have been checked. `hearth.default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The data directory, absolute.
    pub data_dir: PathBuf,
    /// Address to answer on.
    pub host: String,
    /// Port to answer on; 0 takes a free one.
    pub port: u16,
    /// An external PostgreSQL, if one is used.
    pub database_url: Option<Secret>,
    /// The address that clients use, without a trailing slash.
    pub public_url: Option<String>,
    /// Domain of which each application is a subdomain.
    pub base_domain: Option<String>,
    /// Install the demo.
    pub demo: bool,
    /// Folder of the PostgreSQL programs.
    pub pg_bin: Option<PathBuf>,
    /// Loopback port of the embedded PostgreSQL; none: a free one.
    pub pg_port: Option<u16>,
    /// Connections per application for callers.
    pub db_pool_callers: usize,
    /// Connections per application and service.
    pub db_pool_service: usize,
    /// How long a request waits for a connection.
    pub db_pool_wait: Duration,
    /// Folder for objects, absolute.
    pub storage_root: PathBuf,
    /// Largest body outside storage, bytes.
    pub max_body_bytes: usize,
    /// Largest head, bytes.
    pub max_header_bytes: usize,
    /// Time for an answer.
    pub request_timeout: Duration,
    /// Answers beyond this many bytes are compressed; none: never.
    pub compress_above: Option<u64>,
    /// Log filter.
    pub log: String,
    /// Log format.
    pub log_format: LogFormat,
    /// One line per request.
    pub access_log: bool,
    /// Base URL of WeChat's API.
    pub wechat_api_url: String,
    /// Base URL of Aliyun's SMS service, without a trailing slash.
    pub aliyun_sms_url: String,
    /// Mini program of the default application.
    pub wechat_appid: String,
    /// Its secret.
    pub wechat_secret: Secret,
}

impl ServerConfig {
    pub(crate) fn check(raw: RawConfig) -> Result<Self, ConfigError> {
        let wrong = |key, reason: &str| ConfigError::Value {
            key,
            reason: reason.to_owned(),
        };
        let given = |text: String| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let data_dir = std::path::absolute(&raw.data_dir)
            .map_err(|e| wrong("data_dir", &format!("is no path: {e}")))?;
        let database_url = given(raw.database_url);
        if let Some(url) = &database_url
            && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
        {
            return Err(wrong(
                "database_url",
                "must start with postgres:// or postgresql://",
            ));
        }
        let public_url = given(raw.public_url).map(|u| u.trim_end_matches('/').to_owned());
        if let Some(text) = &public_url {
            let url = url::Url::parse(text).map_err(|e| wrong("public_url", &e.to_string()))?;
            if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
                return Err(wrong(
                    "public_url",
                    "must be an http:// or https:// address",
                ));
            }
        }
        if raw.db_pool_callers == 0 {
            return Err(wrong("db_pool_callers", "must be at least 1"));
        }
        if raw.db_pool_service == 0 {
            return Err(wrong("db_pool_service", "must be at least 1"));
        }
        if raw.max_header_bytes < 8192 {
            return Err(wrong("max_header_bytes", "must be at least 8192"));
        }
        if raw.request_timeout == 0 {
            return Err(wrong("request_timeout", "must be at least 1 second"));
        }
        if raw.host.parse::<std::net::IpAddr>().is_err() && raw.host != "localhost" {
            return Err(wrong("host", "must be an IP address or localhost"));
        }
        let storage_root = match given(raw.storage_root) {
            Some(path) => std::path::absolute(path)
                .map_err(|e| wrong("storage_root", &format!("is no path: {e}")))?,
            None => data_dir.join("objects"),
        };
        Ok(Self {
            storage_root,
            host: raw.host,
            port: raw.port,
            database_url: database_url.map(Secret::new),
            public_url,
            base_domain: given(raw.base_domain).map(|d| d.trim_matches('.').to_ascii_lowercase()),
            demo: raw.demo,
            pg_bin: given(raw.pg_bin).map(PathBuf::from),
            pg_port: (raw.pg_port != 0).then_some(raw.pg_port),
            db_pool_callers: raw.db_pool_callers,
            db_pool_service: raw.db_pool_service,
            db_pool_wait: Duration::from_secs(raw.db_pool_wait.max(1)),
            max_body_bytes: raw.max_body_bytes,
            max_header_bytes: raw.max_header_bytes,
            request_timeout: Duration::from_secs(raw.request_timeout),
            compress_above: (raw.compress_above > 0).then_some(raw.compress_above),
            log: raw.log,
            log_format: raw.log_format,
            access_log: raw.access_log,
            wechat_api_url: raw.wechat_api_url.trim_end_matches('/').to_owned(),
            aliyun_sms_url: raw.aliyun_sms_url.trim_end_matches('/').to_owned(),
            wechat_appid: raw.wechat_appid,
            wechat_secret: raw.wechat_secret,
            data_dir,
        })
    }
}

//! Users, as GoTrue has them: its endpoints, tables, tokens and error bodies; and WeChat sign-in,
//! as MemFire Cloud has it.
//!
//! A request enters at `routes/`, one file per endpoint. [`call::Call`] says whose rights it has;
//! `grant/` proves who somebody is; `issue` is the one place that makes a session and its tokens;
//! `wire` writes answers and errors. The service's own SQL runs as `supabase_auth_admin`.

mod address;
mod attempts;
mod audit;
mod body;
mod call;
mod database;
mod error;
mod factor;
mod flow_state;
mod grant;
mod hooks;
mod http_client;
mod identity;
mod issue;
mod limits;
mod mail;
mod one_time_token;
mod password;
mod redirect;
mod refresh_token;
mod routes;
mod session;
mod signup;
mod sms;
mod user;
mod user_list;
mod wechat;
mod wire;

use std::sync::Arc;

use hearth_pg::{Migration, MigrationSet, Repeatable};

pub use error::{AuthError, FactorKind};
pub use mail::{Mail, MailKind, Mailbox};
pub use routes::router;

/// What this service needs in each application's database.
pub fn migrations() -> MigrationSet {
    MigrationSet {
        service: "auth",
        numbered: &[
            Migration {
                number: 1,
                name: "users",
                sql: include_str!("../migrations/0001_users.sql"),
            },
            Migration {
                number: 2,
                name: "factors",
                sql: include_str!("../migrations/0002_factors.sql"),
            },
            Migration {
                number: 3,
                name: "flows",
                sql: include_str!("../migrations/0003_flows.sql"),
            },
            Migration {
                number: 4,
                name: "oauth_server",
                sql: include_str!("../migrations/0004_oauth_server.sql"),
            },
            Migration {
                number: 5,
                name: "wechat",
                sql: include_str!("../migrations/0005_wechat.sql"),
            },
            Migration {
                number: 6,
                name: "rights",
                sql: include_str!("../migrations/0006_rights.sql"),
            },
            Migration {
                number: 7,
                name: "user_list",
                sql: include_str!("../migrations/0007_user_list.sql"),
            },
        ],
        repeatable: &[Repeatable {
            name: "claims",
            sql: include_str!("../functions/claims.sql"),
        }],
    }
}

/// Settings of the server that this service reads.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// How many passwords are hashed at the same time.
    pub password_concurrency: usize,
    /// Base URL of WeChat's API.
    pub wechat_api_url: String,
    /// Base URL of Aliyun's SMS service.
    pub aliyun_sms_url: String,
}

impl Default for AuthConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            // One core stays for everything else.
            password_concurrency: cores.saturating_sub(1).max(1),
            wechat_api_url: "https://api.weixin.qq.com".to_owned(),
            aliyun_sms_url: "https://dysmsapi.aliyuncs.com".to_owned(),
        }
    }
}

/// The service.
pub struct Auth {
    hasher: password::Hasher,
    mailbox: Mailbox,
    wechat: wechat::Wechat,
    attempts: attempts::Attempts,
    limits: limits::Limits,
    mail_servers: mail::MailServers,
    aliyun: sms::Aliyun,
    http: http_client::Http,
}

impl Auth {
    /// The service for every application of the server.
    pub fn new(config: AuthConfig) -> Arc<Self> {
        Arc::new(Self {
            hasher: password::Hasher::new(config.password_concurrency),
            mailbox: Mailbox::default(),
            wechat: wechat::Wechat::new(&config.wechat_api_url),
            attempts: attempts::Attempts::new(),
            limits: limits::Limits::new(),
            mail_servers: mail::MailServers::new(),
            aliyun: sms::Aliyun::new(&config.aliyun_sms_url),
            http: http_client::Http::default(),
        })
    }

    /// The mails that were sent.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Drops what is kept of an application that went.
    pub fn forget(&self, app: &hearth_core::AppRef) {
        self.mailbox.clear(app);
    }

    pub(crate) fn hasher(&self) -> &password::Hasher {
        &self.hasher
    }

    pub(crate) fn wechat(&self) -> &wechat::Wechat {
        &self.wechat
    }

    pub(crate) fn attempts(&self) -> &attempts::Attempts {
        &self.attempts
    }

    pub(crate) fn limits(&self) -> &limits::Limits {
        &self.limits
    }

    pub(crate) fn mail_servers(&self) -> &mail::MailServers {
        &self.mail_servers
    }

    pub(crate) fn aliyun(&self) -> &sms::Aliyun {
        &self.aliyun
    }

    /// For hooks and providers of messages.
    pub(crate) fn http(&self) -> &http_client::Http {
        &self.http
    }
}

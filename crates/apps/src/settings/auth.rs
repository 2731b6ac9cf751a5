//! Settings of users: sign-up, passwords, sessions, mails, messages, limits, hooks.

use std::collections::BTreeMap;

use hearth_core::Secret;
use serde::{Deserialize, Serialize};

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
    /// The server that sends mails; without a host they stay in the mailbox of the console.
    pub smtp: SmtpSettings,
    /// The language of mails that have no text of the application's own.
    pub mailer_language: MailLanguage,
    /// The application's own texts, by kind: `confirmation`, `invite`, `recovery`, `magic_link`,
    /// `email_change`, `reauthentication` and the notifications (`password_changed_notification`
    /// and so on). Kinds that are absent have the default text.
    pub mailer_templates: BTreeMap<String, MailTemplate>,
    /// Which changes of an account its user is told of by mail.
    pub mailer_notifications: MailNotifications,
    /// Who sends codes to phones, and how.
    pub sms: SmsSettings,
    /// How often clients may ask.
    pub rate_limits: RateLimits,
    /// Code of the application's own that is asked at certain points.
    pub hooks: Hooks,
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
            smtp: SmtpSettings::default(),
            mailer_language: MailLanguage::default(),
            mailer_templates: BTreeMap::new(),
            mailer_notifications: MailNotifications::default(),
            sms: SmsSettings::default(),
            rate_limits: RateLimits::default(),
            hooks: Hooks::default(),
        }
    }
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpSettings {
    /// Its name; empty: mails are kept in the mailbox and not sent.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who signs in there; empty: nobody.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// How the connection is protected.
    pub encryption: SmtpEncryption,
    /// The address that mails come from.
    pub sender_address: String,
    /// The name beside it.
    pub sender_name: String,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 465,
            user: String::new(),
            password: Secret::default(),
            encryption: SmtpEncryption::default(),
            sender_address: String::new(),
            sender_name: String::new(),
        }
    }
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpEncryption {
    /// TLS from the first byte; usual on port 465.
    #[default]
    Tls,
    /// Plain at first, then TLS or nothing; usual on port 587.
    Starttls,
    /// Not at all: only for a server on the same machine or network.
    None,
}

/// Language of the default texts of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailLanguage {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// A text of the application's own, with variables as Go templates have them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailTemplate {
    /// The subject; empty: the default one.
    pub subject: String,
    /// The body, HTML; empty: the default one.
    pub content: String,
}

/// Which changes of an account its user is told of by mail. Names and defaults (all off) are
/// upstream's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailNotifications {
    /// A new password.
    pub password_changed: bool,
    /// Another address; the old one is told.
    pub email_changed: bool,
    /// Another phone number.
    pub phone_changed: bool,
    /// An identity less.
    pub identity_unlinked: bool,
    /// A second factor more.
    pub mfa_factor_enrolled: bool,
    /// A second factor less.
    pub mfa_factor_unenrolled: bool,
}

/// Codes to phones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSettings {
    /// Who sends them.
    pub provider: SmsProvider,
    /// Lifetime of a code in seconds.
    pub otp_exp: i64,
    /// Digits of a code.
    pub otp_length: usize,
    /// Least time between two messages to one user, in seconds.
    pub max_frequency: i64,
    /// Codes that always count, by phone number without `+`: for testers. No message is sent.
    pub test_otps: BTreeMap<String, String>,
    /// The account at Aliyun.
    pub aliyun: AliyunSms,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            provider: SmsProvider::default(),
            otp_exp: 60,
            otp_length: 6,
            max_frequency: 60,
            test_otps: BTreeMap::new(),
            aliyun: AliyunSms::default(),
        }
    }
}

/// Who sends messages to phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsProvider {
    /// Nobody.
    #[default]
    None,
    /// Aliyun (Alibaba Cloud) SMS.
    Aliyun,
}

/// An account at Aliyun's SMS service; the fields are those of MemFire's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AliyunSms {
    /// Region, such as `cn-hangzhou`.
    pub region_id: String,
    /// AccessKey ID.
    pub access_key_id: String,
    /// AccessKey secret.
    pub access_key_secret: Secret,
    /// The approved signature of messages.
    pub sign_name: String,
    /// The approved template, with one variable `code`.
    pub template_code: String,
}

impl Default for AliyunSms {
    fn default() -> Self {
        Self {
            region_id: "cn-hangzhou".to_owned(),
            access_key_id: String::new(),
            access_key_secret: Secret::default(),
            sign_name: String::new(),
            template_code: String::new(),
        }
    }
}

/// How often clients may ask; names and defaults are GoTrue's. Requests from the server's own
/// machine are not limited by address. 0 refuses all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Mails that leave the server, in an hour.
    pub email_sent: u32,
    /// Messages to phones, in an hour.
    pub sms_sent: u32,
    /// Sign-ins and refreshes (`/token`) of one address, in five minutes.
    pub token_refresh: u32,
    /// Codes and links tried by one address, in five minutes.
    pub verify: u32,
    /// Sign-ups, codes and links asked for by one address, in five minutes.
    pub otp: u32,
    /// Anonymous sign-ins of one address, in an hour.
    pub anonymous_users: u32,
    /// Challenges and tries of second factors by one address, in a minute.
    pub mfa_challenge_and_verify: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            email_sent: 30,
            sms_sent: 30,
            token_refresh: 150,
            verify: 30,
            otp: 30,
            anonymous_users: 30,
            mfa_challenge_and_verify: 15,
        }
    }
}

/// Code of the application's own: a function in its database or an HTTPS endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// Changes the claims of each access token.
    pub custom_access_token: HookSettings,
    /// Sends mails in place of the mail server.
    pub send_email: HookSettings,
    /// Sends messages to phones in place of the provider.
    pub send_sms: HookSettings,
    /// May refuse a new user.
    pub before_user_created: HookSettings,
    /// May refuse an attempt to sign in by password.
    pub password_verification_attempt: HookSettings,
    /// May refuse an attempt to use a second factor.
    pub mfa_verification_attempt: HookSettings,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookSettings {
    /// It is asked.
    pub enabled: bool,
    /// `pg-functions://postgres/<schema>/<function>` or an HTTP(S) address.
    pub uri: String,
    /// What requests to an HTTP address are signed with: `v1,whsec_<base64>`, several parted by
    /// `|` while one replaces the other.
    pub secret: Secret,
}

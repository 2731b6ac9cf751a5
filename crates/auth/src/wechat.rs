//! Towards WeChat's servers: who a code belongs to, phone numbers, mini program codes.
//!
//! `session_key` never leaves this module. Every call ends within [`PATIENCE`], well before the
//! mini program gives up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hearth_apps::settings::AuthSettings;
use moka::Expiry;
use moka::future::Cache;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::AuthError;
use crate::http_client::Http;

/// How long all of one request's calls may take.
const PATIENCE: Duration = Duration::from_secs(12);
/// Access tokens are given up this long before WeChat says they end.
const MARGIN: Duration = Duration::from_secs(120);
/// Largest answer that is read: a code as a picture is some hundred kilobytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// WeChat's API, for all applications.
pub(crate) struct Wechat {
    http: Http,
    base: String,
    tokens: Cache<AccessKey, AccessToken>,
}

/// The application's own credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AccessKey {
    app_id: String,
    secret: String,
}

#[derive(Debug, Clone)]
struct AccessToken {
    text: Arc<str>,
    lifetime: Duration,
}

struct TokenLifetime;

impl Expiry<AccessKey, AccessToken> for TokenLifetime {
    fn expire_after_create(
        &self,
        _: &AccessKey,
        token: &AccessToken,
        _: Instant,
    ) -> Option<Duration> {
        Some(token.lifetime)
    }
}

/// Who a code of `wx.login` belongs to.
#[derive(Debug)]
pub(crate) struct WechatUser {
    pub(crate) openid: String,
    pub(crate) unionid: Option<String>,
}

/// What WeChat says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

impl Wechat {
    /// WeChat at `base`.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            http: Http::default(),
            base: base.trim_end_matches('/').to_owned(),
            tokens: Cache::builder()
                .max_capacity(10_000)
                .expire_after(TokenLifetime)
                .build(),
        }
    }

    /// The user whom a code of `wx.login` belongs to.
    pub(crate) async fn login(
        &self,
        settings: &AuthSettings,
        code: &str,
    ) -> Result<WechatUser, AuthError> {
        let key = credentials(settings)?;
        in_time(async {
            let query = [
                ("appid", key.app_id.as_str()),
                ("secret", key.secret.as_str()),
                ("js_code", code),
                ("grant_type", "authorization_code"),
            ];
            let request = self
                .http
                .client()?
                .get(format!("{}/sns/jscode2session", self.base))
                .query(&query);
            // The answer is JSON that calls itself text/plain.
            let answer = json_of(&read(request).await?)?;
            let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
            let openid = text("openid")
                .filter(|id| !id.is_empty())
                .ok_or_else(unreadable)?;
            Ok(WechatUser {
                openid,
                unionid: text("unionid").filter(|id| !id.is_empty()),
            })
        })
        .await
    }

    /// The phone number that a code of the button `getPhoneNumber` stands for, with its country,
    /// digits only.
    pub(crate) async fn phone_number(
        &self,
        settings: &AuthSettings,
        code: &str,
    ) -> Result<String, AuthError> {
        let path = "/wxa/business/getuserphonenumber";
        let answer = self.call(settings, path, &json!({ "code": code })).await?;
        let answer = json_of(&answer)?;
        let text = |name: &str| {
            let value = answer.pointer(&format!("/phone_info/{name}"));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let number = format!("{}{}", text("countryCode"), text("purePhoneNumber"));
        if number.is_empty() {
            Err(unreadable())
        } else {
            Ok(number)
        }
    }

    /// A mini program code as a picture.
    pub(crate) async fn unlimited_qrcode(
        &self,
        settings: &AuthSettings,
        params: &Value,
    ) -> Result<Bytes, AuthError> {
        let answer = self
            .call(settings, "/wxa/getwxacodeunlimit", params)
            .await?;
        // A picture, or a refusal as JSON.
        if answer.first() == Some(&b'{') {
            json_of(&answer)?;
            return Err(unreadable());
        }
        Ok(answer)
    }

    /// A call with the application's access token. A token that WeChat no longer takes is fetched
    /// anew, once.
    async fn call(
        &self,
        settings: &AuthSettings,
        path: &str,
        body: &Value,
    ) -> Result<Bytes, AuthError> {
        let key = credentials(settings)?;
        in_time(async {
            let mut fresh = false;
            loop {
                let token = self.access_token(&key).await?;
                let request = self
                    .http
                    .client()?
                    .post(format!("{}{path}", self.base))
                    .query(&[("access_token", &*token.text)])
                    .json(body);
                let answer = read(request).await?;
                if fresh || !token_refused(&answer) {
                    return Ok(answer);
                }
                fresh = true;
                self.tokens.invalidate(&key).await;
            }
        })
        .await
    }

    /// The application's access token; whoever asks meanwhile waits for the same answer.
    async fn access_token(&self, key: &AccessKey) -> Result<AccessToken, AuthError> {
        let fetched = self
            .tokens
            .try_get_with_by_ref(key, self.fetch_token(key))
            .await;
        fetched.map_err(|error: Arc<AuthError>| match &*error {
            AuthError::WechatRefused(words) => AuthError::WechatRefused(words.clone()),
            AuthError::Internal(words) => AuthError::Internal(words.clone()),
            other => AuthError::WechatUnavailable(other.to_string().into()),
        })
    }

    async fn fetch_token(&self, key: &AccessKey) -> Result<AccessToken, AuthError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        // The stable token is the same for everybody who asks, so that fetching it here does not
        // end the one that another server of the same mini program holds.
        let body = json!({
            "grant_type": "client_credential",
            "appid": key.app_id,
            "secret": key.secret,
        });
        let request = self
            .http
            .client()?
            .post(format!("{}/cgi-bin/stable_token", self.base))
            .json(&body);
        let answer = json_of(&read(request).await?)?;
        let answer: Answer = serde_json::from_value(answer).map_err(|_| unreadable())?;
        let lifetime = Duration::from_secs(answer.expires_in).saturating_sub(MARGIN);
        Ok(AccessToken {
            text: answer.access_token.into(),
            lifetime,
        })
    }
}

fn credentials(settings: &AuthSettings) -> Result<AccessKey, AuthError> {
    let app_id = settings.wechat_mini_app_id.clone();
    let secret = settings.wechat_mini_app_secret.expose().to_owned();
    if app_id.is_empty() || secret.is_empty() {
        let words = "Provider wechat_mini is not enabled: AppID and AppSecret are not set";
        return Err(AuthError::ProviderDisabled(words.into()));
    }
    Ok(AccessKey { app_id, secret })
}

async fn in_time<T>(work: impl Future<Output = Result<T, AuthError>>) -> Result<T, AuthError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(AuthError::WechatUnavailable(
            "WeChat did not answer in time".into(),
        )),
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Bytes, AuthError> {
    let away = |error: reqwest::Error| {
        // The address holds the secret.
        tracing::warn!(error = %error.without_url(), "WeChat cannot be reached");
        AuthError::WechatUnavailable("WeChat cannot be reached".into())
    };
    let mut response = request.send().await.map_err(away)?;
    if response.status() != StatusCode::OK {
        tracing::warn!(
            status = response.status().as_u16(),
            "WeChat answered with an error"
        );
        return Err(unreadable());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(unreadable());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// The JSON of an answer, unless it is a refusal.
fn json_of(answer: &[u8]) -> Result<Value, AuthError> {
    let value: Value = serde_json::from_slice(answer).map_err(|_| unreadable())?;
    let refusal = Refusal::deserialize(&value).map_err(|_| unreadable())?;
    match refusal.errcode {
        0 => Ok(value),
        code => Err(refused(code, &refusal.errmsg)),
    }
}

fn token_refused(answer: &[u8]) -> bool {
    serde_json::from_slice::<Refusal>(answer)
        .is_ok_and(|refusal| matches!(refusal.errcode, 40001 | 40014 | 42001))
}

fn unreadable() -> AuthError {
    AuthError::WechatUnavailable("WeChat's answer could not be read".into())
}

/// WeChat's codes: what the user sent, what the application's operator set wrong, and what passes.
fn refused(code: i64, message: &str) -> AuthError {
    match code {
        -1 | 45009 | 45011 => {
            AuthError::WechatUnavailable(format!("WeChat is busy ({code})").into())
        }
        40029 => AuthError::WechatRefused("Invalid WeChat code (40029)".into()),
        40163 => AuthError::WechatRefused("WeChat code has been used already (40163)".into()),
        40226 => AuthError::WechatRefused("WeChat has blocked this user (40226)".into()),
        40001 | 40013 | 40125 | 40164 | 41002 | 41004 | 50002 => {
            tracing::error!(
                code,
                message,
                "WeChat refuses the application's credentials"
            );
            let words = format!("WeChat refuses the AppID or AppSecret ({code})");
            AuthError::Internal(words.into())
        }
        _ => {
            let message: String = message.chars().take(120).collect();
            AuthError::WechatRefused(format!("WeChat: {message} ({code})").into())
        }
    }
}

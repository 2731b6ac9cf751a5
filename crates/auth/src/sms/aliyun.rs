//! Aliyun's SMS service (`SendSms`, version 2017-05-25), signed with `ACS3-HMAC-SHA256`
//! (help.aliyun.com, "V3版本请求体&签名机制").

use std::time::Duration;

use chrono::{DateTime, Utc};
use hearth_apps::settings::AliyunSms;
use hmac::{Hmac, Mac};
use http::header;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

const ACTION: &str = "SendSms";
const VERSION: &str = "2017-05-25";
const PATIENCE: Duration = Duration::from_secs(10);
const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const SIGNED_HEADERS: &str =
    "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
/// What stands in a canonical query as it is (RFC 3986).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The service at its address.
pub(crate) struct Aliyun {
    base: String,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AliyunError {
    #[error("AccessKey, 签名 and 模板CODE must be set")]
    NotConfigured,
    #[error("the address of the SMS service is wrong")]
    Address,
    #[error("the SMS service cannot be reached")]
    Unreachable,
    #[error("the SMS service answers status {0} without a reason")]
    Unreadable(u16),
    #[error("{code}: {message}")]
    Refused { code: String, message: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    biz_id: String,
}

/// What a request is signed over, beside its fixed parts.
struct Request<'r> {
    host: &'r str,
    action: &'r str,
    version: &'r str,
    query: &'r str,
    date: &'r str,
    nonce: &'r str,
}

impl Aliyun {
    /// The service at `base`.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Sends `code` to `phone`; Aliyun's id of the message.
    pub(crate) async fn send(
        &self,
        client: &Client,
        account: &AliyunSms,
        phone: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<String, AliyunError> {
        let needed = [
            &account.access_key_id,
            account.access_key_secret.expose(),
            &account.sign_name,
            &account.template_code,
        ];
        if needed.iter().any(|text| text.is_empty()) {
            return Err(AliyunError::NotConfigured);
        }
        let query = canonical_query(&[
            ("PhoneNumbers", phone),
            ("RegionId", &account.region_id),
            ("SignName", &account.sign_name),
            ("TemplateCode", &account.template_code),
            ("TemplateParam", &json!({"code": code}).to_string()),
        ]);
        let url =
            Url::parse(&format!("{}/?{query}", self.base)).map_err(|_| AliyunError::Address)?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(AliyunError::Address),
        };
        let date = now.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let nonce = Uuid::new_v4().simple().to_string();
        let request = Request {
            host: &host,
            action: ACTION,
            version: VERSION,
            query: &query,
            date: &date,
            nonce: &nonce,
        };
        let answer = client
            .post(url)
            .timeout(PATIENCE)
            .header(header::AUTHORIZATION, authorization(account, &request))
            .header("x-acs-action", ACTION)
            .header("x-acs-version", VERSION)
            .header("x-acs-date", &date)
            .header("x-acs-signature-nonce", &nonce)
            .header("x-acs-content-sha256", hash(b""))
            .send()
            .await
            .map_err(|_| AliyunError::Unreachable)?;
        let status = answer.status().as_u16();
        let answer: Answer = answer
            .json()
            .await
            .map_err(|_| AliyunError::Unreadable(status))?;
        if answer.code == "OK" {
            Ok(answer.biz_id)
        } else {
            Err(AliyunError::Refused {
                code: answer.code,
                message: answer.message,
            })
        }
    }
}

/// Pairs, which stand in order, as a query.
fn canonical_query(pairs: &[(&str, &str)]) -> String {
    let pair =
        |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, UNRESERVED));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn authorization(account: &AliyunSms, request: &Request<'_>) -> String {
    let body_hash = hash(b"");
    let Request {
        host,
        action,
        version,
        query,
        date,
        nonce,
    } = request;
    let canonical = format!(
        "POST\n/\n{query}\nhost:{host}\nx-acs-action:{action}\nx-acs-content-sha256:{body_hash}\n\
         x-acs-date:{date}\nx-acs-signature-nonce:{nonce}\nx-acs-version:{version}\n\n\
         {SIGNED_HEADERS}\n{body_hash}"
    );
    let to_sign = format!("{ALGORITHM}\n{}", hash(canonical.as_bytes()));
    let secret = account.access_key_secret.expose().as_bytes();
    let signature = match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(mut mac) => {
            mac.update(to_sign.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        }
        // An HMAC takes keys of every length.
        Err(_) => String::new(),
    };
    let id = &account.access_key_id;
    format!("{ALGORITHM} Credential={id},SignedHeaders={SIGNED_HEADERS},Signature={signature}")
}

#[cfg(test)]
mod tests {
    use hearth_core::Secret;

    use super::*;

    /// The example of Aliyun's documentation of the signature.
    #[test]
    fn requests_are_signed_as_aliyun_documents_it() {
        let account = AliyunSms {
            access_key_id: "YourAccessKeyId".to_owned(),
            access_key_secret: Secret::new("YourAccessKeySecret"),
            ..AliyunSms::default()
        };
        let query = canonical_query(&[
            (
                "ImageId",
                "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            ),
            ("RegionId", "cn-shanghai"),
        ]);
        let request = Request {
            host: "ecs.cn-shanghai.aliyuncs.com",
            action: "RunInstances",
            version: "2014-05-26",
            query: &query,
            date: "2023-10-26T10:22:32Z",
            nonce: "3156853299f313e23d1673dc12e1703d",
        };
        assert_eq!(
            authorization(&account, &request),
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;\
             x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
             Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }
}

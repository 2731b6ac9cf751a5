//! A hook that is an HTTP endpoint, signed as standard webhooks are.

use std::time::Duration;

use bytes::BytesMut;
use hearth_apps::settings::HookSettings;
use http::{StatusCode, header};
use reqwest::{Client, Response};
use serde_json::Value;
use standardwebhooks::Webhook;
use uuid::Uuid;

use crate::error::AuthError;

/// How long all attempts together may take.
const PATIENCE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
/// The pause before the next attempt where nobody answered.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest answer in bytes.
const MAX_ANSWER: usize = 200 * 1024;

/// A status that a response may have.
pub(super) fn status(code: u16) -> Option<StatusCode> {
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
}

/// Posts `message`; the answer, `null` for none.
pub(super) async fn ask(
    client: &Client,
    settings: &HookSettings,
    message: &Value,
) -> Result<Value, AuthError> {
    let body = message.to_string();
    tokio::time::timeout(PATIENCE, attempts(client, settings, &body))
        .await
        .map_err(|_| AuthError::HookTimedOut {
            seconds: PATIENCE.as_secs_f64(),
        })?
}

async fn attempts(
    client: &Client,
    settings: &HookSettings,
    body: &str,
) -> Result<Value, AuthError> {
    for attempt in 1..=ATTEMPTS {
        match post(client, settings, body).await? {
            Ok(response) if asks_to_retry(&response) => {}
            Ok(response) => return read(response).await,
            Err(error) => {
                tracing::warn!(%error, uri = settings.uri, attempt, "a hook was not reached");
                if attempt == ATTEMPTS {
                    return Err(AuthError::HookUnreachable);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Err(failed("Service currently unavailable due to hook"))
}

fn failed(words: &'static str) -> AuthError {
    AuthError::HookFailed(words.into())
}

async fn post(
    client: &Client,
    settings: &HookSettings,
    body: &str,
) -> Result<Result<Response, reqwest::Error>, AuthError> {
    let id = Uuid::new_v4().to_string();
    let now = chrono::Utc::now().timestamp();
    let mut signatures = Vec::new();
    for secret in settings.secret.expose().split('|').map(str::trim) {
        let wrong = || failed("Error generating signatures: invalid signature format");
        let secret = secret.strip_prefix("v1,").ok_or_else(wrong)?;
        let signer = Webhook::new(secret).map_err(|_| wrong())?;
        signatures.push(
            signer
                .sign(&id, now, body.as_bytes())
                .map_err(|_| wrong())?,
        );
    }
    let request = client
        .post(settings.uri.trim())
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header("webhook-signature", signatures.join(", "))
        .body(body.to_owned());
    Ok(request.send().await)
}

fn asks_to_retry(response: &Response) -> bool {
    let busy = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    busy.contains(&response.status()) && response.headers().contains_key(header::RETRY_AFTER)
}

async fn read(response: Response) -> Result<Value, AuthError> {
    match response.status() {
        StatusCode::NO_CONTENT => Ok(Value::Null),
        StatusCode::OK | StatusCode::ACCEPTED => read_json(response).await,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Err(failed("Service currently unavailable due to hook"))
        }
        StatusCode::BAD_REQUEST => Err(failed("Invalid payload sent to hook")),
        StatusCode::UNAUTHORIZED => Err(failed("Hook requires authorization token")),
        other => {
            let words = format!(
                "Unexpected status code returned from hook: {}",
                other.as_u16()
            );
            Err(AuthError::HookFailed(words.into()))
        }
    }
}

async fn read_json(mut response: Response) -> Result<Value, AuthError> {
    let wrong_type = |words: String| AuthError::HookContentType(words);
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if content_type.is_empty() {
        return Err(wrong_type(
            "Invalid Content-Type: Missing Content-Type header".to_owned(),
        ));
    }
    let media = content_type.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(wrong_type(format!(
            "Invalid JSON response. Received content-type: {content_type}"
        )));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| AuthError::HookUnreachable)?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(AuthError::HookAnswerTooLong { limit: MAX_ANSWER });
        }
    }
    serde_json::from_slice(&body).map_err(|_| failed("Error unmarshaling JSON output."))
}

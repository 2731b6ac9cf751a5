//! One delivery over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;

use crate::queue::Delivery;

/// Bytes of an answer that are waited for; it is not kept.
const MOST_READ: usize = 64 * 1024;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status, where there was an answer.
    pub(crate) status: Option<u16>,
    /// Why there was none.
    pub(crate) error: Option<String>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Answer {
    /// Only 2xx is: a target that redirects has moved, which its owner should hear of.
    pub(crate) fn is_success(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

/// Sends deliveries.
pub(crate) struct Sender {
    client: Client,
}

impl Sender {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("Hearth-Webhooks/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .pool_idle_timeout(Duration::from_secs(30))
            .no_proxy()
            .dns_resolver(Arc::new(Lookup))
            .build()?;
        Ok(Self { client })
    }

    /// Sends `delivery` and waits for the answer.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Answer {
        let started = Instant::now();
        let sent = match self.request(delivery) {
            Ok(request) => {
                let exchange = tokio::time::timeout(delivery.timeout, exchange(request));
                exchange.await.unwrap_or_else(|_| {
                    Err(format!(
                        "no answer within {} ms",
                        delivery.timeout.as_millis()
                    ))
                })
            }
            Err(reason) => Err(reason),
        };
        let elapsed = started.elapsed();
        match sent {
            Ok(status) => Answer {
                status: Some(status),
                error: None,
                elapsed,
            },
            Err(error) => Answer {
                status: None,
                error: Some(error),
                elapsed,
            },
        }
    }

    fn request(&self, delivery: &Delivery) -> Result<RequestBuilder, String> {
        let mut url: Url = delivery
            .url
            .parse()
            .map_err(|e| format!("the URL cannot be read: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the URL is neither http nor https".to_owned());
        }
        // Names go through the resolver below; an address in the URL itself does not.
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal: Result<IpAddr, _> = bare.parse();
        if literal.is_ok_and(is_forbidden) {
            return Err(FORBIDDEN.to_owned());
        }
        if let Some(params) = delivery.params.as_object().filter(|map| !map.is_empty()) {
            let mut query = url.query_pairs_mut();
            for (name, value) in params {
                query.append_pair(name, &text(value));
            }
        }
        let method = match delivery.method.as_str() {
            "GET" => Method::GET,
            _ => Method::POST,
        };
        let mut request = self.client.request(method, url).headers(headers(delivery)?);
        if let Some(body) = &delivery.body {
            request = request.body(body.to_string());
        }
        Ok(request)
    }
}

fn headers(delivery: &Delivery) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in delivery.headers.as_object().into_iter().flatten() {
        let wrong = || format!("the header {name} cannot be sent");
        let parsed: HeaderName = name.parse().map_err(|_| wrong())?;
        let value = HeaderValue::from_str(&text(value)).map_err(|_| wrong())?;
        headers.insert(parsed, value);
    }
    // A target can tell a repetition by it.
    headers.insert("x-hearth-delivery", HeaderValue::from(delivery.id));
    headers.insert("x-hearth-attempt", HeaderValue::from(delivery.attempt));
    Ok(headers)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn exchange(request: RequestBuilder) -> Result<u16, String> {
    let mut response = request.send().await.map_err(|e| reason(&e))?;
    let status = response.status().as_u16();
    // Read to its end, a connection can be used again; a long answer is cut off.
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MOST_READ {
            break;
        }
    }
    Ok(status)
}

/// The innermost cause says what happened; the URL around it is known.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let words: String = cause.to_string().chars().take(300).collect();
    match (error.is_connect(), words.as_str()) {
        (true, FORBIDDEN) => words,
        (true, _) => format!("could not connect: {words}"),
        (false, _) => words,
    }
}

const FORBIDDEN: &str = "webhooks to this address are not allowed";

/// Link-local addresses are where clouds give out their machines' credentials; the others name no
/// single server.
fn is_forbidden(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast()
        }
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast(),
    }
}

/// Resolves names, leaving out what is forbidden: a name must not lead there either.
struct Lookup;

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            let allowed: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| !is_forbidden(address.ip()))
                .collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(FORBIDDEN.into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_clouds_credentials_are_forbidden_in_every_spelling() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
        ] {
            assert!(is_forbidden(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "192.168.1.2", "8.8.8.8", "::1"] {
            assert!(!is_forbidden(address.parse().unwrap()), "{address}");
        }
    }
}

//! Downloads: conditions, ranges and headers out of an object's row, then its bytes.

use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::backend::Key;
use crate::call::Call;
use crate::error::StorageError;

/// What `encodeURIComponent` leaves alone, left alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What a row's metadata says about the bytes.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts {
    pub(crate) size: Option<u64>,
    pub(crate) mime: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) e_tag: Option<String>,
    pub(crate) last_modified: Option<DateTime<Utc>>,
    x_robots_tag: Option<String>,
}

impl Facts {
    /// Reads them; users may have written to the column, so each may be absent.
    pub(crate) fn read(metadata: Option<&Value>) -> Self {
        let Some(metadata) = metadata else {
            return Self::default();
        };
        let text = |name: &str| metadata.get(name)?.as_str().map(str::to_owned);
        let number = |name: &str| {
            let value = metadata.get(name)?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        };
        Self {
            size: number("size").or_else(|| number("contentLength")),
            mime: text("mimetype"),
            cache_control: text("cacheControl"),
            e_tag: text("eTag"),
            last_modified: text("lastModified")
                .and_then(|t| DateTime::parse_from_rfc3339(&t).ok())
                .map(|t| t.to_utc()),
            x_robots_tag: text("xRobotsTag"),
        }
    }
}

/// How an answer differs between endpoints.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// `?download=`: the file name, or empty.
    pub(crate) download: Option<String>,
    /// When a signed URL expires, in Unix seconds; stands in for `Cache-Control`.
    pub(crate) expires: Option<i64>,
}

/// Answers with an object's bytes.
pub(crate) async fn serve(
    call: &Call,
    version: Option<&str>,
    metadata: Option<&Value>,
    options: Options,
) -> Result<Response, StorageError> {
    let key = version.and_then(|version| Key::of(&call.context.app.reference, version));
    let key = key.ok_or(StorageError::BytesMissing)?;
    let facts = Facts::read(metadata);
    let size = match facts.size {
        Some(size) => size,
        None => call.storage.backend.size(&key).await?,
    };
    let mut response = Response::new(Body::empty());
    set_headers(response.headers_mut(), &call.headers, &facts, &options);
    if is_fresh(&call.headers, &facts) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let range = requested_range(&call.headers, &facts, size)?;
    let part = range.clone().unwrap_or(0..size);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    if range.is_some() {
        let text = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        put(headers, header::CONTENT_RANGE, &text);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    *response.body_mut() = call.storage.backend.read(&key, part).await?.into_body();
    Ok(response)
}

/// Answers with an object's headers alone.
pub(crate) fn head(call: &Call, metadata: Option<&Value>) -> Response {
    let facts = Facts::read(metadata);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    set_headers(headers, &call.headers, &facts, &Options::default());
    if let (Some(cache), Some(known)) = (&facts.cache_control, call.header("if-none-match")) {
        let stale = facts.e_tag.as_deref() != Some(known);
        let suffix = if stale { ", must-revalidate" } else { "" };
        put(headers, header::CACHE_CONTROL, &format!("{cache}{suffix}"));
    }
    if let Some(size) = facts.size {
        headers.insert(header::CONTENT_LENGTH, size.into());
    }
    response
}

/// A header with a value that comes from a row or a query: what cannot be a header is left out.
fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

fn set_headers(headers: &mut HeaderMap, asked: &HeaderMap, facts: &Facts, options: &Options) {
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let mime = facts.mime.as_deref().unwrap_or("application/octet-stream");
    let lower = mime.to_ascii_lowercase();
    // A page served from here would run its scripts with the origin of the console and of every
    // application; what else may carry scripts gets an origin of its own.
    let mime = if lower.contains("text/html") {
        "text/plain"
    } else {
        mime
    };
    let scripted = ["xml", "xsl", "multipart/"];
    if scripted.iter().any(|part| lower.contains(part)) {
        put(headers, header::CONTENT_SECURITY_POLICY, "sandbox");
    }
    put(headers, header::CONTENT_TYPE, mime);
    if let Some(e_tag) = &facts.e_tag {
        put(headers, header::ETAG, e_tag);
    }
    let robots = facts
        .x_robots_tag
        .as_deref()
        .filter(|tag| check_robots_tag(tag).is_ok());
    put(
        headers,
        header::HeaderName::from_static("x-robots-tag"),
        robots.unwrap_or("none"),
    );
    if let Some(time) = facts.last_modified {
        put(
            headers,
            header::LAST_MODIFIED,
            &httpdate::fmt_http_date(time.into()),
        );
    }
    match options
        .expires
        .and_then(|at| DateTime::from_timestamp(at, 0))
    {
        Some(at) => put(
            headers,
            header::EXPIRES,
            &httpdate::fmt_http_date(at.into()),
        ),
        None => {
            let cache = facts.cache_control.as_deref().unwrap_or("no-cache");
            let known = asked
                .get(header::IF_NONE_MATCH)
                .and_then(|v| v.to_str().ok());
            if known.is_some() && known != facts.e_tag.as_deref() {
                let value = format!("{cache}, stale-while-revalidate=30");
                put(headers, header::CACHE_CONTROL, &value);
            } else {
                put(headers, header::CACHE_CONTROL, cache);
            }
        }
    }
    match options.download.as_deref() {
        None => {}
        Some("") => put(headers, header::CONTENT_DISPOSITION, "attachment;"),
        Some(name) => {
            let name = utf8_percent_encode(name, COMPONENT);
            let value = format!("attachment; filename={name}; filename*=UTF-8''{name}");
            put(headers, header::CONTENT_DISPOSITION, &value);
        }
    }
}

/// True if the client's copy is as good as ours.
fn is_fresh(asked: &HeaderMap, facts: &Facts) -> bool {
    if let Some(known) = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
    {
        let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        return facts.e_tag.as_deref().is_some_and(|own| {
            known.trim() == "*" || known.split(',').any(|tag| plain(tag) == plain(own))
        });
    }
    let since = asked
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|v| v.to_str().ok());
    let since = since
        .and_then(|v| httpdate::parse_http_date(v).ok())
        .map(DateTime::<Utc>::from);
    match (since, facts.last_modified) {
        // HTTP's dates have no fractions.
        (Some(since), Some(modified)) => modified.timestamp() <= since.timestamp(),
        _ => false,
    }
}

/// The one range that is asked for; none for the whole object.
fn requested_range(
    asked: &HeaderMap,
    facts: &Facts,
    size: u64,
) -> Result<Option<Range<u64>>, StorageError> {
    let Some(range) = asked.get(header::RANGE) else {
        return Ok(None);
    };
    if let Some(condition) = asked.get(header::IF_RANGE).and_then(|v| v.to_str().ok()) {
        let date = facts
            .last_modified
            .map(|time| httpdate::fmt_http_date(time.into()));
        if facts.e_tag.as_deref() != Some(condition) && date.as_deref() != Some(condition) {
            return Ok(None);
        }
    }
    let text = range.to_str().unwrap_or_default();
    parse_range(text, size)
        .map(Some)
        .ok_or(StorageError::InvalidRange)
}

fn parse_range(text: &str, size: u64) -> Option<Range<u64>> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |t: &str| {
        if t.is_empty() || !t.bytes().all(|b| b.is_ascii_digit()) {
            None
        } else {
            t.parse().ok()
        }
    };
    if size == 0 {
        return None;
    }
    if from.is_empty() {
        let last: u64 = number(to).filter(|last| *last > 0)?;
        return Some(size.saturating_sub(last)..size);
    }
    let from: u64 = number(from)?;
    let to = if to.is_empty() { size - 1 } else { number(to)? };
    (from < size && from <= to).then(|| from..to.saturating_add(1).min(size))
}

/// Checks an `x-robots-tag`: rules that crawlers know, each perhaps for one crawler.
///
/// # Errors
/// [`StorageError::InvalidXRobotsTag`].
pub(crate) fn check_robots_tag(tag: &str) -> Result<(), StorageError> {
    const SIMPLE: [&str; 8] = [
        "all",
        "noindex",
        "nofollow",
        "none",
        "nosnippet",
        "indexifembedded",
        "notranslate",
        "noimageindex",
    ];
    let refused = |words: String| Err(StorageError::InvalidXRobotsTag(words));
    let mut rest = tag.trim();
    if rest.is_empty() {
        return refused("X-Robots-Tag header value must be a non-empty string".to_owned());
    }
    while !rest.is_empty() {
        let (rule, behind) = match rest.strip_prefix("unavailable_after:") {
            // Its date may hold a comma; nothing may follow it here.
            Some(_) => (rest, ""),
            None => rest
                .split_once(',')
                .map_or((rest, ""), |(rule, behind)| (rule, behind)),
        };
        let rule = rule.trim();
        rest = behind.trim_start();
        if rule.is_empty() {
            return refused("X-Robots-Tag header contains empty rule".to_owned());
        }
        let Some((name, value)) = rule.split_once(':') else {
            if SIMPLE.contains(&rule) {
                continue;
            }
            return refused(format!("Invalid X-Robots-Tag rule: \"{rule}\""));
        };
        let value = value.trim();
        let known = match name {
            "max-snippet" | "max-video-preview" => value.parse::<i64>().is_ok_and(|n| n >= -1),
            "max-image-preview" => ["none", "standard", "large"].contains(&value),
            "unavailable_after" => !value.is_empty(),
            _ if value.is_empty() => {
                let words = format!("X-Robots-Tag user agent \"{name}\" has no rules specified");
                return refused(words);
            }
            _ => {
                check_robots_tag(value)?;
                true
            }
        };
        if !known {
            return refused(format!(
                "X-Robots-Tag rule \"{name}\" has no valid value: \"{value}\""
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(parse_range("bytes=0-3", 10), Some(0..4));
        assert_eq!(parse_range("bytes=4-", 10), Some(4..10));
        assert_eq!(parse_range("bytes=-3", 10), Some(7..10));
        assert_eq!(parse_range("bytes=-30", 10), Some(0..10));
        assert_eq!(parse_range("bytes=8-99", 10), Some(8..10));
        assert_eq!(parse_range("bytes=9-18446744073709551615", 10), Some(9..10));
        for bad in [
            "bytes=10-",
            "bytes=3-2",
            "bytes=-0",
            "bytes=-",
            "0-3",
            "bytes=0-1,3-4",
            "",
        ] {
            assert_eq!(parse_range(bad, 10), None, "{bad}");
        }
        assert_eq!(parse_range("bytes=0-0", 0), None);
    }

    #[test]
    fn robots() {
        for good in [
            "none",
            "noindex, nofollow",
            "googlebot: noindex",
            "max-snippet: -1",
        ] {
            assert!(check_robots_tag(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "nonsense",
            "noindex,,nofollow",
            "max-snippet: x",
            "bot:",
        ] {
            assert!(check_robots_tag(bad).is_err(), "{bad}");
        }
    }
}

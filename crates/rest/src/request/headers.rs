//! What of the headers reaches SQL: `request.headers` and `request.cookies`, and which schema the
//! profile headers ask for.

use http::{HeaderMap, Method};

use crate::error::RestError;

fn push_pair(out: &mut String, name: &str, value: &str) {
    out.push(if out.is_empty() { '{' } else { ',' });
    push_json(out, name);
    out.push(':');
    push_json(out, value);
}

fn push_json(out: &mut String, text: &str) {
    // Almost no header needs an escape.
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

fn closed(mut out: String) -> String {
    if out.is_empty() {
        return "{}".to_owned();
    }
    out.push('}');
    out
}

/// All headers but cookies, names in lower case, as a JSON object.
pub fn headers_json(headers: &HeaderMap) -> String {
    let mut out = String::with_capacity(512);
    for name in headers.keys().filter(|name| *name != http::header::COOKIE) {
        if let Some(value) = headers.get_all(name).iter().next_back() {
            push_pair(
                &mut out,
                name.as_str(),
                &String::from_utf8_lossy(value.as_bytes()),
            );
        }
    }
    closed(out)
}

/// Cookies as a JSON object; of a name that stands twice the last value counts.
pub fn cookies_json(headers: &HeaderMap) -> String {
    let mut cookies = serde_json::Map::new();
    for header in headers.get_all(http::header::COOKIE) {
        let header = String::from_utf8_lossy(header.as_bytes());
        for cookie in header.split_terminator(';') {
            let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
            let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            cookies.insert(
                name.trim_start_matches(' ').to_owned(),
                quoted.unwrap_or(value).into(),
            );
        }
    }
    serde_json::Value::Object(cookies).to_string()
}

/// The schema that is asked for, and whether the answer has to name it.
pub(super) fn schema(
    headers: &HeaderMap,
    method: &Method,
    exposed: &[String],
) -> Result<(String, bool), RestError> {
    let writes = matches!(
        *method,
        Method::POST | Method::PATCH | Method::PUT | Method::DELETE
    );
    let name = if writes {
        "content-profile"
    } else {
        "accept-profile"
    };
    let Some(profile) = headers.get(name) else {
        return Ok((
            exposed.first().cloned().unwrap_or_default(),
            exposed.len() != 1,
        ));
    };
    let profile = String::from_utf8_lossy(profile.as_bytes()).into_owned();
    if !exposed.contains(&profile) {
        return Err(RestError::UnacceptableSchema {
            schema: profile,
            exposed: exposed.to_vec(),
        });
    }
    Ok((profile, true))
}

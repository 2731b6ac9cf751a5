//! Two kinds of lines, in PostgREST's form: what happens to the server on standard error, requests
//! on standard output.

use std::io::Write;
use std::net::IpAddr;

use axum::response::Response;
use chrono::Local;
use http::header::{CONTENT_LENGTH, REFERER, USER_AGENT};
use http::request::Parts;
use http_body::Body as _;

/// `06/May/2024:08:16:11 -0500`
fn now() -> impl std::fmt::Display {
    Local::now().format("%d/%b/%Y:%T %z")
}

/// Says something of the server.
pub(crate) fn say(text: &str) {
    // A standard error that is gone ends no server.
    let _ = writeln!(std::io::stderr().lock(), "{}: {}", now(), one_line(text));
}

fn one_line(text: &str) -> String {
    text.lines()
        .map(|line| line.replace('\t', ""))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One request in Apache's combined format: `role` is that of its token, if that was accepted.
pub(crate) fn request(
    parts: &Parts,
    peer: Option<IpAddr>,
    role: Option<&str>,
    response: &Response,
) {
    let header = |name| {
        let value = parts.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .or_else(|| response.body().size_hint().exact().map(|n| n.to_string()));
    let peer = peer.map_or_else(String::new, |peer| peer.to_string());
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let _ = writeln!(
        std::io::stdout().lock(),
        "{peer} - {} [{}] \"{} {target} {:?}\" {} {} \"{}\" \"{}\"",
        role.unwrap_or("-"),
        now(),
        parts.method,
        parts.version,
        response.status().as_u16(),
        length.as_deref().unwrap_or("-"),
        header(REFERER).unwrap_or_default(),
        header(USER_AGENT).unwrap_or_default(),
    );
}

//! Where links in mails and finished flows may lead: the site itself, loopback, and what the
//! application's settings allow.

use std::net::IpAddr;

use hearth_apps::settings::AuthSettings;
use http::header;
use url::Url;

use crate::call::Call;

/// The address that the request asks to be led to, if that is allowed; else the site.
pub(crate) fn target(call: &Call) -> String {
    let settings = call.settings();
    let site = site_url(call);
    let asked = call
        .header("redirect_to")
        .map(str::to_owned)
        .or_else(|| call.query("redirect_to"));
    let referer = call.header(header::REFERER.as_str()).map(str::to_owned);
    [asked, referer]
        .into_iter()
        .flatten()
        .find(|url| is_allowed(&settings.auth, &site, url))
        .unwrap_or(site)
}

/// The application's site: its setting, else its own address.
pub(crate) fn site_url(call: &Call) -> String {
    let site = call.settings().auth.site_url.clone();
    if site.is_empty() {
        call.context.base_url.to_string()
    } else {
        site
    }
}

/// True if flows may end at `url`.
pub(crate) fn is_allowed(settings: &AuthSettings, site: &str, url: &str) -> bool {
    let (Ok(base), Ok(asked)) = (Url::parse(site), Url::parse(url)) else {
        return false;
    };
    let host = asked.host_str().unwrap_or_default();
    let same_site = base.host_str() == asked.host_str() && base.scheme() == asked.scheme();
    // Native apps listen on whatever port is free (RFC 8252 section 7.3).
    if same_site
        && (base.port_or_known_default() == asked.port_or_known_default() || is_local(host))
    {
        return true;
    }
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address.is_loopback();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if matches!(asked.scheme(), "http" | "https") && !host.chars().all(plain) {
        return false;
    }
    let without_fragment = url.split('#').next().unwrap_or_default();
    settings
        .uri_allow_list
        .iter()
        .any(|pattern| matches_glob(pattern, without_fragment))
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|a| a.is_loopback())
}

/// `*` stands for anything but `.` and `/`, `**` for anything, `?` for one character.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let separator = |c: char| matches!(c, '.' | '/');
    if let Some(rest) = pattern.strip_prefix("**") {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return ends.into_iter().any(|at| matches_glob(rest, &text[at..]));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let reach = text.find(separator).unwrap_or(text.len());
        let ends = text[..reach]
            .char_indices()
            .map(|(at, _)| at)
            .chain([reach]);
        return ends.into_iter().any(|at| matches_glob(rest, &text[at..]));
    }
    let mut wanted = pattern.chars();
    let mut given = text.chars();
    match (wanted.next(), given.next()) {
        (None, None) => true,
        (Some('?'), Some(c)) if !separator(c) => matches_glob(wanted.as_str(), given.as_str()),
        (Some(w), Some(c)) if w == c => matches_glob(wanted.as_str(), given.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_site_loopback_and_listed_addresses_are_allowed() {
        let settings = AuthSettings {
            uri_allow_list: vec![
                "https://*.example.com/**".to_owned(),
                "myapp://callback".to_owned(),
            ],
            ..AuthSettings::default()
        };
        let allowed = |url| is_allowed(&settings, "https://site.org", url);
        for good in [
            "https://site.org/welcome?x=1",
            "http://127.0.0.1:3000/",
            "https://a.example.com/b/c#d",
            "myapp://callback",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "https://site.org:8443/",
            "http://site.org/",
            "https://site.org.evil.com/",
            "https://a.b.example.com/",
            "https://evil.com/https://a.example.com/",
            "http://10.0.0.1/",
            "myapp://other",
            "not a url",
            "",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}

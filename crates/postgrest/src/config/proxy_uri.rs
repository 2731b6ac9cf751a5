//! `openapi-server-proxy-uri`: which addresses are accepted.

use url::Url;

/// An absolute http or https address with a host, without user and query.
pub(super) fn is_well_formed(text: &str) -> bool {
    // A fragment makes no absolute address (RFC 3986).
    if text.contains('#') {
        return false;
    }
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let has_user = after_scheme
        .split(['/', '?'])
        .next()
        .is_some_and(|authority| authority.contains('@'));
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && !after_scheme.starts_with(['/', ':'])
        && !has_user
        && url.query().is_none()
        && url.port() != Some(0)
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn addresses_of_a_proxy() {
        for good in [
            "http://example.org/openapi.json",
            "https://example.org:8080/openapi.json",
            "https://example.org",
            "HTTPS://example.org/",
        ] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "example.org",
            "ftp://example.org",
            "https://user@example.org",
            "https://example.org/?a=b",
            "https://example.org/#top",
            "https://example.org:0/",
            "https://example.org:66000/",
            "http:///path",
            "http://:80/",
            "/path",
            "",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}

//! What applications answer stands on the origin of the console. A page that an application serves
//! (a function may answer HTML, an object may be a drawing with scripts) gets an origin of its own,
//! so that it cannot speak with the rights of the administrator who looks at it.

use http::{HeaderMap, HeaderValue, header};

/// Scripts run, but nothing of the console is within their reach.
const OWN_ORIGIN: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-forms allow-popups allow-downloads");

/// Types that a browser runs scripts in.
const PAGES: [&str; 4] = ["html", "xml", "xsl", "multipart/"];

/// Fences the answer of an application's service.
pub fn fence(headers: &mut HeaderMap) {
    let is_page = |value: &HeaderValue| {
        let mime = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        PAGES.iter().any(|page| mime.contains(page))
    };
    if headers.get_all(header::CONTENT_TYPE).iter().any(is_page) {
        // Beside a policy that the application may have set: a browser obeys both.
        headers.append(header::CONTENT_SECURITY_POLICY, OWN_ORIGIN);
    }
    if headers.contains_key(header::CONTENT_TYPE) {
        // What is no type, or none that is known, browsers would guess from the bytes.
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_fenced_and_data_is_not() {
        for (mime, fenced) in [
            ("text/html; charset=utf-8", true),
            ("Application/XHTML+XML", true),
            ("image/svg+xml", true),
            ("text/xsl", true),
            ("multipart/x-mixed-replace", true),
            ("application/json", false),
            ("image/png", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src *"),
            );
            fence(&mut headers);
            let policies = headers.get_all(header::CONTENT_SECURITY_POLICY);
            let found = policies.iter().any(|policy| policy == OWN_ORIGIN);
            assert_eq!(found, fenced, "{mime}");
        }
    }
}

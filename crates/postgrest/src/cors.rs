//! Requests from browsers of other origins, as the library wai-cors answers them for PostgREST.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method};

const METHODS: [&str; 7] = ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD"];
const SIMPLE_HEADERS: [&str; 3] = ["Accept", "Accept-Language", "Content-Language"];
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, \
     Transfer-Encoding, Range-Unit",
);

/// What an origin may know.
#[derive(Debug)]
pub(crate) struct Allowed {
    headers: HeaderMap,
}

impl Allowed {
    /// For a request with these headers; none where it comes from no other origin, or from one
    /// that is not among `origins` (empty: all are).
    pub(crate) fn of(headers: &HeaderMap, origins: &[String]) -> Option<Self> {
        let origin = headers.get(ORIGIN)?;
        let mut out = HeaderMap::new();
        if origins.is_empty() {
            out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            origins
                .iter()
                .find(|known| known.as_bytes() == origin.as_bytes())?;
            out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            out.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        Some(Self { headers: out })
    }

    /// The answer to a question before the request; none where `OPTIONS` asks something else.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let known = METHODS
            .iter()
            .any(|name| name.as_bytes() == wanted.as_bytes());
        if method != Method::OPTIONS || !known {
            return None;
        }
        let mut out = self.headers.clone();
        out.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_str(&METHODS.join(", ")).ok()?,
        );
        if let Some(wanted) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            let names = header_names(wanted)?;
            out.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(&names)?);
        }
        out.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = out;
        Some(response)
    }

    /// Tells the browser that it may hand the answer on.
    pub(crate) fn tell(self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.extend(self.headers);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// The names asked for; none where they are no names.
fn header_names(value: &HeaderValue) -> Option<Vec<&str>> {
    let text = value.to_str().ok()?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| (33..=126).contains(&b) && !b"()<>@,;:\\\"/[]?={}".contains(&b))
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    if names == [""] {
        return Some(Vec::new());
    }
    names.iter().all(|name| is_name(name)).then_some(names)
}

/// `Authorization`, those asked for, and those that need no asking.
fn allowed_headers(names: &[&str]) -> Option<HeaderValue> {
    let mut all = vec!["Authorization"];
    all.extend(names);
    for simple in SIMPLE_HEADERS {
        if !all.iter().any(|name| name.eq_ignore_ascii_case(simple)) {
            all.push(simple);
        }
    }
    HeaderValue::from_str(&all.join(", ")).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn anybody_may_ask_unless_origins_are_named() {
        let from = headers(&[
            ("origin", "https://a.example"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "X-One, accept"),
        ]);
        let allowed = Allowed::of(&from, &[]).unwrap();
        let answer = allowed.preflight(&Method::OPTIONS, &from).unwrap();
        let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(said("access-control-allow-origin"), "*");
        assert_eq!(
            said("access-control-allow-methods"),
            "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
        );
        assert_eq!(
            said("access-control-allow-headers"),
            "Authorization, X-One, accept, Accept-Language, Content-Language"
        );
        assert_eq!(said("access-control-max-age"), "86400");
        let known = ["https://a.example".to_owned()];
        let mut answer = Response::new(Body::empty());
        Allowed::of(&from, &known).unwrap().tell(&mut answer);
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
        assert_eq!(
            answer.headers()["access-control-allow-origin"],
            "https://a.example"
        );
        assert!(Allowed::of(&from, &["https://b.example".to_owned()]).is_none());
        assert!(Allowed::of(&HeaderMap::new(), &[]).is_none());
    }

    #[test]
    fn other_options_requests_are_the_apis_own() {
        for from in [
            headers(&[("origin", "https://a.example")]),
            headers(&[
                ("origin", "https://a.example"),
                ("access-control-request-method", "BREW"),
            ]),
        ] {
            let allowed = Allowed::of(&from, &[]).unwrap();
            assert!(allowed.preflight(&Method::OPTIONS, &from).is_none());
        }
    }
}

//! Which application and which service a request is for: by path `/apps/<ref>/…`, by host
//! `<ref>.<base_domain>`, else the default application.

use std::sync::Arc;

use hearth_apps::{App, Registry};
use hearth_core::AppRef;
use http::Uri;
use http::uri::{Authority, PathAndQuery};

use crate::error::GatewayError;

/// The services of an application, by path prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceName {
    /// Instant API.
    Rest,
    /// Users.
    Auth,
    /// Objects.
    Storage,
    /// Sockets.
    Realtime,
    /// The database's structure, for the service key.
    Pg,
}

impl ServiceName {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Rest, "/rest/v1"),
        (Self::Auth, "/auth/v1"),
        (Self::Storage, "/storage/v1"),
        (Self::Realtime, "/realtime/v1"),
        (Self::Pg, "/pg"),
    ];

    /// Its name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Auth => "auth",
            Self::Storage => "storage",
            Self::Realtime => "realtime",
            Self::Pg => "pg",
        }
    }
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'p> {
    /// The application that the path names.
    pub app: Option<&'p str>,
    /// The service that the path names.
    pub service: Option<ServiceName>,
    /// The path below the service, with its leading slash.
    pub rest: &'p str,
}

/// Takes a path apart. No decoding: references and prefixes are plain ASCII.
pub fn target(path: &str) -> Target<'_> {
    let (app, below) = match path.strip_prefix("/apps/") {
        Some(tail) => match tail.find('/') {
            Some(slash) => (Some(&tail[..slash]), &tail[slash..]),
            None => (Some(tail), ""),
        },
        None => (None, path),
    };
    for (service, prefix) in ServiceName::ALL {
        if let Some(rest) = below.strip_prefix(prefix)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            let rest = if rest.is_empty() { "/" } else { rest };
            return Target {
                app,
                service: Some(service),
                rest,
            };
        }
    }
    Target {
        app,
        service: None,
        rest: below,
    }
}

/// The application that a request is for.
///
/// # Errors
/// [`GatewayError::UnknownApp`] where the path or host names one that does not exist.
pub async fn find(
    registry: &Registry,
    in_path: Option<&str>,
    host: Option<&str>,
    base_domain: Option<&str>,
) -> Result<Arc<App>, GatewayError> {
    let in_host = || {
        let host = host?.parse::<Authority>().ok()?;
        let name = host.host().to_ascii_lowercase();
        let label = name.strip_suffix(base_domain?)?.strip_suffix('.')?;
        (!label.contains('.')).then(|| label.to_owned())
    };
    let named = match in_path {
        Some(name) => Some(name.to_owned()),
        None => in_host(),
    };
    let Some(name) = named else {
        return registry
            .default_app()
            .ok_or_else(|| GatewayError::UnknownApp(String::new()));
    };
    let reference: AppRef = name
        .parse()
        .map_err(|_| GatewayError::UnknownApp(shorten(&name)))?;
    if let Some(app) = registry.get(&reference) {
        return Ok(app);
    }
    // Boxed: rare, and every other request would carry its state.
    Box::pin(registry.look_again(&reference))
        .await
        .ok_or_else(|| GatewayError::UnknownApp(shorten(&name)))
}

/// An unknown name comes from outside: the answer repeats its beginning only.
fn shorten(name: &str) -> String {
    name.chars().take(64).collect()
}

/// `uri` with `path` in place of its own and without the query parameter `apikey`, which is the
/// gateway's alone.
pub fn rewrite(uri: &Uri, path: &str) -> Uri {
    let query = uri.query().map(|query| {
        if query.contains("apikey=") {
            let kept: Vec<&str> = query
                .split('&')
                .filter(|pair| !pair.starts_with("apikey="))
                .collect();
            kept.join("&")
        } else {
            query.to_owned()
        }
    });
    let text = match query.as_deref() {
        None | Some("") => path.to_owned(),
        Some(query) => format!("{path}?{query}"),
    };
    match PathAndQuery::try_from(text) {
        Ok(path_and_query) => Uri::from(path_and_query),
        Err(_) => uri.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let t = target("/apps/chat/rest/v1/messages");
        assert_eq!(
            (t.app, t.service, t.rest),
            (Some("chat"), Some(ServiceName::Rest), "/messages")
        );
        let t = target("/auth/v1/token");
        assert_eq!(
            (t.app, t.service, t.rest),
            (None, Some(ServiceName::Auth), "/token")
        );
        let t = target("/rest/v1");
        assert_eq!((t.service, t.rest), (Some(ServiceName::Rest), "/"));
        assert_eq!(target("/rest/v10/x").service, None);
        assert_eq!(target("/apps/chat").app, Some("chat"));
        assert_eq!(target("/console/").app, None);
    }

    #[test]
    fn the_api_key_does_not_reach_the_service() {
        let uri: Uri = "/apps/a/rest/v1/t?apikey=x&id=eq.1".parse().unwrap();
        assert_eq!(rewrite(&uri, "/t"), "/t?id=eq.1");
        let uri: Uri = "/rest/v1/t?apikey=x".parse().unwrap();
        assert_eq!(rewrite(&uri, "/t"), "/t");
        let uri: Uri = "/rest/v1/t?myapikey=x".parse().unwrap();
        assert_eq!(rewrite(&uri, "/t"), "/t?myapikey=x");
    }
}

//! The client for requests to other servers, made when first needed: most servers never make one,
//! and loading the certificates would cost each of them part of its start.

use std::sync::OnceLock;

use reqwest::Client;
use reqwest::redirect::Policy;

use crate::error::AuthError;

/// The client, once it was needed.
#[derive(Default)]
pub(crate) struct Http(OnceLock<Option<Client>>);

impl Http {
    pub(crate) fn client(&self) -> Result<&Client, AuthError> {
        let made = self.0.get_or_init(|| {
            // A signed request goes where it was meant to go, and nowhere else.
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .build()
                .inspect_err(|error| tracing::error!(%error, "no HTTP client"))
                .ok()
        });
        made.as_ref()
            .ok_or(AuthError::Internal("no HTTP client can be made".into()))
    }
}

//! The instant API: PostgREST's dialect over each application's database.
//!
//! A request passes through pure stages around one transaction: [`request`] parses, [`plan`]
//! resolves against the schema snapshot, [`query`] writes SQL, [`execute`] runs it with the
//! caller's rights, [`response`] sets status and headers. [`handler`](self) tells the story.

pub mod config;
mod describe;
pub mod error;
pub mod execute;
pub mod handler;
pub mod plan;
pub mod query;
pub mod request;
pub mod response;
pub mod schema_cache;
pub mod site;
pub mod timing;

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::Response;
use error::{RestError, error_response};
use hearth_apps::{App, PerApp, RequestContext};
use hearth_core::ApiError;
use schema_cache::{LoadError, SchemaWatch};

/// The state of the instant API: what it knows of each application's schema.
#[derive(Default)]
pub struct Rest {
    watches: PerApp<Arc<SchemaWatch>>,
}

impl Rest {
    /// Without anything loaded.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) async fn watch(&self, app: &Arc<App>) -> Arc<SchemaWatch> {
        let made = self
            .watches
            .get_or_make(app, async |app| Ok::<_, Infallible>(SchemaWatch::new(&app)))
            .await;
        match made {
            Ok(watch) => Arc::clone(&watch),
            Err(never) => match never {},
        }
    }

    /// Loads what is known of an application's schema before its first request asks for it.
    pub async fn warm(&self, app: &Arc<App>) {
        if let Err(error) = self.watch(app).await.current().await {
            tracing::debug!(app = %app.reference, %error, "schema cache not loaded ahead");
        }
    }

    pub(crate) fn not_loaded(&self, context: &RequestContext, error: &LoadError) -> RestError {
        tracing::warn!(app = %context.app.reference, %error, "schema cache not loaded");
        RestError::NoSchemaCache
    }

    /// Renders a refusal; those that someone must look at are logged here, and nowhere else.
    pub(crate) fn refuse(
        &self,
        context: &RequestContext,
        error: &RestError,
        terse: bool,
    ) -> Response {
        let response = error_response(error, terse);
        if response.status().is_server_error() {
            tracing::warn!(
                app = %context.app.reference,
                request = %context.request_id,
                code = %ApiError::code(error),
                %error,
                "request failed"
            );
        }
        response
    }

    /// Forgets an application that was deleted or paused.
    pub fn forget(&self, reference: &str) {
        self.watches.remove(reference);
    }
}

/// The routes below `/rest/v1`. Each request carries the extension
/// [`hearth_apps::RequestContext`].
pub fn router(rest: Arc<Rest>) -> axum::Router {
    axum::Router::new()
        .fallback(handler::handle)
        .with_state(rest)
}

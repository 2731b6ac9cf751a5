//! The instant API: PostgREST's dialect over each application's database.
//!
//! A request passes through pure stages around one transaction: [`request`] parses, [`plan`]
//! resolves against the schema snapshot, [`query`] writes SQL, [`execute`] runs it with the
//! caller's rights, [`response`] sets status and headers. [`handler`](self) tells the story.

pub mod config;
mod describe;
pub mod error;
pub mod execute;
mod handler;
pub mod plan;
pub mod query;
pub mod request;
pub mod response;
pub mod schema_cache;

use std::convert::Infallible;
use std::sync::Arc;

use hearth_apps::{App, PerApp};
use schema_cache::SchemaWatch;

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

//! postgres-meta's HTTP API: one file per kind of object. Reading and changing are alike for all of
//! them, so the handlers are made here out of the functions of `catalog/`.

mod columns;
mod config;
mod extensions;
mod foreign_tables;
mod functions;
mod indexes;
mod materialized_views;
mod policies;
mod privileges;
mod publications;
pub(crate) mod query;
mod roles;
pub(crate) mod run;
mod schemas;
mod tables;
mod triggers;
mod types;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use hearth_apps::RequestContext;
use http::Method;
use http::request::Parts;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::access::Target;
use crate::account::Role;
use crate::admin::Admin;
use crate::catalog::{Filter, Listing};
use crate::error::{AdminError, write_meta};
use crate::input::{self, Input, Params};
use crate::owner::Session;

/// The routes for an application's objects; each wants a [`Target`]. The console has the SQL beside
/// them (`console/mod.rs`).
pub(crate) fn object_router() -> Router<Arc<Admin>> {
    Router::new()
        .merge(columns::router())
        .merge(config::router())
        .merge(extensions::router())
        .merge(foreign_tables::router())
        .merge(functions::router())
        .merge(indexes::router())
        .merge(materialized_views::router())
        .merge(policies::router())
        .merge(privileges::router())
        .merge(publications::router())
        .merge(query::router())
        .merge(roles::router())
        .merge(schemas::router())
        .merge(tables::router())
        .merge(triggers::router())
        .merge(types::router())
        .merge(views::router())
}

/// The routes for an application's service key, in postgres-meta's own dialect.
pub(crate) fn service_router(admin: Arc<Admin>) -> Router {
    object_router()
        .route("/query", post(query::query))
        .merge(run::router())
        .route("/", axum::routing::get(about))
        .fallback(async || AdminError::NoRoute)
        .method_not_allowed_fallback(async || AdminError::NoRoute)
        .layer(from_fn(of_service_key))
        .layer(from_fn(write_meta))
        .with_state(admin)
}

async fn about() -> Response {
    input::json(&json!({
        "status": 200,
        "name": "hearth",
        "version": env!("CARGO_PKG_VERSION"),
        "documentation": "https://github.com/supabase/postgres-meta",
    }))
}

/// Only the service key may look behind row level security.
async fn of_service_key(mut request: Request, next: Next) -> Result<Response, AdminError> {
    let context = request.extensions().get::<RequestContext>();
    let context = context.ok_or(AdminError::ServiceKey)?;
    let claims = context.claims().map_err(|_| AdminError::ServiceKey)?;
    if claims.role() != Some("service_role") {
        return Err(AdminError::ServiceKey);
    }
    let target = Target {
        app: context.app.clone(),
        read_only: false,
        caller: None,
    };
    request.extensions_mut().insert(target);
    Ok(next.run(request).await)
}

/// A request inside an application's database.
pub(crate) struct Work {
    admin: Arc<Admin>,
    target: Target,
    session: Session,
}

impl FromRequestParts<Arc<Admin>> for Work {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, AdminError> {
        let target = Target::from_request_parts(parts, admin).await?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if target.read_only && !reads {
            return Err(AdminError::Forbidden {
                role: Role::Viewer.as_str(),
            });
        }
        let session = admin.session(&target.app).await?;
        Ok(Self {
            admin: admin.clone(),
            target,
            session,
        })
    }
}

impl Work {
    /// The connection as the application's owner.
    pub(crate) fn client(&self) -> Result<&Client, AdminError> {
        self.session.client()
    }

    /// Answers with `result`; the connection may be used again either way.
    pub(crate) fn finish(self, result: Result<String, AdminError>) -> Result<Response, AdminError> {
        self.session.release();
        result.map(input::raw)
    }

    /// As [`Work::finish`], recording a change that succeeded.
    pub(crate) async fn changed(
        self,
        action: &str,
        result: Result<Value, AdminError>,
    ) -> Result<Response, AdminError> {
        self.session.release();
        let value = result?;
        record(&self.admin, &self.target, action, about_object(&value)).await?;
        Ok(input::json(&value))
    }
}

/// Records what an administrator did; a service key's deeds are the application's own.
pub(crate) async fn record(
    admin: &Admin,
    target: &Target,
    action: &str,
    details: Value,
) -> Result<(), AdminError> {
    let Some(caller) = &target.caller else {
        return Ok(());
    };
    let app = target.app.reference.as_str();
    caller.record(admin, action, Some(app), details).await
}

/// What tells an object apart, for the record.
fn about_object(value: &Value) -> Value {
    let mut about = serde_json::Map::new();
    for key in ["id", "schema", "table", "name"] {
        if let Some(part) = value.get(key) {
            about.insert(key.to_owned(), part.clone());
        }
    }
    Value::Object(about)
}

/// `GET /…`: a list.
pub(crate) async fn list(
    work: Work,
    params: Params,
    listing: &Listing,
    condition: &str,
) -> Result<Response, AdminError> {
    let listed = async {
        let filter = Filter::read(&params)?;
        listing.list(work.client()?, &filter, condition).await
    }
    .await;
    work.finish(listed)
}

/// `GET /…/{id}`: one of them.
pub(crate) async fn show(work: Work, listing: &Listing, id: &str) -> Result<Response, AdminError> {
    let found = async { listing.by_id(work.client()?, id).await }.await;
    work.finish(found.map(|value| value.to_string()))
}

/// Whether what hangs on a dropped object goes, too.
pub(crate) fn cascade(params: &Params) -> bool {
    params.flag("cascade").unwrap_or(false)
}

/// A handler that makes an object.
macro_rules! creates {
    ($action:literal, $create:path) => {
        async |work: crate::routes::Work,
               crate::input::Input(body): crate::input::Input<serde_json::Value>| {
            let made = async { $create(work.client()?, body).await }.await;
            work.changed($action, made).await
        }
    };
}

/// A handler that changes the object of an id.
macro_rules! updates {
    ($action:literal, $update:path) => {
        async |work: crate::routes::Work,
               crate::routes::Id(id): crate::routes::Id,
               crate::input::Input(body): crate::input::Input<serde_json::Value>| {
            let changed = async { $update(work.client()?, &id, body).await }.await;
            work.changed($action, changed).await
        }
    };
}

/// A handler that drops the object of an id, with or without what hangs on it.
macro_rules! removes {
    ($action:literal, $remove:path) => {
        async |work: crate::routes::Work,
               crate::routes::Id(id): crate::routes::Id,
               params: crate::input::Params| {
            let cascade = crate::routes::cascade(&params);
            let removed = async { $remove(work.client()?, &id, cascade).await }.await;
            work.changed($action, removed).await
        }
    };
}

pub(crate) use {creates, removes, updates};

/// The id at the end of the path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        let params = axum::extract::RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| AdminError::NoRoute)?;
        params
            .iter()
            .find(|(name, _)| *name == "id")
            .map(|(_, value)| Self(value.to_owned()))
            .ok_or(AdminError::NoRoute)
    }
}

/// `GET` of a list, for kinds that are only looked at.
pub(crate) fn listed(
    listing: &'static Listing,
    condition: &'static str,
) -> MethodRouter<Arc<Admin>> {
    axum::routing::get(async move |work: Work, params: Params| {
        list(work, params, listing, condition).await
    })
}

/// `GET` of one, by id.
pub(crate) fn shown(listing: &'static Listing) -> MethodRouter<Arc<Admin>> {
    axum::routing::get(async move |work: Work, Id(id): Id| show(work, listing, &id).await)
}

/// A body that postgres-meta takes as it is.
pub(crate) type Body = Input<Value>;

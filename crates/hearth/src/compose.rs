//! Builds the services and joins their routers: the one place that knows them all.

use std::sync::Arc;

use hearth_admin::{Admin, AdminConfig, Template};
use hearth_apps::{AppState, Registry};
use hearth_auth::Auth;
use hearth_config::ServerConfig;
use hearth_core::AppRef;
use hearth_gateway::stack::{Gateway, GatewayConfig, Services};
use hearth_pg::{MigrationSet, bootstrap};
use hearth_realtime::Realtime;
use hearth_rest::Rest;
use hearth_storage::Storage;
use hearth_webhooks::{Patience, Webhooks};

use crate::database::OpenDatabase;
use crate::demo;
use crate::root::{self, RootState};

/// What every application's database needs, in the order it is applied.
pub(crate) fn migration_sets() -> Vec<MigrationSet> {
    vec![
        bootstrap::MIGRATIONS,
        hearth_auth::migrations(),
        hearth_storage::migrations(),
        hearth_realtime::migrations(),
        hearth_webhooks::migrations(),
    ]
}

/// The services of a running server.
pub(crate) struct Composed {
    /// Answers requests.
    pub(crate) gateway: Arc<Gateway>,
    /// The console's server side.
    pub(crate) admin: Arc<Admin>,
    /// Closes its sockets before the server stops.
    pub(crate) realtime: Arc<Realtime>,
    /// Tells other servers of changes.
    pub(crate) webhooks: Arc<Webhooks>,
}

/// Builds everything over `registry`.
pub(crate) fn compose(
    config: &ServerConfig,
    registry: &Arc<Registry>,
    root: RootState,
    database: &OpenDatabase,
) -> anyhow::Result<Composed> {
    let rest = Rest::new();
    forget_with_applications(registry, &rest);
    warm(registry, &rest);
    let auth = Auth::new(auth_config(config));
    let storage = Storage::new(storage_config(config))?;
    let realtime = Realtime::new();
    let admin = Admin::new(admin_config(config, database), registry.clone());
    let root = root::router(root)
        .merge(hearth_admin::router(admin.clone()))
        .merge(hearth_console::router());
    let services = Services {
        rest: hearth_rest::router(rest),
        auth: hearth_auth::router(auth),
        storage: hearth_storage::router(storage),
        realtime: hearth_realtime::router(realtime.clone()),
        pg: hearth_admin::pg_router(admin.clone()),
        root,
    };
    let gateway = GatewayConfig {
        public_url: config.public_url.clone(),
        base_domain: config.base_domain.clone(),
        max_body_bytes: config.max_body_bytes,
        request_timeout: config.request_timeout,
        compress_above: config.compress_above,
        access_log: config.access_log,
    };
    Ok(Composed {
        gateway: Gateway::new(registry.clone(), gateway, services),
        admin,
        realtime,
        webhooks: Webhooks::new(Patience::default())?,
    })
}

/// The default application's schema is read while the server still starts.
fn warm(registry: &Arc<Registry>, rest: &Arc<Rest>) {
    let rest = Arc::clone(rest);
    if let Some(app) = registry
        .default_app()
        .filter(|app| app.state == AppState::Active)
    {
        tokio::spawn(async move { rest.warm(&app).await });
    }
}

/// Drops the schema cache and listener of an application that went. (Realtime notices by itself
/// that the database was closed; auth and storage keep nothing per application.)
fn forget_with_applications(registry: &Arc<Registry>, rest: &Arc<Rest>) {
    let mut gone = registry.gone();
    let rest = Arc::downgrade(rest);
    tokio::spawn(async move {
        while let Ok(reference) = gone.recv().await {
            let Some(rest) = rest.upgrade() else { return };
            rest.forget(reference.as_str());
        }
    });
}

fn auth_config(config: &ServerConfig) -> hearth_auth::AuthConfig {
    hearth_auth::AuthConfig {
        wechat_api_url: config.wechat_api_url.clone(),
        ..hearth_auth::AuthConfig::default()
    }
}

fn storage_config(config: &ServerConfig) -> hearth_storage::StorageConfig {
    hearth_storage::StorageConfig {
        root: config.storage_root.clone(),
    }
}

pub(crate) fn admin_config(config: &ServerConfig, database: &OpenDatabase) -> AdminConfig {
    let config = config.clone();
    AdminConfig {
        database_address: database.address(),
        server_log: database.server_log(),
        templates: vec![Template {
            name: "chatroom",
            sql: demo::sql(),
        }],
        forget_objects: Arc::new(move |reference| {
            let config = config.clone();
            Box::pin(async move {
                let deleted = delete_objects(&config, &reference).await;
                deleted.map_err(|error| error.to_string())
            })
        }),
    }
}

/// Removes the objects of a deleted application.
pub(crate) async fn delete_objects(
    config: &ServerConfig,
    reference: &AppRef,
) -> anyhow::Result<()> {
    let storage = Storage::new(storage_config(config))?;
    Ok(storage.forget_application(reference).await?)
}

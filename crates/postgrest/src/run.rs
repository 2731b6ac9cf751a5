//! The server from its start to its end, and what can be asked of a configuration without one.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::serve::ListenerExt;
use hearth_pg::{PgClient, connect};
use hearth_rest::schema_cache::{LoadError, RoleSettings, load};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::server::{Phase, Server, warn};
use crate::sockets::{Socket, SocketError};
use crate::source::Source;
use crate::{VERSION, admin, api, database, loader, log};

/// Connections are looked through this often for those that are too old or unused.
const SWEEP: Duration = Duration::from_secs(1);

/// Why the server did not start, or a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address is taken, or is none.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// No signals.
    #[error("signals cannot be heard: {0}")]
    Signals(std::io::Error),
    /// The database does not answer.
    #[error("Failed to load the schema cache. {0}")]
    Schema(#[from] LoadError),
}

/// Runs the server until a signal ends it.
///
/// # Errors
/// If the configuration cannot be used or an address cannot be bound.
pub async fn run(source: Source) -> Result<ExitCode, RunError> {
    let config = source.read(&[], None)?;
    let target = source.target(&config)?;
    log::say(&format!("Starting PostgREST {VERSION} (Hearth)..."));
    warn(&config);
    // The admin server first: it says how far the start is.
    let admin_socket = Socket::bind(&config.admin_server, false).await?;
    let server = Server::new(source, target, config);
    hear_signals(&server)?;
    if let Some(socket) = admin_socket {
        log::say(&format!("Admin server listening on {socket}"));
        let router = admin::router(server.clone());
        let stop = server.stop.clone();
        tokio::spawn(serve(socket, router, stop));
    }
    server.restart_listener();
    tokio::spawn(loader::serve(server.clone()));
    tokio::spawn(sweep(server.clone()));
    server.reload.notify_one();
    let mut phase = server.phase.subscribe();
    let shared = server.config.load().reuse_port;
    // With others on the port, requests come only once they can be answered.
    let begun = phase.wait_for(|phase| match phase {
        Phase::Starting => false,
        Phase::Pending => !shared,
        Phase::Loaded => true,
    });
    tokio::select! {
        _ = begun => {}
        () = server.stop.cancelled() => return Ok(exit_code(&server)),
    }
    let listening = server.config.load().server.clone();
    if let Some(socket) = Socket::bind(&listening, shared).await? {
        log::say(&format!("API server listening on {socket}"));
        server.live.store(true, Ordering::SeqCst);
        let router = api::router(server.clone());
        serve(socket, router, server.stop.clone()).await;
        server.live.store(false, Ordering::SeqCst);
    }
    if let Some(callers) = server.callers() {
        callers.close();
    }
    Ok(exit_code(&server))
}

fn exit_code(server: &Server) -> ExitCode {
    if server.failed.load(Ordering::SeqCst) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Answers until `stop`, then lets requests under way finish.
async fn serve(socket: Socket, router: axum::Router, stop: CancellationToken) {
    let stop = stop.cancelled_owned();
    let served = match socket {
        Socket::Tcp(listener) => {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let listener = listener.tap_io(|stream| {
                // Small answers are not held back for more.
                let _ = stream.set_nodelay(true);
            });
            axum::serve(listener, service)
                .with_graceful_shutdown(stop)
                .await
        }
        Socket::Unix(listener, path) => {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(stop)
                .await;
            let _ = std::fs::remove_file(path);
            served
        }
    };
    if let Err(error) = served {
        log::say(&format!("The server ended: {error}"));
    }
}

/// SIGINT and SIGTERM end the server, a second one at once; SIGUSR1 loads the schema cache, SIGUSR2
/// the configuration.
fn hear_signals(server: &Arc<Server>) -> Result<(), RunError> {
    let hear = |kind| signal(kind).map_err(RunError::Signals);
    let mut interrupt = hear(SignalKind::interrupt())?;
    let mut terminate = hear(SignalKind::terminate())?;
    let mut schema = hear(SignalKind::user_defined1())?;
    let mut config = hear(SignalKind::user_defined2())?;
    let server = server.clone();
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
                _ = schema.recv() => {
                    server.reload.notify_one();
                    continue;
                }
                _ = config.recv() => {
                    let server = server.clone();
                    tokio::spawn(async move { server.reload_config_now().await });
                    continue;
                }
            };
            log::say(&format!("Received termination unix signal {name}"));
            if server.stop.is_cancelled() {
                std::process::exit(130);
            }
            server.stop.cancel();
        }
    });
    Ok(())
}

/// Closes connections that are too old, or that nobody uses.
async fn sweep(server: Arc<Server>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let config = server.config.load();
        if let Some(callers) = server.callers() {
            callers.close_idle(Duration::from_secs(config.pool_max_idletime));
            callers.close_older(Duration::from_secs(config.pool_max_lifetime));
        }
    }
}

/// The configuration in force, the database's part included, as a file.
///
/// # Errors
/// If it cannot be used.
pub async fn dump_config(source: &Source) -> Result<String, RunError> {
    Ok(in_force(source).await?.0.dump())
}

/// The schema cache as JSON.
///
/// # Errors
/// If the configuration cannot be used, or the database does not answer.
pub async fn dump_schema(source: &Source) -> Result<String, RunError> {
    let (config, client) = in_force(source).await?;
    let client = match client {
        Some(client) => client,
        None => connected(source, &config).await?,
    };
    let role_settings = RoleSettings::Ignored;
    let loaded = load(&client, config.rest(), role_settings).await?;
    Ok(loaded.cache.to_json().to_string())
}

async fn connected(source: &Source, config: &Config) -> Result<PgClient, RunError> {
    let target = source.target(config)?;
    let (client, _) = connect::connect_to(&target)
        .await
        .map_err(LoadError::from)?;
    Ok(PgClient::new(client))
}

/// The configuration with what is set in the database, as far as that answers.
async fn in_force(source: &Source) -> Result<(Config, Option<PgClient>), RunError> {
    let config = source.read(&[], None)?;
    if !config.in_database {
        return Ok((config, None));
    }
    let failed = |error: &dyn std::error::Error| {
        log::say(&format!(
            "Failed to query database settings for the config parameters. {}",
            connect::describe(error)
        ));
    };
    let client = match connected(source, &config).await {
        Ok(client) => client,
        Err(error) => {
            failed(&error);
            return Ok((config, None));
        }
    };
    match database::settings(&client, config.pre_config.as_ref()).await {
        Ok(settings) => Ok((source.read(&settings, Some(&config.uri))?, Some(client))),
        Err(error) => {
            failed(&error);
            Ok((config, Some(client)))
        }
    }
}

//! Loads the schema cache when something asks for it, and tries again until the database answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hearth_pg::{PgError, connect};
use hearth_rest::schema_cache::{LoadError, Loaded, Snapshot, load};

use crate::config::LogLevel;
use crate::server::{Phase, Server};
use crate::{database, log};

/// Several wishes in a row are one loading.
const COOLDOWN: Duration = Duration::from_millis(100);
/// The longest pause between attempts, in seconds.
const LONGEST_PAUSE: u64 = 32;

/// Why there is no new schema cache.
enum Failure {
    /// It is worth another try.
    Again {
        /// The version could not be asked for: the database is away.
        away: bool,
    },
    /// It is not.
    Fatal(String),
}

/// Serves wishes until the server ends.
pub(crate) async fn serve(server: Arc<Server>) {
    loop {
        server.reload.notified().await;
        let mut pause = 1;
        while let Err(failure) = attempt(&server).await {
            server.phase.send_replace(Phase::Pending);
            match failure {
                Failure::Fatal(reason) => return server.give_up(&reason),
                Failure::Again { away } if !server.config.load().automatic_recovery => {
                    if away {
                        server.give_up("Automatic recovery disabled, exiting.");
                    }
                    break;
                }
                Failure::Again { .. } => {}
            }
            server.retry_after.store(pause, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(pause)).await;
            log::say(&format!(
                "Attempting to reconnect to the database in {pause} seconds..."
            ));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        server.retry_after.store(1, Ordering::Relaxed);
        tokio::time::sleep(COOLDOWN).await;
    }
}

async fn attempt(server: &Arc<Server>) -> Result<(), Failure> {
    let away = |error: PgError| {
        let reason = connect::describe(&error);
        if is_refused(&error) {
            return Failure::Fatal(format!("Failed to establish a connection. {reason}"));
        }
        log::say(&format!("Failed to query the PostgreSQL version. {reason}"));
        Failure::Again { away: true }
    };
    let callers = server.connections().await.map_err(away)?;
    let conn = callers.session().await.map_err(away)?;
    let version = database::version(&conn).await.map_err(away)?;
    if version.number < database::OLDEST {
        return Err(Failure::Fatal(format!(
            "Cannot run in this PostgreSQL version ({}), at least 14.0 is needed",
            version.short
        )));
    }
    log::say(&format!("Successfully connected to {}", version.full));
    let config = server.config.load_full();
    log::say(&format!(
        "Connection Pool initialized with a maximum size of {} connections",
        config.pool
    ));
    if config.in_database {
        server.reload_config(Some(&conn)).await;
    }
    let config = server.config.load_full();
    let began = Instant::now();
    let loaded = load(&conn, config.rest(), server.role_settings()).await;
    let Loaded {
        config: rest,
        cache,
        settings_of_roles,
    } = loaded.map_err(|error| failed(server, &error))?;
    let elapsed = began.elapsed();
    let summary = cache.summary();
    server.snapshot.store(Some(Arc::new(Snapshot {
        version: server.versions.fetch_add(1, Ordering::SeqCst) + 1,
        config: rest,
        cache: Arc::new(cache),
        settings_of_roles,
    })));
    server.phase.send_replace(Phase::Loaded);
    let metrics = &server.metrics;
    metrics.loads.fetch_add(1, Ordering::Relaxed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    metrics.load_micros.store(micros, Ordering::Relaxed);
    log::say(&format!(
        "Schema cache queried in {:.1} milliseconds",
        elapsed.as_secs_f64() * 1e3
    ));
    log::say(&format!("Schema cache loaded {summary}"));
    Ok(())
}

fn failed(server: &Server, error: &LoadError) -> Failure {
    let config = server.config.load();
    server.metrics.failed_loads.fetch_add(1, Ordering::Relaxed);
    log::say(&format!(
        "Failed to load the schema cache using db-schemas={} and db-extra-search-path={}. {error}",
        config.schemas.join(","),
        config.extra_search_path.join(",")
    ));
    if config.log_level >= LogLevel::Debug {
        log::say(&format!("{error:?}"));
    }
    Failure::Again { away: false }
}

/// True where no patience helps: the password is wrong, or there is none.
fn is_refused(error: &PgError) -> bool {
    let said = error.server_error();
    said.is_some_and(|error| error.code.code() == "28P01")
        || connect::describe(error).contains("password missing")
}

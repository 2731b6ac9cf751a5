//! The PostgreSQL server that the tests share.

use std::sync::Arc;

use anyhow::{Context, Result};
use hearth_core::Secret;
use hearth_pg::Server;
use hearth_pg::server::Powers;

/// The server named by `HEARTH_TEST_DATABASE_URL`.
///
/// # Errors
/// If the variable is absent or is no PostgreSQL URL.
pub fn shared() -> Result<Arc<Server>> {
    let url = std::env::var("HEARTH_TEST_DATABASE_URL").context(
        "HEARTH_TEST_DATABASE_URL is not set: run the tests with `cargo x test`, \
         which starts a PostgreSQL for them",
    )?;
    let mut base: tokio_postgres::Config = url.parse().context("HEARTH_TEST_DATABASE_URL")?;
    // As on the embedded cluster: callers' requests then travel as they do there.
    base.ssl_mode(tokio_postgres::config::SslMode::Disable);
    let admin_user = base.get_user().unwrap_or("supabase_admin").to_owned();
    let password = base.get_password().unwrap_or_default();
    let password = String::from_utf8_lossy(password).into_owned();
    Ok(Arc::new(Server {
        admin_user,
        admin_password: Secret::new(password),
        service_password: Secret::new("hearth-test-service"),
        maintenance_database: "postgres".to_owned(),
        powers: Powers::ALL,
        base,
    }))
}

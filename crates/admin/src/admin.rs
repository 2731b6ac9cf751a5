//! What the routes share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hearth_apps::{App, Registry};
use hearth_core::{AppRef, Secret};
use hearth_pg::Conn;
use hearth_pg::embedded::ServerLog;

use crate::account::lockout::Lockout;
use crate::account::password::Passwords;
use crate::account::{Role, store};
use crate::console::apps::{self, Sizes};
use crate::error::AdminError;
use crate::owner::{Owners, Session};
use crate::run::runs::Runs;

/// Removes the objects of a deleted application.
pub type ForgetObjects =
    Arc<dyn Fn(AppRef) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// What a new application can start with.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name in the API.
    pub name: &'static str,
    /// Run as the owner of the new application.
    pub sql: String,
}

/// What this crate does not know by itself.
#[derive(Clone)]
pub struct AdminConfig {
    /// Host and port of PostgreSQL in `db_url`.
    pub database_address: (String, u16),
    /// Besides an empty application.
    pub templates: Vec<Template>,
    /// Removes the objects of a deleted application.
    pub forget_objects: ForgetObjects,
    /// What PostgreSQL says, where it is Hearth's own.
    pub server_log: Option<ServerLog>,
}

/// Why the administrators could not be prepared.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl From<AdminError> for StartError {
    fn from(error: AdminError) -> Self {
        Self(error.to_string())
    }
}

impl From<hearth_pg::PgError> for StartError {
    fn from(error: hearth_pg::PgError) -> Self {
        AdminError::from(error).into()
    }
}

/// The console's server side.
pub struct Admin {
    pub(crate) config: AdminConfig,
    pub(crate) registry: Arc<Registry>,
    pub(crate) owners: Owners,
    pub(crate) runs: Arc<Runs>,
    pub(crate) passwords: Passwords,
    pub(crate) lockout: Lockout,
    pub(crate) sizes: Sizes,
}

impl Admin {
    /// For the applications of `registry`.
    pub fn new(config: AdminConfig, registry: Arc<Registry>) -> Arc<Self> {
        Arc::new(Self {
            config,
            registry,
            owners: Owners::default(),
            runs: Arc::default(),
            passwords: Passwords::new(),
            lockout: Lockout::new(),
            sizes: Sizes::new(),
        })
    }

    /// Measures connections and sizes once a minute for the reports and writes the counts down, as
    /// long as the console lives.
    pub fn measure_always(self: &Arc<Self>) {
        let admin = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut minutes = tokio::time::interval(Duration::from_secs(60));
            loop {
                minutes.tick().await;
                let Some(admin) = admin.upgrade() else {
                    return;
                };
                if let Err(error) = apps::measure(&admin).await {
                    tracing::warn!(%error, "sizes could not be measured");
                }
                if let Err(error) = admin.registry.keep_activity().await {
                    tracing::warn!(%error, "the reports' counts could not be written down");
                }
            }
        });
    }

    pub(crate) async fn control(&self) -> Result<Conn, AdminError> {
        Ok(self.registry.control().await?)
    }

    /// A connection as the owner of `app`.
    pub(crate) async fn session(&self, app: &Arc<App>) -> Result<Session, AdminError> {
        self.owners.session(&self.registry, app).await
    }

    /// Makes the owner `admin` where there is no administrator yet, with `password` or a random
    /// one, which is returned to be shown once.
    ///
    /// # Errors
    /// If the given password is too short, or the control database refuses.
    pub async fn first_administrator(
        &self,
        password: Option<Secret>,
    ) -> Result<Option<(&'static str, Secret)>, StartError> {
        const NAME: &str = "admin";
        let control = self.registry.control().await?;
        if !store::list(&control).await?.is_empty() {
            return Ok(None);
        }
        let password = password.unwrap_or_else(|| Secret::random_hex(10));
        let hash = self.passwords.hash(password.expose()).await?;
        let added = store::add(&control, NAME, &hash, Role::Owner, None).await?;
        Ok(added.then_some((NAME, password)))
    }

    /// Gives `username` a new password, `password` or a random one, and ends their sessions. An
    /// unknown name becomes an owner: this is the way back in for whoever has the machine.
    ///
    /// # Errors
    /// If the given password is too short, or the control database refuses.
    pub async fn reset_password(
        &self,
        username: &str,
        password: Option<Secret>,
    ) -> Result<Secret, StartError> {
        let control = self.registry.control().await?;
        let password = password.unwrap_or_else(|| Secret::random_hex(10));
        let hash = self.passwords.hash(password.expose()).await?;
        if !store::set_password(&control, username, &hash, None).await? {
            store::add(&control, username, &hash, Role::Owner, None).await?;
        }
        Ok(password)
    }
}

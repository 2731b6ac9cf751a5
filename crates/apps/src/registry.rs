//! All applications of the server: loaded from the control database, kept in memory, and followed
//! by LISTEN, so that a command in another process takes effect at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use hearth_core::{AppRef, Clock, Secret};
use hearth_jwt::{ApiKeys, SigningKey, Verifier};
use hearth_pg::listen::{Notice, listen};
use hearth_pg::migrate::MigrateError;
use hearth_pg::{Login, MigrationSet, PgError, Pool, Server, connect, migrate, provision};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::activity::Activity;
use crate::app::{App, AppState};
pub use crate::control::CONTROL_DATABASE;
use crate::control::ensure_control_database;
use crate::database::{AppDatabase, PoolSizes};
use crate::error::RegistryError;
use crate::seal::MasterKey;
use crate::settings::AppSettings;
use crate::stored::{AppSecrets, SELECT, StoredApp};

/// A new application.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Its name, any text.
    pub name: String,
    /// Its reference; none: a random one.
    pub reference: Option<AppRef>,
    /// Requests that name no application are for it.
    pub is_default: bool,
    /// Its settings.
    pub settings: AppSettings,
}

/// How the registry is opened.
pub struct RegistryOptions {
    /// The control database's name, [`CONTROL_DATABASE`] outside tests; the template for new
    /// applications is named after it.
    pub control_database: String,
    /// The key file's key.
    pub key: MasterKey,
    /// What every application's database needs, bootstrap first.
    pub sets: Vec<MigrationSet>,
    /// Connections per application.
    pub pool_sizes: PoolSizes,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Nobody but Hearth uses this PostgreSQL server.
    pub own_server: bool,
}

#[derive(Default)]
struct Known {
    apps: HashMap<AppRef, Arc<App>>,
    default: Option<AppRef>,
    /// What each application was made of, to see whether its row has changed.
    rows: HashMap<AppRef, StoredApp>,
}

/// The server's applications.
pub struct Registry {
    server: Arc<Server>,
    control: Pool,
    pub(crate) options: RegistryOptions,
    fingerprint: String,
    known: ArcSwap<Known>,
    reloading: tokio::sync::Mutex<()>,
    opened: Instant,
    looked_again: AtomicU64,
    gone: broadcast::Sender<AppRef>,
    activity: Activity,
    /// Tells what this run of the server wrote down from what others did.
    pub(crate) run: Uuid,
}

impl Registry {
    /// Opens the control database on `server`, making it, the roles and the template where they
    /// are absent or of an older Hearth, and brings every application's database up to date.
    ///
    /// # Errors
    /// What PostgreSQL refuses, or the migration that failed.
    pub async fn open(
        server: Arc<Server>,
        options: RegistryOptions,
    ) -> Result<Arc<Self>, RegistryError> {
        let control = Pool::new(
            server.config(&Login::Admin, &options.control_database),
            4,
            Duration::from_secs(10),
        );
        ensure_control_database(&server, &control, &options.control_database).await?;
        let fingerprint = provision::fingerprint(&options.sets);
        let registry = Arc::new(Self {
            server,
            control,
            options,
            fingerprint,
            known: ArcSwap::default(),
            reloading: tokio::sync::Mutex::default(),
            opened: Instant::now(),
            looked_again: AtomicU64::new(0),
            activity: Activity::default(),
            run: Uuid::new_v4(),
            gone: broadcast::channel(64).0,
        });
        registry.prepare_server().await?;
        registry.reload().await?;
        registry.migrate_all().await?;
        Ok(registry)
    }

    fn template(&self) -> String {
        format!("{}_template", self.options.control_database)
    }

    /// Roles and template, unless a former start has made them of the same migrations.
    async fn prepare_server(&self) -> Result<(), RegistryError> {
        let conn = self.control.get().await?;
        // Whatever shapes the cluster-wide roles counts as much as the migrations do.
        let wanted = format!(
            "{} {}",
            self.fingerprint,
            &hex::encode(<sha2::Sha256 as sha2::Digest>::digest(format!(
                "{}{}",
                hearth_pg::bootstrap::ROLES,
                self.server.service_password.expose()
            )))[..16]
        );
        let row = conn
            .query_opt(
                "select value from hearth.server_state where key = 'template'",
                &[],
            )
            .await?;
        if row.is_some_and(|row| row.get::<_, &str>(0) == wanted) {
            return Ok(());
        }
        provision::ensure_roles(&self.server).await?;
        if self.options.own_server {
            // Owners of applications meet nowhere; and the locks of provisioning are taken here.
            conn.batch_execute("revoke connect on database postgres, template1 from public")
                .await?;
        }
        provision::ensure_template(&self.server, &self.template(), &self.options.sets, false)
            .await?;
        for row in conn.query("select ref from hearth.apps", &[]).await? {
            if let Ok(reference) = row.get::<_, &str>(0).parse() {
                provision::ensure_logins(&self.server, &reference).await?;
            }
        }
        conn.execute(
            "insert into hearth.server_state values ('template', $1)
             on conflict (key) do update set value = excluded.value",
            &[&wanted],
        )
        .await?;
        Ok(())
    }

    async fn migrate_one(&self, reference: &AppRef) -> Result<usize, MigrateError> {
        let config = self.server.config(&Login::Admin, &reference.database());
        let (client, _) = connect::connect(&config).await?;
        migrate::migrate(&client, &self.options.sets).await
    }

    async fn migrate_all(&self) -> Result<(), RegistryError> {
        let known = self.known.load_full();
        for stored in known
            .rows
            .values()
            .filter(|row| row.fingerprint != self.fingerprint)
        {
            // What its owner has made of one application's schemas keeps no other one waiting.
            match self.migrate_one(&stored.reference).await {
                Ok(ran) => tracing::info!(
                    app.reference = %stored.reference, migrations = ran, "migrated"
                ),
                Err(MigrateError::Postgres(error)) if error.is_unavailable() => {
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::error!(
                        app.reference = %stored.reference, %error,
                        "could not be migrated; the next start tries again"
                    );
                    continue;
                }
            }
            let conn = self.control.get().await?;
            conn.execute(
                "update hearth.apps set schema_fingerprint = $2 where ref = $1",
                &[&stored.reference.as_str(), &self.fingerprint],
            )
            .await?;
        }
        Ok(())
    }

    /// Follows changes that other processes make, until the registry is dropped.
    pub fn follow(self: &Arc<Self>) {
        let config = self
            .server
            .config(&Login::Admin, &self.options.control_database);
        let mut notices = listen(config, vec!["hearth_apps".to_owned()]);
        let registry = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(notice) = notices.recv().await {
                let Some(registry) = registry.upgrade() else {
                    return;
                };
                if let Notice::Message { channel, .. } = &notice {
                    debug_assert_eq!(channel, "hearth_apps");
                }
                if let Err(error) = registry.reload().await {
                    tracing::warn!(%error, "applications could not be reloaded");
                }
            }
        });
    }

    /// Reads all applications again. Unchanged ones keep their value, and with it their pools.
    ///
    /// # Errors
    /// If the control database cannot be read.
    pub async fn reload(&self) -> Result<(), RegistryError> {
        let _one_at_a_time = self.reloading.lock().await;
        let conn = self.control.get().await?;
        let rows = conn.query(&conn.prepare(SELECT).await?, &[]).await?;
        let before = self.known.load_full();
        let mut after = Known::default();
        for row in &rows {
            let Some(stored) = StoredApp::read(row) else {
                continue;
            };
            let reference = stored.reference.clone();
            let app = match (before.apps.get(&reference), before.rows.get(&reference)) {
                (Some(app), Some(old)) if old.same_app(&stored) => {
                    if old.sealed_settings != stored.sealed_settings {
                        app.settings.store(Arc::new(self.settings(&stored)?));
                    }
                    app.clone()
                }
                _ => Arc::new(self.build(&stored)?),
            };
            if stored.is_default {
                after.default = Some(reference.clone());
            }
            after.apps.insert(reference.clone(), app);
            after.rows.insert(reference, stored);
        }
        for (reference, app) in &before.apps {
            if !after
                .apps
                .get(reference)
                .is_some_and(|new| Arc::ptr_eq(new, app))
            {
                app.database.close();
                let _ = self.gone.send(reference.clone());
            }
        }
        self.known.store(Arc::new(after));
        Ok(())
    }

    fn build(&self, stored: &StoredApp) -> Result<App, RegistryError> {
        let secrets = self.secrets(stored)?;
        let key = SigningKey::Hs256(secrets.jwt_secret.clone());
        Ok(App {
            name: stored.name.clone(),
            state: if stored.state == "paused" {
                AppState::Paused
            } else {
                AppState::Active
            },
            created_at: stored.created_at,
            keys: secrets.keys,
            verifier: Verifier::new(vec![key], self.options.clock.clone()),
            jwt_secret: secrets.jwt_secret,
            database: AppDatabase::new(
                self.server.clone(),
                &stored.reference,
                self.options.pool_sizes,
            ),
            settings: ArcSwap::from_pointee(self.settings(stored)?),
            activity: self.activity.of(stored.reference.as_str()),
            stream: Default::default(),
            clock: self.options.clock.clone(),
            reference: stored.reference.clone(),
        })
    }

    fn secrets(&self, stored: &StoredApp) -> Result<AppSecrets, RegistryError> {
        let text = self.options.key.open(&stored.sealed)?;
        serde_json::from_str(&text).map_err(|e| stored.unreadable("secrets", &e))
    }

    /// Settings hold providers' secrets, so they are sealed as a whole.
    fn settings(&self, stored: &StoredApp) -> Result<AppSettings, RegistryError> {
        if stored.sealed_settings.is_empty() {
            return Ok(AppSettings::default());
        }
        let text = self.options.key.open(&stored.sealed_settings)?;
        serde_json::from_str(&text).map_err(|e| stored.unreadable("settings", &e))
    }

    fn seal_settings(&self, settings: &AppSettings) -> String {
        self.options
            .key
            .seal(&serde_json::to_string(settings).unwrap_or_default())
    }

    /// The application `reference`, if there is one.
    pub fn get(&self, reference: &AppRef) -> Option<Arc<App>> {
        self.known.load().apps.get(reference).cloned()
    }

    /// The application `reference` out of the control database, for a name that is not known in
    /// memory: one made a moment ago answers at once. Asked at most once per second over all
    /// unknown names, so that guessing costs nothing.
    pub async fn look_again(&self, reference: &AppRef) -> Option<Arc<App>> {
        const PAUSE_MILLIS: u64 = 1000;
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.looked_again.load(Ordering::Relaxed);
        let due = last == 0 || now >= last.saturating_add(PAUSE_MILLIS);
        if due
            && self
                .looked_again
                .compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            && let Err(error) = self.reload().await
        {
            tracing::warn!(%error, "applications could not be reloaded");
        }
        self.get(reference)
    }

    /// The application that requests are for which name none.
    pub fn default_app(&self) -> Option<Arc<App>> {
        let known = self.known.load();
        known
            .default
            .as_ref()
            .and_then(|reference| known.apps.get(reference))
            .cloned()
    }

    /// References of applications that were deleted, or replaced because their keys or state
    /// changed: what a service keeps for them can go.
    pub fn gone(&self) -> broadcast::Receiver<AppRef> {
        self.gone.subscribe()
    }

    /// All applications, oldest first.
    pub fn list(&self) -> Vec<Arc<App>> {
        let mut apps: Vec<_> = self.known.load().apps.values().cloned().collect();
        apps.sort_by(|a, b| {
            a.created_at
                .cmp(&b.created_at)
                .then_with(|| a.reference.cmp(&b.reference))
        });
        apps
    }

    /// Password of the owner role, for `DB_URL`.
    ///
    /// # Errors
    /// If there is no such application, or its secrets cannot be opened.
    pub fn owner_password(&self, reference: &AppRef) -> Result<Secret, RegistryError> {
        let known = self.known.load();
        let stored = known
            .rows
            .get(reference)
            .ok_or_else(|| RegistryError::NotFound(reference.clone()))?;
        Ok(self.secrets(stored)?.owner_password)
    }

    /// Makes an application: role, database, keys. It answers when this returns.
    ///
    /// # Errors
    /// If the reference is taken or PostgreSQL refuses; nothing is left behind then.
    pub async fn create(&self, new: NewApp) -> Result<Arc<App>, RegistryError> {
        let reference = new.reference.clone().unwrap_or_else(AppRef::random);
        if self.get(&reference).is_some() {
            return Err(RegistryError::Exists(reference));
        }
        let signing = Secret::random_hex(32);
        let keys = ApiKeys::generate(
            &SigningKey::Hs256(signing.clone()),
            self.options.clock.unix(),
        )
        .map_err(|e| RegistryError::Keys(e.to_string()))?;
        let secrets = AppSecrets {
            jwt_secret: signing,
            owner_password: Secret::random_hex(16),
            keys,
        };
        let sealed = self
            .options
            .key
            .seal(&serde_json::to_string(&secrets).unwrap_or_default());
        let settings = self.seal_settings(&new.settings);
        provision::create_application(
            &self.server,
            &self.template(),
            &reference,
            &secrets.owner_password,
        )
        .await
        .map_err(|e| match e.sqlstate().map(|s| s.code()) {
            Some("42P04" | "42710") => RegistryError::Exists(reference.clone()),
            _ => e.into(),
        })?;
        let conn = self.control.get().await?;
        let recorded = conn
            .execute(
                "insert into hearth.apps
                     (ref, name, is_default, sealed_settings, sealed_secrets, schema_fingerprint)
                 values ($1, $2, $3, $4, $5, $6)",
                &[
                    &reference.as_str(),
                    &new.name,
                    &new.is_default,
                    &settings,
                    &sealed,
                    &self.fingerprint,
                ],
            )
            .await;
        if let Err(error) = recorded {
            provision::drop_application(&self.server, &reference).await?;
            return Err(error.into());
        }
        self.reload().await?;
        self.get(&reference)
            .ok_or(RegistryError::NotFound(reference))
    }

    /// Deletes an application with its database.
    ///
    /// # Errors
    /// If there is none, it is the default one, or PostgreSQL refuses.
    pub async fn delete(&self, reference: &AppRef) -> Result<(), RegistryError> {
        self.reload().await?;
        let app = self
            .get(reference)
            .ok_or_else(|| RegistryError::NotFound(reference.clone()))?;
        if self.known.load().default.as_ref() == Some(reference) {
            return Err(RegistryError::Default(reference.clone()));
        }
        let conn = self.control.get().await?;
        conn.execute(
            "delete from hearth.apps where ref = $1",
            &[&reference.as_str()],
        )
        .await?;
        self.reload().await?;
        app.database.close();
        self.activity.forget(reference.as_str());
        provision::drop_application(&self.server, reference).await?;
        Ok(())
    }

    /// Pauses or resumes an application.
    ///
    /// # Errors
    /// If there is none or PostgreSQL refuses.
    pub async fn set_state(
        &self,
        reference: &AppRef,
        state: AppState,
    ) -> Result<(), RegistryError> {
        let text = match state {
            AppState::Active => "active",
            AppState::Paused => "paused",
        };
        self.update(
            "update hearth.apps set state = $2 where ref = $1",
            reference,
            &text,
        )
        .await
    }

    /// Replaces the settings of an application; they are in force when this returns.
    ///
    /// # Errors
    /// If there is none or PostgreSQL refuses.
    pub async fn set_settings(
        &self,
        reference: &AppRef,
        settings: &AppSettings,
    ) -> Result<(), RegistryError> {
        self.update(
            "update hearth.apps set sealed_settings = $2 where ref = $1",
            reference,
            &self.seal_settings(settings),
        )
        .await
    }

    /// Gives an application another name.
    ///
    /// # Errors
    /// If there is none or PostgreSQL refuses.
    pub async fn rename(&self, reference: &AppRef, name: &str) -> Result<(), RegistryError> {
        self.update(
            "update hearth.apps set name = $2 where ref = $1",
            reference,
            &name,
        )
        .await
    }

    async fn update(
        &self,
        sql: &str,
        reference: &AppRef,
        value: &(dyn tokio_postgres::types::ToSql + Sync),
    ) -> Result<(), RegistryError> {
        let conn = self.control.get().await?;
        if conn.execute(sql, &[&reference.as_str(), value]).await? == 0 {
            return Err(RegistryError::NotFound(reference.clone()));
        }
        self.reload().await
    }

    /// Closes connections that nobody has used for `idle`, in every application.
    pub fn close_idle(&self, idle: Duration) {
        for app in self.known.load().apps.values() {
            app.database.close_idle(idle);
        }
        self.control.close_idle(idle);
    }

    /// Asks the control database for a sign of life.
    ///
    /// # Errors
    /// If it gives none within two seconds.
    pub async fn ping(&self) -> Result<(), PgError> {
        let asked = async { Ok(self.control.get().await?.batch_execute("").await?) };
        tokio::time::timeout(Duration::from_secs(2), asked)
            .await
            .unwrap_or_else(|_| Err(PgError::Unavailable("no answer within 2 s".to_owned())))
    }

    /// A connection to the control database, as admin: for what the console keeps there. Never for
    /// statements of users.
    ///
    /// # Errors
    /// If none can be made.
    pub async fn control(&self) -> Result<hearth_pg::Conn, PgError> {
        self.control.get().await
    }

    /// What has been asked of the applications lately.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The server the applications are on.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }
}

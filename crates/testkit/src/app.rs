//! An application of a test's own.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use hearth_apps::app::{App, AppState};
use hearth_apps::database::{AppDatabase, PoolSizes};
use hearth_apps::{AppSettings, Bearer, RequestContext};
use hearth_core::{AppRef, Claims, Clock, RequestId, Secret, SystemClock};
use hearth_jwt::{ApiKeyKind, ApiKeys, SigningKey, Verifier};
use hearth_pg::{MigrationSet, Server, bootstrap, connect, provision};
use serde_json::{Value, json};

use crate::server;

/// A fresh application database with its keys. Dropped with [`TestApp::drop_database`], else left
/// to the end of the test server.
pub struct TestApp {
    /// The application as services see it.
    pub app: Arc<App>,
    /// Password of its owner role.
    pub owner_password: Secret,
    server: Arc<Server>,
}

impl TestApp {
    /// An application with the bootstrap set and `sets`, default settings, the real clock.
    ///
    /// # Errors
    /// If the server is away or a migration fails.
    pub async fn create(sets: &[MigrationSet]) -> Result<Self> {
        Self::create_with(sets, AppSettings::default(), Arc::new(SystemClock)).await
    }

    /// As [`TestApp::create`], with settings and a clock of the test's own.
    ///
    /// # Errors
    /// If the server is away or a migration fails.
    pub async fn create_with(
        sets: &[MigrationSet],
        settings: AppSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let server = server::shared()?;
        let sets: Vec<_> = std::iter::once(bootstrap::MIGRATIONS)
            .chain(sets.iter().copied())
            .collect();
        let template = format!("hearth_t_{}", provision::fingerprint(&sets));
        provision::ensure_roles(&server).await.context("roles")?;
        provision::ensure_template(&server, &template, &sets, true)
            .await
            .context("template")?;
        let reference = AppRef::random();
        let owner_password = Secret::random_hex(12);
        // Cloning wants the template to itself for a moment; other tests clone it too.
        let mut attempt = 0;
        loop {
            match provision::create_application(&server, &template, &reference, &owner_password)
                .await
            {
                Ok(()) => break,
                Err(e) if attempt < 100 && e.sqlstate().is_some_and(|s| s.code() == "55006") => {
                    attempt += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                Err(e) => return Err(e).context("application"),
            }
        }
        let jwt_secret = Secret::random_hex(32);
        let key = SigningKey::Hs256(jwt_secret.clone());
        let app = App {
            name: format!("test {reference}"),
            state: AppState::Active,
            created_at: clock.now(),
            keys: ApiKeys::generate(&key, clock.unix())?,
            verifier: Verifier::new(vec![key], clock.clone()),
            jwt_secret,
            database: AppDatabase::new(server.clone(), &reference, PoolSizes::default()),
            settings: ArcSwap::from_pointee(settings),
            activity: Arc::default(),
            stream: Default::default(),
            clock,
            reference,
        };
        Ok(Self {
            app: Arc::new(app),
            owner_password,
            server,
        })
    }

    /// Runs `sql` (several statements allowed) as the application's owner role, as the console's
    /// SQL editor does.
    ///
    /// # Errors
    /// PostgreSQL's refusal.
    pub async fn sql(&self, sql: &str) -> Result<()> {
        self.owner()
            .await?
            .batch_execute(sql)
            .await
            .with_context(|| sql.to_owned())
    }

    /// A connection as the application's owner role.
    ///
    /// # Errors
    /// If it cannot be made.
    pub async fn owner(&self) -> Result<tokio_postgres::Client> {
        let mut config = self.app.database.admin_config();
        config
            .user(self.app.reference.owner_role())
            .password(self.owner_password.expose());
        Ok(connect::connect(&config).await?.0)
    }

    /// The login that callers' statements run in.
    pub fn login(&self) -> String {
        hearth_pg::server::authenticator(self.app.database.name())
    }

    /// A connection as the server's superuser to the application's database.
    ///
    /// # Errors
    /// If it cannot be made.
    pub async fn superuser(&self) -> Result<tokio_postgres::Client> {
        Ok(connect::connect(&self.app.database.admin_config()).await?.0)
    }

    /// A request context as the gateway would make it.
    pub fn context(&self, bearer: Bearer) -> RequestContext {
        RequestContext {
            app: self.app.clone(),
            request_id: RequestId::new(),
            api_key: Some(ApiKeyKind::Publishable),
            bearer,
            base_url: "http://localhost:8000".into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// A request with the anon key and no user.
    pub fn anon(&self) -> RequestContext {
        self.context(Bearer::Token(Claims::of_role("anon")))
    }

    /// A request with the service key.
    pub fn service(&self) -> RequestContext {
        self.context(Bearer::Token(Claims::of_role("service_role")))
    }

    /// A request of the signed-in user `id`.
    pub fn user(&self, id: &str) -> RequestContext {
        let claims = json!({"role": "authenticated", "sub": id, "aud": "authenticated"});
        let Value::Object(fields) = claims else {
            unreachable!("an object literal")
        };
        self.context(Bearer::Token(Claims::new(fields)))
    }

    /// Drops the database and its owner.
    ///
    /// # Errors
    /// PostgreSQL's refusal.
    pub async fn drop_database(self) -> Result<()> {
        self.app.database.close();
        Ok(provision::drop_application(&self.server, &self.app.reference).await?)
    }
}

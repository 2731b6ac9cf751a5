//! PostgreSQL and the registry for one process: the server's own, or for a command that works
//! beside a running server, or alone.

use std::sync::Arc;

use anyhow::Context;
use hearth_apps::Registry;
use hearth_apps::database::PoolSizes;
use hearth_apps::registry::{CONTROL_DATABASE, RegistryOptions};
use hearth_apps::seal::MasterKey;
use hearth_config::ServerConfig;
use hearth_core::{AppRef, Secret, SystemClock};
use hearth_pg::embedded::{Embedded, EmbeddedConfig, ServerLog};
use hearth_pg::server::Powers;
use hearth_pg::{Server, connect, external};
use tokio_postgres::Config;

use crate::compose;
use crate::runtime_file::RuntimeFile;

/// Where PostgreSQL comes from in this process.
pub(crate) enum Source {
    /// A server of somebody else's.
    External,
    /// Started by this process.
    Embedded(Box<Embedded>),
    /// Started by a server that runs beside this process.
    Beside(RuntimeFile),
}

/// An open database with its applications.
pub(crate) struct OpenDatabase {
    /// The applications.
    pub(crate) registry: Arc<Registry>,
    /// The server.
    pub(crate) server: Arc<Server>,
    /// Where it comes from.
    pub(crate) source: Source,
    /// What cannot be done on it, one sentence each.
    pub(crate) cannot: Vec<String>,
}

/// Makes the data directory, readable by its owner only, and its key.
fn key(config: &ServerConfig) -> anyhow::Result<MasterKey> {
    use std::os::unix::fs::DirBuilderExt;
    let dir = &config.data_dir;
    if !dir.is_dir() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(dir)
            .with_context(|| format!("setting data_dir: cannot make {}", dir.display()))?;
    }
    Ok(MasterKey::load_or_create(&dir.join("hearth.key"))?)
}

impl OpenDatabase {
    /// For a command: beside the running server if there is one, else with a PostgreSQL of its own
    /// for as long as the command takes.
    pub(crate) async fn open(config: &ServerConfig) -> anyhow::Result<Self> {
        // Only `serve` makes a data directory: a command in the wrong folder must not.
        anyhow::ensure!(
            config.data_dir.join("hearth.key").is_file(),
            "there is no Hearth in {}: start it with `hearth serve`, or name its directory with \
             --data-dir",
            config.data_dir.display()
        );
        if config.database_url.is_none()
            && let Some(file) = RuntimeFile::read(&config.data_dir)
        {
            let mut base = Config::new();
            base.host(&file.pg_host).port(file.pg_port);
            let key = key(config)?;
            let server = Server {
                base,
                admin_user: file.admin_user.clone(),
                admin_password: file.admin_password.clone(),
                service_password: key.derive("service"),
                maintenance_database: "postgres".to_owned(),
                powers: Powers::ALL,
            };
            // A file left over from a crash leads nowhere; then this process starts PostgreSQL.
            if hearth_pg::provision::admin(&server).await.is_ok() {
                return Self::with(config, server, Source::Beside(file), Vec::new(), key).await;
            }
        }
        Self::start(config).await
    }

    /// For the server: PostgreSQL is this process's own, or external.
    pub(crate) async fn start(config: &ServerConfig) -> anyhow::Result<Self> {
        let key = key(config)?;
        if let Some(url) = &config.database_url {
            let (server, cannot) = external::probe(url, key.derive("service")).await?;
            return Self::with(config, server, Source::External, cannot, key).await;
        }
        let embedded = Embedded::start(EmbeddedConfig {
            data_dir: config.data_dir.clone(),
            bin: config.pg_bin.clone(),
            port: config.pg_port,
            settings: Vec::new(),
        })
        .await?;
        let mut server = embedded.server();
        server.service_password = key.derive("service");
        Self::with(
            config,
            server,
            Source::Embedded(Box::new(embedded)),
            Vec::new(),
            key,
        )
        .await
    }

    async fn with(
        config: &ServerConfig,
        server: Server,
        source: Source,
        cannot: Vec<String>,
        key: MasterKey,
    ) -> anyhow::Result<Self> {
        let server = Arc::new(server);
        let options = RegistryOptions {
            control_database: CONTROL_DATABASE.to_owned(),
            key,
            sets: compose::migration_sets(),
            pool_sizes: PoolSizes {
                callers: config.db_pool_callers,
                service: config.db_pool_service,
                wait: config.db_pool_wait,
            },
            clock: Arc::new(SystemClock),
            own_server: !matches!(source, Source::External),
        };
        match Registry::open(server.clone(), options).await {
            Ok(registry) => Ok(Self {
                registry,
                server,
                source,
                cannot,
            }),
            Err(error) => {
                if let Source::Embedded(embedded) = source {
                    embedded.stop().await;
                }
                Err(error).context("the database could not be prepared")
            }
        }
    }

    /// The address that clients use.
    pub(crate) fn base_url(&self, config: &ServerConfig) -> String {
        if let Some(url) = &config.public_url {
            return url.clone();
        }
        match RuntimeFile::read(&config.data_dir) {
            Some(file) => file.url,
            None => format!("http://{}:{}", display_host(&config.host), config.port),
        }
    }

    /// Loopback host and port of PostgreSQL.
    pub(crate) fn address(&self) -> (String, u16) {
        use tokio_postgres::config::Host;
        match &self.source {
            Source::Embedded(embedded) => ("127.0.0.1".to_owned(), embedded.tcp_port()),
            Source::Beside(file) => ("127.0.0.1".to_owned(), file.pg_tcp_port),
            Source::External => {
                let host = match self.server.base.get_hosts().first() {
                    Some(Host::Tcp(host)) => host.clone(),
                    Some(Host::Unix(path)) => path.to_string_lossy().into_owned(),
                    None => "localhost".to_owned(),
                };
                (
                    host,
                    self.server
                        .base
                        .get_ports()
                        .first()
                        .copied()
                        .unwrap_or(5432),
                )
            }
        }
    }

    /// What PostgreSQL says, where this process started it.
    pub(crate) fn server_log(&self) -> Option<ServerLog> {
        match &self.source {
            Source::Embedded(embedded) => Some(embedded.log()),
            Source::Beside(_) | Source::External => None,
        }
    }

    /// TCP port of PostgreSQL on the loopback interface.
    pub(crate) fn tcp_port(&self) -> u16 {
        self.address().1
    }

    /// `DB_URL` of an application: its owner role.
    pub(crate) fn owner_url(&self, reference: &AppRef, password: &Secret) -> String {
        let (host, port) = self.address();
        format!(
            "postgresql://{}:{}@{host}:{port}/{}",
            reference.owner_role(),
            password.expose(),
            reference.database()
        )
    }

    /// `ADMIN_DB_URL`: the superuser of the embedded cluster.
    pub(crate) fn admin_url(&self) -> Option<String> {
        if matches!(self.source, Source::External) {
            return None;
        }
        let (host, port) = self.address();
        let (user, password) = (&self.server.admin_user, self.server.admin_password.expose());
        Some(format!(
            "postgresql://{user}:{password}@{host}:{port}/postgres"
        ))
    }

    /// A connection as the owner of an application.
    pub(crate) async fn owner_client(
        &self,
        reference: &AppRef,
    ) -> anyhow::Result<tokio_postgres::Client> {
        let app = self
            .registry
            .get(reference)
            .with_context(|| format!("there is no application {reference}"))?;
        let password = self.registry.owner_password(reference)?;
        let mut config = app.database.admin_config();
        config
            .user(reference.owner_role())
            .password(password.expose());
        Ok(connect::connect(&config).await?.0)
    }

    /// Stops PostgreSQL if this process started it.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if let Source::Embedded(embedded) = self.source {
            embedded.stop().await;
        }
        Ok(())
    }
}

/// A listening address as something that can be typed into a browser.
pub(crate) fn display_host(host: &str) -> &str {
    match host {
        "0.0.0.0" | "::" | "127.0.0.1" | "::1" => "localhost",
        host => host,
    }
}

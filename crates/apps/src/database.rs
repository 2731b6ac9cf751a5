//! An application's database and the pools into it. Each pool opens connections when they are
//! needed and closes them when they have been idle.

use std::sync::Arc;
use std::time::Duration;

use hearth_core::AppRef;
use hearth_pg::callers::Held;
use hearth_pg::{Callers, Conn, Login, PgError, Pool, Server};
use tokio_postgres::Config;

/// The role a service's own work runs as. No superuser, and never the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceRole {
    /// Owns schema `auth`.
    Auth,
    /// Owns schema `storage`.
    Storage,
    /// Owns schema `realtime`.
    Realtime,
    /// Owns schema `supabase_functions`.
    Functions,
}

impl ServiceRole {
    /// The PostgreSQL role.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "supabase_auth_admin",
            Self::Storage => "supabase_storage_admin",
            Self::Realtime => "supabase_realtime_admin",
            Self::Functions => "supabase_functions_admin",
        }
    }
}

/// How many connections an application may hold.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// For callers' requests.
    pub callers: usize,
    /// For each service's own work.
    pub service: usize,
    /// How long a request waits for a free connection.
    pub wait: Duration,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self {
            callers: 10,
            service: 4,
            wait: Duration::from_secs(10),
        }
    }
}

/// Pools into one application's database.
#[derive(Clone)]
pub struct AppDatabase {
    server: Arc<Server>,
    name: String,
    callers: Callers,
    auth: Pool,
    storage: Pool,
    realtime: Pool,
    functions: Pool,
}

impl AppDatabase {
    /// Pools into `reference`'s database on `server`. Opens nothing.
    pub fn new(server: Arc<Server>, reference: &AppRef, sizes: PoolSizes) -> Self {
        Self::named(server, reference.database(), sizes)
    }

    /// As [`AppDatabase::new`], for a database of another name.
    pub fn named(server: Arc<Server>, name: String, sizes: PoolSizes) -> Self {
        let service = |role: ServiceRole| {
            let login = Login::Service { role: role.name() };
            Pool::new(server.config(&login, &name), sizes.service, sizes.wait)
        };
        let caller = server.config(&Login::Authenticator, &name);
        Self {
            callers: Callers::new(caller, sizes.callers, sizes.wait),
            auth: service(ServiceRole::Auth),
            storage: service(ServiceRole::Storage),
            realtime: service(ServiceRole::Realtime),
            functions: service(ServiceRole::Functions),
            server,
            name,
        }
    }

    /// A connection for a caller's work: its `authenticator` login, to be used only through
    /// [`hearth_pg::scope`], which takes on the caller's role and claims for one transaction.
    ///
    /// # Errors
    /// As [`Pool::get`].
    pub async fn caller(&self) -> Result<Held<Conn>, PgError> {
        self.callers.session().await
    }

    /// All connections for callers' work: login `authenticator`.
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// A connection for a service's own work, beyond the caller's rights.
    ///
    /// # Errors
    /// As [`Pool::get`].
    pub async fn service(&self, role: ServiceRole) -> Result<Conn, PgError> {
        match role {
            ServiceRole::Auth => self.auth.get().await,
            ServiceRole::Storage => self.storage.get().await,
            ServiceRole::Realtime => self.realtime.get().await,
            ServiceRole::Functions => self.functions.get().await,
        }
    }

    /// Parameters of an admin connection: replication, migrations. Never for statements that
    /// users' triggers or functions can ride on.
    pub fn admin_config(&self) -> Config {
        self.server.config(&Login::Admin, &self.name)
    }

    /// Parameters of an `authenticator` connection outside the pool, for LISTEN.
    pub fn listen_config(&self) -> Config {
        self.server.config(&Login::Authenticator, &self.name)
    }

    /// The server the database is on.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Of the services.
    fn pools(&self) -> [&Pool; 4] {
        let Self {
            auth,
            storage,
            realtime,
            functions,
            ..
        } = self;
        [auth, storage, realtime, functions]
    }

    /// Closes connections that nobody has used for `idle`.
    pub fn close_idle(&self, idle: Duration) {
        self.callers.close_idle(idle);
        for pool in self.pools() {
            pool.close_idle(idle);
        }
    }

    /// Closes everything for good.
    pub fn close(&self) {
        self.callers.close();
        for pool in self.pools() {
            pool.close();
        }
    }

    /// Whether it has been closed: the application was deleted, or another value took its place.
    pub fn is_closed(&self) -> bool {
        self.callers.is_closed()
    }

    /// Open connections over all pools.
    pub fn open_connections(&self) -> usize {
        self.callers.open()
            + self
                .pools()
                .iter()
                .map(|pool| pool.usage().0)
                .sum::<usize>()
    }
}

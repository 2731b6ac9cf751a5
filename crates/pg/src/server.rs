//! Which PostgreSQL server Hearth works on, and the logins it has there.

use std::time::Duration;

use hearth_core::Secret;
use sha2::{Digest, Sha256};
use tokio_postgres::Config;

/// The logins of Hearth. All but the admin exist once for each application: CONNECT on its database
/// hangs on them, and code of the application's users can become the login of its session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Login {
    /// Creates databases and roles, migrates, replicates. A superuser on the embedded cluster;
    /// the given user on an external server.
    Admin,
    /// `authenticator_<database>`: NOINHERIT, becomes `anon`, `authenticated` or `service_role` through
    /// [`crate::scope`]. Callers' requests run here and nowhere else.
    Authenticator,
    /// `hearth_service_<database>`, started as one of the service roles (`supabase_auth_admin`,
    /// `supabase_storage_admin`, `supabase_realtime_admin`): the services' own work. No superuser,
    /// since users may put triggers on the services' tables.
    Service {
        /// The role that the session takes on at start.
        role: &'static str,
    },
}

/// Address and credentials of the server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Host, port, TLS mode; user, password and database are filled in per connection.
    pub base: Config,
    /// The admin's user name.
    pub admin_user: String,
    /// Its password.
    pub admin_password: Secret,
    /// What the passwords of the applications' logins are derived from.
    pub service_password: Secret,
    /// Name of the admin's maintenance database, `postgres` as a rule.
    pub maintenance_database: String,
    /// What the admin may do here; all true on the embedded cluster.
    pub powers: Powers,
}

/// What an external server lets Hearth do. Each absent power is named at start-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powers {
    /// The admin is a superuser: event triggers, BYPASSRLS before PostgreSQL 16, file functions.
    pub superuser: bool,
    /// The admin may create roles.
    pub create_role: bool,
    /// The admin may create databases.
    pub create_db: bool,
    /// The admin may stream replication and `wal_level` is `logical`.
    pub replication: bool,
    /// The admin may give BYPASSRLS to `service_role`.
    pub bypass_rls: bool,
}

impl Powers {
    /// Everything, as on the embedded cluster.
    pub const ALL: Self = Self {
        superuser: true,
        create_role: true,
        create_db: true,
        replication: true,
        bypass_rls: true,
    };
}

/// The login of callers' requests to `database`.
pub fn authenticator(database: &str) -> String {
    format!("authenticator_{database}")
}

/// The login of the services' own work in `database`.
pub fn service_login(database: &str) -> String {
    format!("hearth_service_{database}")
}

impl Server {
    /// The password of an application's login: knowing one gives no other away.
    pub(crate) fn login_password(&self, login: &str) -> Secret {
        let mut hash = Sha256::new();
        hash.update(self.service_password.expose());
        hash.update([0]);
        hash.update(login);
        Secret::new(hex::encode(hash.finalize()))
    }

    /// Connection parameters of `login` to `database`.
    pub fn config(&self, login: &Login, database: &str) -> Config {
        let mut config = self.base.clone();
        config
            .dbname(database)
            .connect_timeout(Duration::from_secs(5))
            .application_name("hearth");
        match login {
            Login::Admin => {
                config
                    .user(&self.admin_user)
                    .password(self.admin_password.expose());
            }
            Login::Authenticator => {
                let user = authenticator(database);
                config.password(self.login_password(&user).expose());
                config.user(user);
            }
            Login::Service { role } => {
                let user = service_login(database);
                config
                    .password(self.login_password(&user).expose())
                    .user(user)
                    .options(format!("-c role={role}"));
            }
        }
        config
    }
}

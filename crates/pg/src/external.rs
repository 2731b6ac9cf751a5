//! An existing PostgreSQL server by URL: what it is, and what its user may do there.

use hearth_core::Secret;
use tokio_postgres::Config;

use crate::connect::{connect, describe};
use crate::error::PgError;
use crate::server::{Powers, Server};

/// Why an external server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// The URL is none.
    #[error("database_url is no PostgreSQL URL: {0}")]
    Url(String),
    /// It cannot be reached or refuses the user.
    #[error("cannot connect to the PostgreSQL of database_url: {0}")]
    Connect(String),
    /// Older than PostgreSQL 15.
    #[error("the PostgreSQL of database_url is version {0}; Hearth needs 15 or newer")]
    TooOld(String),
    /// Without these nothing works.
    #[error(
        "the user {user} of database_url lacks {lacks}, which Hearth cannot do without: \
             an application is a database with an owner of its own"
    )]
    Powerless {
        /// The user.
        user: String,
        /// What it lacks.
        lacks: String,
    },
}

/// Connects once, finds out what the user may do, and names what cannot be done.
///
/// # Errors
/// If the server cannot be used at all.
pub async fn probe(
    url: &Secret,
    service_password: Secret,
) -> Result<(Server, Vec<String>), ExternalError> {
    let base: Config = url
        .expose()
        .parse()
        .map_err(|e| ExternalError::Url(describe(&e as &dyn std::error::Error)))?;
    let failed = |e: PgError| ExternalError::Connect(describe(&e));
    let (client, _) = connect(&base).await.map_err(failed)?;
    let row = client
        .query_one(
            "select current_setting('server_version_num')::int,
                    current_setting('server_version'),
                    current_setting('wal_level'),
                    rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
                    current_database()
             from pg_roles where rolname = current_user",
            &[],
        )
        .await
        .map_err(|e| failed(e.into()))?;
    let version: i32 = row.get(0);
    if version < 150_000 {
        return Err(ExternalError::TooOld(row.get(1)));
    }
    let wal_level: &str = row.get(2);
    let user: String = row.get(3);
    let superuser: bool = row.get(4);
    let powers = Powers {
        superuser,
        create_role: superuser || row.get(5),
        create_db: superuser || row.get(6),
        replication: wal_level == "logical" && (superuser || row.get(7)),
        bypass_rls: superuser || (version >= 160_000 && row.get(8)),
    };
    let lacks: Vec<&str> = [
        (powers.create_role, "CREATEROLE"),
        (powers.create_db, "CREATEDB"),
    ]
    .iter()
    .filter(|(has, _)| !has)
    .map(|(_, name)| *name)
    .collect();
    if !lacks.is_empty() {
        return Err(ExternalError::Powerless {
            user,
            lacks: lacks.join(" and "),
        });
    }
    let cannot = limits(&user, powers, wal_level);
    let admin_password = base
        .get_password()
        .map(|p| String::from_utf8_lossy(p).into_owned());
    let server = Server {
        admin_user: user,
        admin_password: admin_password.unwrap_or_default().into(),
        service_password,
        maintenance_database: row.get(9),
        powers,
        base,
    };
    Ok((server, cannot))
}

/// What cannot be done there, one sentence each.
fn limits(user: &str, powers: Powers, wal_level: &str) -> Vec<String> {
    let mut cannot = Vec::new();
    if !powers.superuser {
        cannot.push(format!(
            "DDL event triggers: {user} is no superuser. A schema change is noticed when a request \
             asks for a name that is not known, or by NOTIFY pgrst."
        ));
    }
    if !powers.bypass_rls {
        cannot.push(format!(
            "BYPASSRLS for service_role: {user} may not give it. The service key obeys row level \
             security; give service_role policies of its own."
        ));
    }
    if !powers.replication {
        let reason = if wal_level == "logical" {
            format!("{user} has no REPLICATION")
        } else {
            format!("wal_level is {wal_level}, not logical")
        };
        cannot.push(format!(
            "Realtime changes of tables (postgres_changes): {reason}. Broadcast and presence work."
        ));
    }
    cannot
}

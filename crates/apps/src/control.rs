//! The control database: where the applications are written down.

use hearth_pg::identifier::quote;
use hearth_pg::{Migration, MigrationSet, PgError, Pool, Server, migrate, provision};

use crate::error::RegistryError;

/// The control database's name.
pub const CONTROL_DATABASE: &str = "hearth";
const CONTROL: MigrationSet = MigrationSet {
    service: "control",
    numbered: &[
        Migration {
            number: 1,
            name: "control",
            sql: include_str!("../migrations/0001_control.sql"),
        },
        Migration {
            number: 2,
            name: "console",
            sql: include_str!("../migrations/0002_console.sql"),
        },
        Migration {
            number: 3,
            name: "activity",
            sql: include_str!("../migrations/0003_activity.sql"),
        },
    ],
    repeatable: &[],
};

/// Makes the control database `name` where it is absent, and migrates it over a connection of
/// `pool`, which stays for what comes next.
pub(crate) async fn ensure_control_database(
    server: &Server,
    pool: &Pool,
    name: &str,
) -> Result<(), RegistryError> {
    let name = quote(name);
    let client = match pool.get().await {
        Ok(client) => client,
        Err(e) if e.sqlstate().is_some_and(|s| s.code() == "3D000") => {
            let admin = provision::admin(server).await?;
            match admin
                .batch_execute(&format!(
                    "create database {name} template template0 encoding 'UTF8'"
                ))
                .await
            {
                Err(e) if e.code().is_none_or(|c| c.code() != "42P04") => return Err(e.into()),
                _ => {}
            }
            admin
                .batch_execute(&format!("revoke all on database {name} from public"))
                .await?;
            pool.get().await?
        }
        Err(e) => return Err(e.into()),
    };
    migrate::migrate(&client, &[CONTROL]).await?;
    // What a migration runs with is not for the queries after it.
    let reset = client.batch_execute("reset search_path; reset lock_timeout");
    reset.await.map_err(PgError::from)?;
    Ok(())
}

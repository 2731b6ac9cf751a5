//! Databases and roles of applications: the roles of the cluster, the migrated template, and an
//! application's database cloned from it.

use hearth_core::{AppRef, Secret};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::bootstrap;
use crate::connect::connect;
use crate::error::PgError;
use crate::identifier::{literal, quote};
use crate::migrate::{MigrateError, MigrationSet, migrate};
use crate::server::{Login, Server, authenticator, service_login};

/// Locks out another process that provisions on the same server ("hearth").
const PROVISION_LOCK: i64 = 0x0068_6561_7274_6800;

/// One application's direct connections must leave room for the others and for Hearth.
const OWNER_CONNECTIONS: u32 = 60;

/// Roles that every application's owner is a member of. None of them may ever get CONNECT.
const OWNER_MEMBERSHIPS: &str = "postgres, anon, authenticated, service_role, \
     supabase_storage_admin, supabase_realtime_admin";

const AUTHENTICATOR_MEMBERSHIPS: &str = "anon, authenticated, service_role";

const SERVICE_MEMBERSHIPS: &str = "anon, authenticated, service_role, \
     supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin, \
     supabase_functions_admin";

/// A connection as admin to the maintenance database.
///
/// # Errors
/// As [`connect`].
pub async fn admin(server: &Server) -> Result<Client, PgError> {
    Ok(
        connect(&server.config(&Login::Admin, &server.maintenance_database))
            .await?
            .0,
    )
}

/// Creates the cluster's roles where they are absent.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn ensure_roles(server: &Server) -> Result<(), PgError> {
    let client = admin(server).await?;
    // One transaction: the lock ends with it, and a half-made set of roles is never seen.
    client
        .batch_execute(&format!(
            "begin; select pg_advisory_xact_lock({PROVISION_LOCK}); {} commit",
            bootstrap::ROLES
        ))
        .await?;
    Ok(())
}

/// What a set of migrations would make of an empty database, as a short text: it changes with any
/// file of the sets.
pub fn fingerprint(sets: &[MigrationSet]) -> String {
    let mut hash = Sha256::new();
    for set in sets {
        hash.update(set.service);
        for m in set.numbered {
            hash.update(m.number.to_be_bytes());
            hash.update(m.sql);
        }
        for r in set.repeatable {
            hash.update(r.name);
            hash.update(r.sql);
        }
    }
    hex::encode(&hash.finalize()[..8])
}

/// Makes the database `template` anew and migrates it, unless it exists and `keep_existing`.
///
/// # Errors
/// PostgreSQL's refusal, or the migration that failed.
pub async fn ensure_template(
    server: &Server,
    template: &str,
    sets: &[MigrationSet],
    keep_existing: bool,
) -> Result<(), MigrateError> {
    let client = admin(server).await?;
    let lock = format!("select pg_advisory_lock({PROVISION_LOCK})");
    client.batch_execute(&lock).await.map_err(PgError::from)?;
    let exists = client
        .query_opt("select 1 from pg_database where datname = $1", &[&template])
        .await
        .map_err(PgError::from)?
        .is_some();
    if exists && keep_existing {
        return Ok(());
    }
    // Nobody but the admin gets in before PUBLIC's right to connect is gone: other applications'
    // owners are members of `postgres`, which may write here.
    // Built under another name, so that a half-migrated template is never taken for a whole one.
    let building = format!("{template}_new");
    for sql in [
        format!("drop database if exists {} with (force)", quote(&building)),
        format!(
            "create database {} template template0 encoding 'UTF8' allow_connections false",
            quote(&building)
        ),
        format!("revoke all on database {} from public", quote(&building)),
        format!("alter database {} allow_connections true", quote(&building)),
        format!("grant create on database {} to postgres", quote(&building)),
    ] {
        client.batch_execute(&sql).await.map_err(PgError::from)?;
    }
    let (inside, connection) = connect(&server.config(&Login::Admin, &building)).await?;
    migrate(&inside, sets).await?;
    inside
        .batch_execute("vacuum (freeze, analyze)")
        .await
        .map_err(PgError::from)?;
    drop(inside);
    let _ = connection.await;
    for sql in [
        format!("drop database if exists {} with (force)", quote(template)),
        format!(
            "alter database {} rename to {}",
            quote(&building),
            quote(template)
        ),
    ] {
        client.batch_execute(&sql).await.map_err(PgError::from)?;
    }
    Ok(())
}

/// Makes an application's database out of `template`, and its owner role with `password`.
///
/// # Errors
/// PostgreSQL's refusal: 42710 where the role exists, 42P04 where the database does. What this
/// call had made is taken away again, and nothing else.
pub async fn create_application(
    server: &Server,
    template: &str,
    reference: &AppRef,
    password: &Secret,
) -> Result<(), PgError> {
    let client = admin(server).await?;
    let owner = quote(&reference.owner_role());
    let password = literal(password.expose());
    client
        .batch_execute(&format!(
            "begin; select pg_advisory_xact_lock({PROVISION_LOCK});
             create role {owner} login connection limit {OWNER_CONNECTIONS} password {password};
             alter role {owner} set search_path = \"$user\", public, extensions;
             grant {OWNER_MEMBERSHIPS} to {owner}; commit"
        ))
        .await?;
    let database = quote(&reference.database());
    let template = quote(template);
    if let Err(error) = client
        .batch_execute(&format!(
            "create database {database} template {template} allow_connections false"
        ))
        .await
    {
        client
            .batch_execute(&format!("drop role if exists {owner}"))
            .await?;
        return Err(error.into());
    }
    let opened = open_to_owner(server, &client, reference).await;
    if opened.is_err()
        && let Err(error) = drop_application(server, reference).await
    {
        tracing::warn!(%error, app.reference = %reference, "half-made application is left over");
    }
    opened
}

/// Makes Hearth's logins to an application's database where they are absent, sets their passwords,
/// and lets nobody else of Hearth's roles in.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn ensure_logins(server: &Server, reference: &AppRef) -> Result<(), PgError> {
    let client = admin(server).await?;
    let name = reference.database();
    let database = quote(&name);
    let mut sql = format!("begin; select pg_advisory_xact_lock({PROVISION_LOCK});");
    for (login, memberships) in [
        (authenticator(&name), AUTHENTICATOR_MEMBERSHIPS),
        (service_login(&name), SERVICE_MEMBERSHIPS),
    ] {
        let exists = client
            .query_opt("select 1 from pg_roles where rolname = $1", &[&login])
            .await?
            .is_some();
        let verb = if exists { "alter" } else { "create" };
        let password = literal(server.login_password(&login).expose());
        let login = quote(&login);
        sql.push_str(&format!(
            "{verb} role {login} login noinherit password {password};
             grant {memberships} to {login};
             grant connect on database {database} to {login};"
        ));
    }
    // What PUBLIC would have: users' functions keep results in temporary tables. It lets nobody in.
    sql.push_str(&format!(
        "grant temporary on database {database} to {SERVICE_MEMBERSHIPS};"
    ));
    // Logins that all applications shared once.
    let shared =
        "select rolname from pg_roles where rolname in ('authenticator', 'hearth_service')";
    for row in client.query(shared, &[]).await? {
        let role = quote(row.get(0));
        sql.push_str(&format!(
            "revoke connect on database {database} from {role};"
        ));
    }
    client.batch_execute(&format!("{sql} commit")).await?;
    Ok(())
}

/// Gives a new application's database to its owner, and to nobody else but Hearth's logins.
async fn open_to_owner(
    server: &Server,
    client: &Client,
    reference: &AppRef,
) -> Result<(), PgError> {
    let database = quote(&reference.database());
    let owner = quote(&reference.owner_role());
    client
        .batch_execute(&format!(
            "begin;
             revoke all on database {database} from public;
             grant connect, create, temporary on database {database} to {owner};
             alter database {database} allow_connections true;
             commit"
        ))
        .await?;
    ensure_logins(server, reference).await?;
    let (inside, _) = connect(&server.config(&Login::Admin, &reference.database())).await?;
    let on = |kind: &str| {
        format!(
            "alter default privileges for role {owner} in schema public
             grant all on {kind} to postgres, anon, authenticated, service_role;"
        )
    };
    // Default privileges of another role can only be set by its member.
    let join = if server.powers.superuser {
        String::new()
    } else {
        format!("grant {owner} to current_user;")
    };
    let sql = ["tables", "functions", "sequences"].map(on).concat();
    inside
        .batch_execute(&format!("begin; {join} {sql} commit"))
        .await?;
    Ok(())
}

/// Drops an application's database and owner role, open connections included. Absent ones are
/// no error.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn drop_application(server: &Server, reference: &AppRef) -> Result<(), PgError> {
    let client = admin(server).await?;
    let database = reference.database();
    // A replication slot keeps its database alive.
    client
        .execute(
            "select pg_terminate_backend(active_pid) from pg_replication_slots
             where database = $1 and active_pid is not null",
            &[&database],
        )
        .await?;
    for _ in 0..50 {
        let dropped = client
            .execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots
                 where database = $1 and not active",
                &[&database],
            )
            .await;
        let left = client
            .query_one(
                "select count(*) from pg_replication_slots where database = $1",
                &[&database],
            )
            .await?
            .get::<_, i64>(0);
        if dropped.is_ok() && left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    client
        .batch_execute(&format!(
            "drop database if exists {} with (force)",
            quote(&database)
        ))
        .await?;
    let [owner, callers, services] = [
        reference.owner_role(),
        authenticator(&database),
        service_login(&database),
    ]
    .map(|role| quote(&role));
    client
        .batch_execute(&format!(
            "drop role if exists {owner}, {callers}, {services}"
        ))
        .await?;
    Ok(())
}

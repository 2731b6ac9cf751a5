//! What policies on `realtime.messages` let a caller do on a private channel. A rehearsal in a
//! transaction that is always rolled back: for reading, rows are put there first and looked for
//! as the caller; for writing, the caller tries to insert.

use hearth_apps::{App, ServiceRole};
use hearth_pg::{Access, PgError, Rights, Scoped};

use crate::caller::Caller;

/// Search path of policies' rehearsal; policies name their objects when they are made.
const SEARCH_PATH: &str = "\"public\", \"extensions\"";

/// What was found out; none: not asked yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policies {
    /// May receive broadcasts.
    pub broadcast_read: Option<bool>,
    /// May send broadcasts.
    pub broadcast_write: Option<bool>,
    /// May see who is present.
    pub presence_read: Option<bool>,
    /// May be present.
    pub presence_write: Option<bool>,
}

/// Why a policy could not be asked.
#[derive(Debug)]
pub enum AuthorizeError {
    /// The database is away.
    Unavailable,
    /// Every connection stayed busy.
    Busy,
    /// The policy, or the role, is at fault.
    Policy(String),
}

impl From<PgError> for AuthorizeError {
    fn from(error: PgError) -> Self {
        match error {
            PgError::PoolTimeout => Self::Busy,
            error if error.is_unavailable() => Self::Unavailable,
            error => Self::Policy(hearth_pg::connect::describe(&error)),
        }
    }
}

/// What callers of every application may be.
const API_ROLES: [&str; 3] = ["anon", "authenticated", "service_role"];

fn rights<'a>(caller: &'a Caller, headers: &'a str) -> Rights<'a> {
    Rights {
        role: caller.role(),
        claims: caller.claims.as_json(),
        search_path: SEARCH_PATH,
        request: hearth_pg::scope::RequestSettings {
            headers,
            ..Default::default()
        },
    }
}

/// Whether `realtime.messages` has no partition for today: nobody has looked after it for days.
fn lacks_partition(error: &PgError) -> bool {
    error
        .sqlstate()
        .is_some_and(|state| state.code() == "23514")
}

/// Makes the partitions of `realtime.messages` for the next days.
///
/// # Errors
/// PostgreSQL's refusal.
pub async fn keep_partitions(app: &App) -> Result<(), PgError> {
    let client = app.database.service(ServiceRole::Realtime).await?;
    client
        .batch_execute("select realtime.keep_partitions()")
        .await?;
    Ok(())
}

/// Asks who may read from `topic`.
///
/// # Errors
/// Where the database is away or a policy fails.
pub async fn read(
    app: &App,
    caller: &Caller,
    headers: &str,
    topic: &str,
) -> Result<Policies, AuthorizeError> {
    match rehearse_reading(app, caller, headers, topic).await {
        Err(error) if lacks_partition(&error) => {
            keep_partitions(app).await?;
            Ok(rehearse_reading(app, caller, headers, topic).await?)
        }
        answer => Ok(answer?),
    }
}

async fn rehearse_reading(
    app: &App,
    caller: &Caller,
    headers: &str,
    topic: &str,
) -> Result<Policies, PgError> {
    if !API_ROLES.contains(&caller.role()) {
        // The login of the services may become more than that of the callers: the latter decides.
        let client = app.database.caller().await?;
        let asked = Scoped::begin(&client, Access::ReadOnly, &rights(caller, headers)).await?;
        asked.rollback().await?;
    }
    // The login that may be both: who puts the rows there, and who looks at them.
    let client = app.database.service(ServiceRole::Realtime).await?;
    let login = Rights {
        role: ServiceRole::Realtime.name(),
        claims: "{}",
        search_path: SEARCH_PATH,
        request: hearth_pg::scope::RequestSettings::default(),
    };
    let scoped = Scoped::begin(&client, Access::ReadWrite, &login).await?;
    let probes = scoped
        .query("select * from realtime.rehearse_reading($1)", &[&topic])
        .await?;
    let mut policies = Policies::default();
    if let Some(probe) = probes.first() {
        let (broadcast, presence): (uuid::Uuid, uuid::Uuid) = (probe.get(0), probe.get(1));
        scoped.assume(&rights(caller, headers)).await?;
        set_topic(&scoped, topic).await?;
        let seen = scoped
            .query(
                "select id from realtime.messages where id in ($1, $2)",
                &[&broadcast, &presence],
            )
            .await?;
        let sees = |id: uuid::Uuid| seen.iter().any(|row| row.get::<_, uuid::Uuid>(0) == id);
        policies.broadcast_read = Some(sees(broadcast));
        policies.presence_read = Some(sees(presence));
    }
    scoped.rollback().await?;
    Ok(policies)
}

/// Asks what the caller may send to `topic`, and adds it to `policies`.
///
/// # Errors
/// Where the database is away or a policy fails for another reason than that it forbids.
pub async fn write(
    app: &App,
    caller: &Caller,
    headers: &str,
    topic: &str,
    mut policies: Policies,
) -> Result<Policies, AuthorizeError> {
    policies.broadcast_write = Some(may_insert(app, caller, headers, topic, "broadcast").await?);
    policies.presence_write = Some(may_insert(app, caller, headers, topic, "presence").await?);
    Ok(policies)
}

async fn may_insert(
    app: &App,
    caller: &Caller,
    headers: &str,
    topic: &str,
    extension: &str,
) -> Result<bool, AuthorizeError> {
    match rehearse_insert(app, caller, headers, topic, extension).await {
        Err(error) if lacks_partition(&error) => {
            keep_partitions(app).await?;
            Ok(rehearse_insert(app, caller, headers, topic, extension).await?)
        }
        answer => Ok(answer?),
    }
}

async fn rehearse_insert(
    app: &App,
    caller: &Caller,
    headers: &str,
    topic: &str,
    extension: &str,
) -> Result<bool, PgError> {
    let client = app.database.caller().await?;
    let scoped = Scoped::begin(&client, Access::ReadWrite, &rights(caller, headers)).await?;
    set_topic(&scoped, topic).await?;
    let inserted = scoped
        .execute(
            "insert into realtime.messages (topic, extension) values ($1, $2)",
            &[&topic, &extension],
        )
        .await;
    scoped.rollback().await?;
    match inserted {
        Ok(_) => Ok(true),
        // insufficient_privilege: what a policy's refusal looks like.
        Err(error)
            if error
                .sqlstate()
                .is_some_and(|state| state.code() == "42501") =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn set_topic(scoped: &Scoped<'_>, topic: &str) -> Result<(), PgError> {
    scoped
        .execute("select set_config('realtime.topic', $1, true)", &[&topic])
        .await?;
    Ok(())
}

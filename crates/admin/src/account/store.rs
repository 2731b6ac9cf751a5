//! The administrators' records in the control database.

use chrono::{DateTime, Utc};
use hearth_pg::Conn;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::error::AdminError;

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Everything, administrators included.
    Owner,
    /// Everything inside applications.
    Developer,
    /// Reading.
    Viewer,
}

impl Role {
    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "owner" => Self::Owner,
            "developer" => Self::Developer,
            _ => Self::Viewer,
        }
    }
}

/// An administrator.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Administrator {
    /// The name to sign in with.
    pub(crate) username: String,
    /// What they may do.
    pub(crate) role: Role,
    /// Which applications they may see; none: all.
    #[schema(required)]
    pub(crate) apps: Option<Vec<String>>,
    /// When they were added.
    pub(crate) created_at: DateTime<Utc>,
}

impl Administrator {
    /// Whether they may see the application `reference`.
    pub(crate) fn sees(&self, reference: &str) -> bool {
        self.apps
            .as_ref()
            .is_none_or(|apps| apps.iter().any(|app| app == reference))
    }

    /// Reads `username, role, apps, created_at`.
    pub(crate) fn read(row: &Row) -> Self {
        Self {
            username: row.get(0),
            role: Role::parse(row.get(1)),
            apps: row.get(2),
            created_at: row.get(3),
        }
    }
}

/// All administrators by name.
pub(crate) async fn list(control: &Conn) -> Result<Vec<Administrator>, AdminError> {
    let rows = control
        .query(
            "select username, role, apps, created_at from hearth.administrators order by username",
            &[],
        )
        .await?;
    Ok(rows.iter().map(Administrator::read).collect())
}

/// An administrator and the hash of the password.
pub(crate) async fn find(
    control: &Conn,
    username: &str,
) -> Result<Option<(Administrator, String)>, AdminError> {
    let row = control
        .query_opt(
            "select username, role, apps, created_at, password_hash
             from hearth.administrators where username = $1",
            &[&username],
        )
        .await?;
    Ok(row.map(|row| (Administrator::read(&row), row.get(4))))
}

/// Adds an administrator; false if the name is taken.
pub(crate) async fn add(
    control: &Conn,
    username: &str,
    hash: &str,
    role: Role,
    apps: Option<&[String]>,
) -> Result<bool, AdminError> {
    let added = control
        .execute(
            "insert into hearth.administrators (username, password_hash, role, apps)
             values ($1, $2, $3, $4) on conflict do nothing",
            &[&username, &hash, &role.as_str(), &apps],
        )
        .await?;
    Ok(added > 0)
}

/// A new password: all sessions of that administrator but `keep` end.
pub(crate) async fn set_password(
    control: &Conn,
    username: &str,
    hash: &str,
    keep: Option<&[u8]>,
) -> Result<bool, AdminError> {
    let changed = control
        .execute(
            "with ended as (
                 delete from hearth.console_sessions
                 where username = $1 and token_hash is distinct from $3
             )
             update hearth.administrators set password_hash = $2, updated_at = now()
             where username = $1",
            &[&username, &hash, &keep],
        )
        .await?;
    Ok(changed > 0)
}

/// Another role and other applications.
pub(crate) async fn set_rights(
    control: &Conn,
    username: &str,
    role: Role,
    apps: Option<&[String]>,
) -> Result<bool, AdminError> {
    guarded(
        control,
        "update hearth.administrators set role = $2, apps = $3, updated_at = now()
         where username = $1",
        &[&username, &role.as_str(), &apps],
    )
    .await
}

/// Removes an administrator with their sessions.
pub(crate) async fn remove(control: &Conn, username: &str) -> Result<bool, AdminError> {
    guarded(
        control,
        "delete from hearth.administrators where username = $1",
        &[&username],
    )
    .await
}

/// Runs a change that must leave an owner of all applications. One statement, so that a request
/// that is cut off leaves nothing behind; the lock keeps two of them apart.
async fn guarded(
    control: &Conn,
    change: &str,
    values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<bool, AdminError> {
    // The condition looks at everybody else: the change itself is about one.
    let guard = match change.starts_with("delete") {
        true => "",
        false => "($2 = 'owner' and $3::text[] is null) or ",
    };
    let sql = format!(
        "{change} and ({guard} exists (
             select from hearth.administrators other
             where other.username <> $1 and other.role = 'owner' and other.apps is null
             for update
         ))"
    );
    let changed = control.execute(&sql, values).await?;
    if changed > 0 {
        return Ok(true);
    }
    let username = values.first().copied();
    let Some(username) = username else {
        return Ok(false);
    };
    let exists = control
        .query_opt(
            "select from hearth.administrators where username = $1",
            &[username],
        )
        .await?
        .is_some();
    if exists {
        Err(AdminError::LastOwner)
    } else {
        Ok(false)
    }
}

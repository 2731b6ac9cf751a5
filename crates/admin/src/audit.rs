//! The record of who did what. Written before the answer; a record that cannot be written fails
//! the request, after the fact only where the deed is done already.

use std::net::IpAddr;

use hearth_pg::Conn;
use serde_json::Value;

use crate::error::AdminError;

/// A deed to be recorded.
pub(crate) struct Entry<'e> {
    /// Who.
    pub(crate) username: &'e str,
    /// From where.
    pub(crate) address: IpAddr,
    /// What: `app.create`, `secrets.read` …
    pub(crate) action: &'e str,
    /// In which application.
    pub(crate) app: Option<&'e str>,
    /// More about it, without secrets.
    pub(crate) details: Value,
}

/// Records `entry`.
pub(crate) async fn record(control: &Conn, entry: Entry<'_>) -> Result<(), AdminError> {
    let statement = control
        .prepare(
            "insert into hearth.audit_log (username, address, action, app, details)
             values ($1, $2, $3, $4, $5)",
        )
        .await?;
    control
        .execute(
            &statement,
            &[
                &entry.username,
                &entry.address.to_string(),
                &entry.action,
                &entry.app,
                &entry.details,
            ],
        )
        .await?;
    Ok(())
}

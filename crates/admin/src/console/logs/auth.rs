//! The audit log that auth keeps in the application's own database.

use chrono::{DateTime, Utc};
use hearth_apps::activity::Level;
use hearth_apps::{App, ServiceRole};
use serde_json::Value;
use uuid::Uuid;

use super::{Entry, Wanted};
use crate::error::AdminError;

/// An application whose database has no such table has no such log.
const UNDEFINED_TABLE: &str = "42P01";

pub(super) async fn entries(app: &App, wanted: &Wanted) -> Result<Vec<Entry>, AdminError> {
    if !wanted.level(Level::Info) {
        return Ok(Vec::new());
    }
    let conn = app.database.service(ServiceRole::Auth).await?;
    let statement = conn
        .prepare(
            r"select id, created_at, payload::jsonb, ip_address::text
              from auth.audit_log_entries
              where created_at >= $1 and created_at < $2
                and ($3::text is null or payload::text ilike $3 or ip_address ilike $3)
              order by created_at desc, id limit $4",
        )
        .await;
    let statement = match statement {
        Err(error)
            if error
                .sqlstate()
                .is_some_and(|s| s.code() == UNDEFINED_TABLE) =>
        {
            return Ok(Vec::new());
        }
        prepared => prepared?,
    };
    let pattern = wanted.text.as_deref().map(|text| {
        let escaped = text.replace('\\', r"\\").replace('%', r"\%");
        format!("%{}%", escaped.replace('_', r"\_"))
    });
    let limit = i64::try_from(wanted.limit).unwrap_or(100);
    let to = wanted.to.min(app.clock.now() + chrono::Duration::days(1));
    let rows = conn
        .query(&statement, &[&wanted.from, &to, &pattern, &limit])
        .await?;
    let entries = rows.iter().map(|row| {
        let payload: Option<Value> = row.get(2);
        let payload = payload.unwrap_or_default();
        Entry {
            id: row.get::<_, Uuid>(0).to_string(),
            at: row
                .get::<_, Option<DateTime<Utc>>>(1)
                .unwrap_or(DateTime::UNIX_EPOCH),
            service: "auth".to_owned(),
            level: Level::Info.into(),
            message: message(&payload),
            details: with_address(payload, row.get(3)),
        }
    });
    Ok(entries.collect())
}

/// `login somebody@example.com`
fn message(payload: &Value) -> String {
    let part = |name: &str| payload[name].as_str().unwrap_or_default();
    let actor = match part("actor_username") {
        "" => part("actor_id"),
        name => name,
    };
    format!("{} {actor}", part("action")).trim().to_owned()
}

fn with_address(mut payload: Value, address: Option<String>) -> Value {
    if let (Some(fields), Some(address)) = (payload.as_object_mut(), address)
        && !address.is_empty()
    {
        fields.insert("ip_address".to_owned(), address.into());
    }
    payload
}

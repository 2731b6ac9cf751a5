//! The application's lines in the log of Hearth's own PostgreSQL.

use std::sync::Arc;

use hearth_apps::App;
use hearth_apps::activity::Level;
use hearth_pg::embedded::LogLine;
use serde_json::json;

use super::{Entry, Wanted};
use crate::admin::Admin;
use crate::error::AdminError;

pub(super) async fn entries(
    admin: &Admin,
    app: &Arc<App>,
    wanted: Wanted,
) -> Result<Vec<Entry>, AdminError> {
    let log = admin.config.server_log.clone();
    let log = log.ok_or(AdminError::NoServerLog)?;
    let database = app.reference.database();
    let lines = tokio::task::spawn_blocking(move || {
        let wants = |line: &LogLine| {
            wanted.time(line.at)
                && wanted.level(level(line))
                && (wanted.text(&line.message) || wanted.text(&line.more))
        };
        log.newest(&database, wanted.limit, wants)
    });
    let lines = lines.await.map_err(|e| AdminError::internal(&e))?;
    let lines = lines.map_err(|e| AdminError::internal(&e))?;
    Ok(lines.iter().rev().scan(None, numbered).collect::<Vec<_>>())
        .map(|entries| entries.into_iter().rev().collect())
}

/// A line has no number of its own: its time and process tell it apart, and a count where one
/// process said several things within a millisecond.
fn numbered(before: &mut Option<(String, u32)>, line: &LogLine) -> Option<Entry> {
    let place = format!("{}.{}", line.at.timestamp_millis(), line.pid);
    let count = match before {
        Some((last, count)) if *last == place => *count + 1,
        _ => 0,
    };
    *before = Some((place.clone(), count));
    Some(written(line, format!("{place}.{count}")))
}

fn level(line: &LogLine) -> Level {
    match line.severity.as_str() {
        "ERROR" | "FATAL" | "PANIC" => Level::Error,
        "WARNING" => Level::Warning,
        _ => Level::Info,
    }
}

fn written(line: &LogLine, id: String) -> Entry {
    Entry {
        id,
        at: line.at,
        service: "postgres".to_owned(),
        level: level(line).into(),
        message: line.message.clone(),
        details: json!({
            "severity": line.severity,
            "user": line.user,
            "pid": line.pid,
            "more": line.more,
        }),
    }
}

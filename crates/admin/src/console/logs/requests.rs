//! The last requests, as the gateway counted them.

use hearth_apps::App;
use hearth_apps::activity::{Answered, Level};
use serde_json::json;

use super::{Entry, Wanted};

pub(super) fn entries(app: &App, wanted: &Wanted) -> Vec<Entry> {
    let wants = |answered: &Answered| {
        wanted.time(answered.at)
            && wanted.level(level(answered))
            && (wanted.service.as_deref()).is_none_or(|service| service == answered.service)
            && (wanted.text(&message(answered))
                || wanted.text.as_deref() == Some(answered.id.to_string().as_str())
                || answered.code.as_deref().is_some_and(|code| {
                    wanted.text.as_deref() == Some(code.to_lowercase().as_str())
                }))
    };
    let requests = app.activity.requests(wanted.limit, wants);
    requests.iter().map(written).collect()
}

fn level(answered: &Answered) -> Level {
    match answered.status {
        500.. => Level::Error,
        400.. => Level::Warning,
        _ => Level::Info,
    }
}

fn message(answered: &Answered) -> String {
    let Answered {
        method,
        path,
        status,
        ..
    } = answered;
    format!("{method} {path} {status}")
}

fn written(answered: &Answered) -> Entry {
    Entry {
        id: answered.number.to_string(),
        at: answered.at,
        service: answered.service.to_owned(),
        level: level(answered).into(),
        message: message(answered),
        details: json!({
            "method": answered.method,
            "path": answered.path,
            "status": answered.status,
            "code": answered.code,
            "duration_ms": answered.elapsed.as_secs_f64() * 1000.0,
            "request_id": answered.id.to_string(),
            "peer": answered.peer,
            "user_agent": answered.agent,
        }),
    }
}

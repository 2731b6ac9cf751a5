//! Sockets, joins and the change reader, as realtime told of them.

use hearth_apps::App;
use hearth_apps::activity::Event;

use super::{Entry, Wanted};

pub(super) fn entries(app: &App, wanted: &Wanted) -> Vec<Entry> {
    let wants = |event: &Event| {
        event.service == "realtime"
            && wanted.time(event.at)
            && wanted.level(event.level)
            && (wanted.text(&event.message) || wanted.text(&event.details.to_string()))
    };
    let events = app.activity.events(wanted.limit, wants);
    let entries = events.into_iter().map(|event| Entry {
        id: event.number.to_string(),
        at: event.at,
        service: event.service.to_owned(),
        level: event.level.into(),
        message: event.message,
        details: event.details,
    });
    entries.collect()
}

//! A change as clients see it.

use std::fmt::Write;

use hearth_wal::pgoutput::OldRow;
use hearth_wal::{Cell, Relation, Tuple};

use super::catalog::{Table, View};
use super::history::{Action, Change};
use super::render;
use crate::frame::push_json_string;

/// Values of a row that is too large are left out beyond this many bytes of JSON.
const SMALL_VALUE: usize = 64;

/// Most bytes that are set aside for a message before it is written.
const FIRST_GUESS: usize = 64 * 1024;

/// What is wrong with a change for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No primary key, so nobody can be asked about the row.
    NoKey,
    /// The role may not select the primary key.
    Unauthorized,
    /// The row is too large; only its small values are given.
    TooLarge,
}

impl Fault {
    fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "Error 400: Bad Request, no primary key",
            Self::Unauthorized => "Error 401: Unauthorized",
            Self::TooLarge => "Error 413: Payload Too Large",
        }
    }
}

/// What is wrong with the change for everyone of this view, if something is.
pub fn fault(change: &Change, table: &Table, view: &View, most_bytes: usize) -> Option<Fault> {
    if matches!(change.action, Action::Insert | Action::Update) {
        if table.key().next().is_none() {
            return Some(Fault::NoKey);
        }
        if !table
            .key()
            .all(|column| view.columns.contains(&column.name))
        {
            return Some(Fault::Unauthorized);
        }
    }
    if view.columns.is_empty() {
        return Some(Fault::Unauthorized);
    }
    (change.bytes > most_bytes).then_some(Fault::TooLarge)
}

/// The value of a column in a tuple, if the log has it.
pub fn cell<'a>(relation: &Relation, tuple: &'a Tuple, name: &str) -> Option<&'a Cell> {
    let at = relation
        .columns
        .iter()
        .position(|column| &*column.name == name)?;
    tuple.get(at)
}

/// A cell's text; none for NULL and for what the log does not carry.
pub fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A column's cell in the new row, or in the old one of a DELETE; an unchanged large value comes
/// from the old row where that is whole.
pub fn row_cell<'a>(change: &'a Change, name: &str) -> Option<&'a Cell> {
    let old = |key_too: bool| match change.old.as_ref()? {
        OldRow::Full(old) => cell(&change.relation, old, name),
        OldRow::Key(old) if key_too => {
            let columns = &change.relation.columns;
            let column = columns.iter().find(|column| &*column.name == name)?;
            if column.key {
                cell(&change.relation, old, name)
            } else {
                None
            }
        }
        OldRow::Key(_) => None,
    };
    match &change.new {
        None => old(true),
        Some(new) => match cell(&change.relation, new, name)? {
            Cell::Unchanged => old(false),
            cell => Some(cell),
        },
    }
}

/// The `data` object. `only_key`: of the old row nothing but its primary key.
pub fn data(
    change: &Change,
    table: &Table,
    view: &View,
    select: Option<&[Box<str>]>,
    fault: Option<Fault>,
    only_key: bool,
) -> String {
    let hidden = matches!(fault, Some(Fault::NoKey | Fault::Unauthorized));
    let small = fault == Some(Fault::TooLarge);
    let mut out = String::with_capacity(256 + change.bytes.min(FIRST_GUESS));
    out.push_str("{\"columns\":");
    if hidden {
        out.push_str("[]");
    } else {
        out.push_str(&view.columns_json(&change.relation, table, select));
    }
    out.push_str(",\"commit_timestamp\":");
    if hidden {
        out.push_str("null");
    } else {
        let _ = write!(out, "\"{}\"", timestamp(change.commit_time));
    }
    out.push_str(",\"errors\":");
    match fault {
        None => out.push_str("null"),
        Some(fault) => {
            let _ = write!(out, "[\"{}\"]", fault.as_str());
        }
    }
    let row = Row {
        change,
        table,
        view,
        select,
        small,
        only_key,
    };
    if matches!(change.action, Action::Update | Action::Delete) {
        out.push_str(",\"old_record\":");
        if hidden {
            out.push_str("{}")
        } else {
            row.push_old(&mut out)
        }
    }
    if matches!(change.action, Action::Insert | Action::Update) {
        out.push_str(",\"record\":");
        if hidden {
            out.push_str("{}")
        } else {
            row.push_new(&mut out)
        }
    }
    out.push_str(",\"schema\":");
    push_json_string(&mut out, &change.relation.namespace);
    out.push_str(",\"table\":");
    push_json_string(&mut out, &change.relation.name);
    let _ = write!(out, ",\"type\":\"{}\"}}", change.action.as_str());
    out
}

struct Row<'a> {
    change: &'a Change,
    table: &'a Table,
    view: &'a View,
    select: Option<&'a [Box<str>]>,
    small: bool,
    only_key: bool,
}

impl Row<'_> {
    fn push_new(&self, out: &mut String) {
        let old = match &self.change.old {
            Some(OldRow::Full(old)) => Some(old),
            _ => None,
        };
        let Some(new) = &self.change.new else {
            out.push_str("{}");
            return;
        };
        self.push(out, |index| match new.get(index) {
            // A large value that the UPDATE left alone is in the old row or nowhere.
            Some(Cell::Unchanged) => old.and_then(|old| old.get(index)),
            cell => cell,
        });
    }

    fn push_old(&self, out: &mut String) {
        let only_key = self.only_key;
        let is_key = |index: usize| {
            let column = self.change.relation.columns.get(index);
            column
                .and_then(|column| self.table.column(&column.name))
                .is_some_and(|c| c.key)
        };
        let identity = |index: usize| {
            self.change
                .relation
                .columns
                .get(index)
                .is_some_and(|column| column.key)
        };
        match (&self.change.old, &self.change.new) {
            (Some(OldRow::Full(old)), _) => {
                self.push(out, |index| {
                    old.get(index).filter(|_| !only_key || is_key(index))
                });
            }
            (Some(OldRow::Key(old)), _) => self.push(out, |index| {
                old.get(index)
                    .filter(|_| identity(index) && (!only_key || is_key(index)))
            }),
            // An UPDATE that left the key alone: the key is in the new row.
            (None, Some(new)) => self.push(out, |index| new.get(index).filter(|_| is_key(index))),
            (None, None) => out.push_str("{}"),
        }
    }

    /// Whether a value need not even be written to know that it is left out: JSON is never
    /// shorter than half the text.
    fn is_too_large(&self, cell: &Cell) -> bool {
        matches!(cell, Cell::Text(bytes) if self.small && bytes.len() > 2 * SMALL_VALUE)
    }

    fn push<'c>(&self, out: &mut String, cell: impl Fn(usize) -> Option<&'c Cell>) {
        out.push('{');
        let mut first = true;
        for (index, described) in self.change.relation.columns.iter().enumerate() {
            let Some(column) = self.table.column(&described.name) else {
                continue;
            };
            if !self.view.columns.contains(&column.name) {
                continue;
            }
            let wanted = self
                .select
                .is_none_or(|names| column.key || names.iter().any(|name| **name == *column.name));
            let Some(cell) = cell(index).filter(|cell| wanted && !self.is_too_large(cell)) else {
                continue;
            };
            let start = out.len();
            if !first {
                out.push(',');
            }
            push_json_string(out, &column.name);
            out.push(':');
            let value_at = out.len();
            match cell {
                Cell::Null => out.push_str("null"),
                Cell::Text(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => render::push(out, &column.form, text),
                    Err(_) => out.push_str("null"),
                },
                Cell::Unchanged | Cell::Binary(_) => {
                    out.truncate(start);
                    continue;
                }
            }
            if self.small && out.len() - value_at > SMALL_VALUE {
                out.truncate(start);
                continue;
            }
            first = false;
        }
        out.push('}');
    }
}

/// Microseconds since 2000-01-01 as upstream writes times: to the millisecond, in UTC.
fn timestamp(micros: i64) -> String {
    const EPOCH: i64 = 946_684_800_000_000;
    let time = chrono::DateTime::from_timestamp_micros(micros.saturating_add(EPOCH));
    time.unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_times_have_milliseconds() {
        assert_eq!(timestamp(0), "2000-01-01T00:00:00.000Z");
        assert_eq!(timestamp(1_234_567), "2000-01-01T00:00:01.234Z");
    }
}

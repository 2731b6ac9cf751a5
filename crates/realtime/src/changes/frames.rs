//! Frames of changes: encoded once for all sockets that get the same bytes.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::catalog::View;
use super::deliver::Candidate;
use super::history::{Change, Position};
use super::payload::{self, Fault};
use super::subscriptions::Group;
use crate::frame::{self, Version};

/// Frames of the change at hand, each encoded once.
#[derive(Default)]
pub(super) struct Frames {
    change: Position,
    /// `data` by what shapes it: the columns of the view, the selection, the fault.
    data: Vec<(DataKey, Arc<str>)>,
    frames: HashMap<FrameKey, Bytes>,
}

#[derive(PartialEq)]
struct DataKey {
    view: *const View,
    select: Option<Arc<[Box<str>]>>,
    fault: Option<Fault>,
    only_key: bool,
}

#[derive(PartialEq, Eq, Hash)]
struct FrameKey {
    version: Version,
    topic: Arc<str>,
    legacy: bool,
    positions: bool,
    ids: Vec<u32>,
    data: usize,
}

impl Frames {
    /// The frame of a change for a group.
    pub(super) fn get(&mut self, candidate: &Candidate, group: &Group) -> Bytes {
        let change = &*candidate.change;
        if self.change != change.position {
            *self = Self {
                change: change.position,
                ..Self::default()
            };
        }
        // Bindings of one channel may select different columns; one message can carry only one
        // selection, and all columns serve every binding.
        let mut selections = group
            .bindings
            .iter()
            .filter(|binding| candidate.ids.contains(&binding.id))
            .map(|binding| binding.select.clone());
        let first = selections.next().flatten();
        let select = if selections.all(|other| other == first) {
            first
        } else {
            None
        };
        let key = DataKey {
            view: Arc::as_ptr(&candidate.view),
            select,
            fault: candidate.fault,
            only_key: candidate.only_key,
        };
        let data = match self.data.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => {
                let text = payload::data(
                    change,
                    &candidate.table,
                    &candidate.view,
                    key.select.as_deref(),
                    candidate.fault,
                    candidate.only_key,
                );
                self.data.push((key, text.into()));
                self.data.len() - 1
            }
        };
        let key = FrameKey {
            version: group.version,
            topic: group.topic.clone(),
            legacy: group.legacy,
            positions: group.positions,
            ids: candidate.ids.clone(),
            data,
        };
        let text = self.data[data].1.clone();
        let frame = self
            .frames
            .entry(key)
            .or_insert_with_key(|key| encode(key, change, &text));
        frame.clone()
    }
}

fn encode(key: &FrameKey, change: &Change, data: &str) -> Bytes {
    let none = Value::Null;
    if key.legacy {
        let event = change.action.as_str();
        return frame::push(key.version, &none, &none, &key.topic, event, &[data]);
    }
    let ids: Vec<String> = key.ids.iter().map(u32::to_string).collect();
    let tail = if key.positions {
        format!(
            ",\"ids\":[{}],\"position\":\"{}\"}}",
            ids.join(","),
            change.position
        )
    } else {
        format!(",\"ids\":[{}]}}", ids.join(","))
    };
    let parts = ["{\"data\":", data, &tail];
    frame::push(
        key.version,
        &none,
        &none,
        &key.topic,
        "postgres_changes",
        &parts,
    )
}

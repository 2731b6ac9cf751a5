//! From a batch of changes to frames in sockets' queues: filters, visibility, encoding, each once
//! for all who share it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use hearth_apps::App;
use hearth_pg::PgError;
use hearth_wal::{Cell, WalError};
use tokio_postgres::Client;

use super::binding::Binding;
use super::catalog::{Catalog, Table, View};
use super::frames::Frames;
use super::history::{Action, Change};
use super::payload::{self, Fault};
use super::subscriptions::{Group, Index};
use super::visibility::{self, Rule};
use crate::frame::Encoding;
use crate::registry::{Outgoing, Registry, TopicKey};

/// Questions to PostgreSQL at the same time.
const QUESTIONS: usize = 4;
/// Between attempts while PostgreSQL is away.
const RETRY: Duration = Duration::from_millis(200);

/// A delivery and what it works on.
pub struct Delivery<'a> {
    /// The application.
    pub app: &'a Arc<App>,
    /// Its topics, for broadcasts out of the database.
    pub registry: &'a Registry,
    /// Its subscriptions.
    pub index: &'a Index,
    /// The admin connection for catalogs.
    pub control: &'a Client,
    /// Larger rows lose their larger values.
    pub most_bytes: usize,
}

/// A group that gets a change, if its caller may see the row.
pub(super) struct Candidate {
    pub(super) change: usize,
    group: u64,
    pub(super) ids: Vec<u32>,
    pub(super) view: Arc<View>,
    pub(super) table: Arc<Table>,
    pub(super) fault: Option<Fault>,
    /// PostgreSQL is asked.
    ask: bool,
}

impl Delivery<'_> {
    /// Delivers `changes` in order, to everyone or to one group's member only.
    ///
    /// # Errors
    /// A lost control connection.
    pub async fn run(
        &self,
        catalog: &mut Catalog,
        changes: &[Arc<Change>],
        only: Option<(u64, u64)>,
    ) -> Result<(), WalError> {
        let mut candidates = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            self.candidates(catalog, number, change, only, &mut candidates)
                .await?;
        }
        let hidden = self.hidden(changes, &candidates).await;
        // Nothing has been sent so far, and from here on nothing can fail.
        let mut frames = Frames::default();
        let mut candidates = candidates.iter().enumerate().peekable();
        for (number, change) in changes.iter().enumerate() {
            if only.is_none() && is_message(change) {
                self.broadcast(change);
            }
            while let Some((at, candidate)) = candidates.next_if(|(_, c)| c.change == number) {
                if !hidden.contains(&at) {
                    self.send(changes, candidate, only, &mut frames);
                }
            }
        }
        Ok(())
    }

    async fn candidates(
        &self,
        catalog: &mut Catalog,
        number: usize,
        change: &Arc<Change>,
        only: Option<(u64, u64)>,
        out: &mut Vec<Candidate>,
    ) -> Result<(), WalError> {
        let relation = &change.relation;
        let wants =
            |binding: &Binding| binding.wants(&relation.namespace, &relation.name, change.action);
        // Most groups share their role: it is looked up once.
        let mut views: Vec<(&str, Arc<View>, Option<Fault>)> = Vec::new();
        for (id, group) in self.index.groups() {
            if only.is_some_and(|(wanted, _)| wanted != id) || !group.bindings.iter().any(wants) {
                continue;
            }
            let Some(table) = catalog.table(self.control, relation).await? else {
                return Ok(());
            };
            let role = group.role();
            if !views.iter().any(|(known, ..)| *known == role) {
                let view = catalog.view(self.control, relation, &table, role).await?;
                let fault = payload::fault(change, &table, &view, self.most_bytes);
                views.push((role, view, fault));
            }
            let Some((_, view, fault)) = views.iter().find(|(known, ..)| *known == role) else {
                continue;
            };
            let (view, fault) = (view.clone(), *fault);
            let hidden = matches!(fault, Some(Fault::NoKey | Fault::Unauthorized));
            let mut ids = Vec::new();
            for binding in group.bindings.iter().filter(|binding| wants(binding)) {
                if hidden || self.accepts(group, binding, change, &table).await {
                    ids.push(binding.id);
                }
            }
            if ids.is_empty() {
                continue;
            }
            let rows = matches!(change.action, Action::Insert | Action::Update) && !hidden;
            let ask = match &view.rule {
                _ if !rows => false,
                Rule::Everybody => false,
                Rule::Nobody => continue,
                Rule::SignedIn => {
                    if subject(group).is_none() {
                        continue;
                    }
                    false
                }
                Rule::Owner(columns) => {
                    if !owns(group, change, columns) {
                        continue;
                    }
                    false
                }
                Rule::Ask => true,
            };
            let table = table.clone();
            out.push(Candidate {
                change: number,
                group: id,
                ids,
                view,
                table,
                fault,
                ask,
            });
        }
        Ok(())
    }

    /// Whether all filters of a binding accept the row: the new one, or the old one of a DELETE.
    async fn accepts(
        &self,
        group: &Group,
        binding: &Binding,
        change: &Change,
        table: &Table,
    ) -> bool {
        if change.action == Action::Truncate {
            return true;
        }
        for filter in &binding.filters {
            let cell = row_cell(change, &filter.spec.column);
            let value = match cell {
                Some(Cell::Null) => None,
                Some(cell @ Cell::Text(_)) => payload::text(cell),
                // A column that the log does not carry satisfies nothing.
                _ => return false,
            };
            let accepted = if filter.is_local() {
                filter.accepts(value)
            } else {
                match (value, table.column(&filter.spec.column)) {
                    (Some(value), Some(column)) => {
                        let claims = &group.claims;
                        self.patiently(|| {
                            visibility::compare(self.app, claims, &column.type_sql, filter, value)
                        })
                        .await
                        .unwrap_or(false)
                    }
                    _ => false,
                }
            };
            if !accepted {
                return false;
            }
        }
        true
    }

    /// The candidates whose caller may not see the row.
    async fn hidden(&self, changes: &[Arc<Change>], candidates: &[Candidate]) -> HashSet<usize> {
        // One question per table and caller, however many groups and changes it is about.
        let mut questions: HashMap<(u32, &str), Vec<usize>> = HashMap::new();
        for (number, candidate) in candidates.iter().enumerate() {
            if candidate.ask
                && let Some(group) = self.index.group(candidate.group)
            {
                let relation = changes[candidate.change].relation.id;
                questions
                    .entry((relation, group.claims.as_json()))
                    .or_default()
                    .push(number);
            }
        }
        let asked = questions
            .into_values()
            .map(|numbers| self.question(changes, candidates, numbers));
        let answers = futures_util::stream::iter(asked).buffer_unordered(QUESTIONS);
        answers
            .fold(HashSet::new(), |mut all, hidden| async {
                all.extend(hidden);
                all
            })
            .await
    }

    async fn question(
        &self,
        changes: &[Arc<Change>],
        candidates: &[Candidate],
        numbers: Vec<usize>,
    ) -> Vec<usize> {
        let first = &candidates[numbers[0]];
        let Some(group) = self.index.group(first.group) else {
            return numbers;
        };
        let mut rows: Vec<usize> = numbers.iter().map(|n| candidates[*n].change).collect();
        rows.dedup();
        let mut keys: Vec<Vec<&str>> = first.table.key().map(|_| Vec::new()).collect();
        for row in &rows {
            for (column, values) in first.table.key().zip(&mut keys) {
                let cell = row_cell(&changes[*row], &column.name);
                values.push(cell.and_then(payload::text).unwrap_or_default());
            }
        }
        let asked = self
            .patiently(|| visibility::ask(self.app, &group.claims, &first.table, &keys))
            .await;
        let seen: HashSet<usize> = match asked {
            Ok(seen) => seen
                .into_iter()
                .filter_map(|n| rows.get(n).copied())
                .collect(),
            Err(error) => {
                tracing::warn!(
                    app = %self.app.reference, table = %first.table.name, role = group.role(),
                    error = hearth_pg::connect::describe(&error),
                    "a policy failed; the rows are not shown"
                );
                HashSet::new()
            }
        };
        numbers
            .into_iter()
            .filter(|n| !seen.contains(&candidates[*n].change))
            .collect()
    }

    /// Repeats a question while PostgreSQL is away: a change is never lost to a restart.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, PgError>
    where
        F: Future<Output = Result<T, PgError>>,
    {
        loop {
            match ask().await {
                Err(error) if error.is_unavailable() || matches!(error, PgError::PoolTimeout) => {
                    tokio::time::sleep(RETRY).await;
                }
                answer => return answer,
            }
        }
    }

    fn send(
        &self,
        changes: &[Arc<Change>],
        candidate: &Candidate,
        only: Option<(u64, u64)>,
        frames: &mut Frames,
    ) {
        let Some(group) = self.index.group(candidate.group) else {
            return;
        };
        let change = &changes[candidate.change];
        let mut frame: Option<Bytes> = None;
        for member in &group.members {
            if member.after >= change.position || only.is_some_and(|(_, id)| id != member.id) {
                continue;
            }
            let frame = frame.get_or_insert_with(|| frames.get(change, candidate, group));
            member.outbox.push(frame.clone());
        }
    }

    /// A row of `realtime.messages`: a broadcast from SQL.
    fn broadcast(&self, change: &Change) {
        let value = |name: &str| row_cell(change, name).and_then(payload::text);
        let (Some(topic), Some(event), Some(id)) = (value("topic"), value("event"), value("id"))
        else {
            return;
        };
        if value("extension").is_some_and(|extension| extension != "broadcast") {
            return;
        }
        let Some(private) = value("private") else {
            return;
        };
        let key = TopicKey {
            name: topic.into(),
            private: private == "t",
        };
        let metadata = format!("{{\"id\":\"{id}\"}}");
        let binary = value("binary_payload").and_then(decode_hex);
        let (encoding, body) = match (&binary, value("payload")) {
            (Some(binary), _) => (Encoding::Binary, binary.as_slice()),
            (None, Some(payload)) => (Encoding::Json, payload.as_bytes()),
            (None, None) => return,
        };
        let limit = self.app.settings().realtime.max_payload_bytes;
        if body.len() > limit + crate::limits::PAYLOAD_PADDING {
            tracing::warn!(app = %self.app.reference, topic, code = "UnableToBroadcastChanges");
            return;
        }
        self.registry.send(
            &key,
            &Outgoing::User {
                event,
                encoding,
                body,
                metadata: &metadata,
            },
        );
    }
}

fn is_message(change: &Change) -> bool {
    change.action == Action::Insert
        && &*change.relation.namespace == "realtime"
        && &*change.relation.name == "messages"
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let nibble = |b: u8| (b as char).to_digit(16).map(|n| n as u8);
    digits
        .chunks(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(*pair.get(1)?)?))
        .collect()
}

/// A column's cell in the new row, or in the old one of a DELETE; an unchanged large value comes
/// from the old row where that is whole.
fn row_cell<'a>(change: &'a Change, name: &str) -> Option<&'a Cell> {
    use hearth_wal::pgoutput::OldRow;
    let old = |key_too: bool| match change.old.as_ref()? {
        OldRow::Full(old) => payload::cell(&change.relation, old, name),
        OldRow::Key(old) if key_too => {
            let column = change
                .relation
                .columns
                .iter()
                .find(|column| &*column.name == name)?;
            if column.key {
                payload::cell(&change.relation, old, name)
            } else {
                None
            }
        }
        OldRow::Key(_) => None,
    };
    match &change.new {
        None => old(true),
        Some(new) => match payload::cell(&change.relation, new, name)? {
            Cell::Unchanged => old(false),
            cell => Some(cell),
        },
    }
}

/// The caller as `auth.uid()` gives it.
fn subject(group: &Group) -> Option<uuid::Uuid> {
    group.claims.subject()?.parse().ok()
}

/// Whether the row carries the caller's `sub` in one of the columns.
fn owns(group: &Group, change: &Change, columns: &[Arc<str>]) -> bool {
    let Some(subject) = subject(group) else {
        return false;
    };
    columns.iter().any(|column| {
        let value = row_cell(change, column).and_then(payload::text);
        value.and_then(|value| value.parse::<uuid::Uuid>().ok()) == Some(subject)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_decoded() {
        assert_eq!(
            decode_hex("\\xdeadBEEF"),
            Some(vec![0xde, 0xad, 0xbe, 0xef])
        );
        assert_eq!(decode_hex("\\x"), Some(Vec::new()));
        assert_eq!(decode_hex("\\xd"), None);
        assert_eq!(decode_hex("dead"), None);
    }
}

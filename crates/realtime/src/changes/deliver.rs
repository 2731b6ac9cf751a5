//! From a batch of entries to frames in sockets' queues: filters, visibility, encoding, each once
//! for all who share it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use hearth_apps::App;
use hearth_pg::PgError;
use hearth_wal::pgoutput::OldRow;
use hearth_wal::{Cell, Lsn, WalError};
use tokio_postgres::Client;
use uuid::Uuid;

use super::binding::Binding;
use super::broadcast::{Broadcast, Sender};
use super::catalog::{Catalog, Table, View};
use super::filter::Filter;
use super::frames::Frames;
use super::history::{Action, Change, Entry};
use super::payload::{self, Fault, row_cell};
use super::rule::Rule;
use super::subscriptions::{Group, Index};
use super::visibility;
use crate::registry::Registry;

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
    /// Broadcasts from before this are only for those who resume: a slot that outlived a Hearth
    /// brings again what that one has delivered.
    pub live_from: Lsn,
}

/// A group that gets a change, if its caller may see the row.
pub(super) struct Candidate {
    number: usize,
    pub(super) change: Arc<Change>,
    group: u64,
    pub(super) ids: Vec<u32>,
    pub(super) view: Arc<View>,
    pub(super) table: Arc<Table>,
    pub(super) fault: Option<Fault>,
    /// Of a DELETE: only the primary key of the old row may be shown.
    pub(super) only_key: bool,
    ask: Ask,
}

/// How PostgreSQL is asked about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Ask {
    /// Not at all.
    Nothing,
    /// Whether the row in the table can be seen.
    ByKey,
    /// Whether the values in the log meet the policies.
    ByRow,
}

impl Delivery<'_> {
    /// Delivers `entries` in order, to everyone or to one group's member only.
    ///
    /// # Errors
    /// A lost control connection.
    pub async fn run(
        &self,
        catalog: &mut Catalog,
        entries: &[Entry],
        only: Option<(u64, u64)>,
    ) -> Result<(), WalError> {
        let mut candidates = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            if let Entry::Row(change) = entry {
                self.candidates(catalog, number, change, only, &mut candidates)
                    .await?;
            }
        }
        let hidden = self.hidden(&candidates).await;
        // Nothing has been sent so far, and from here on nothing can fail.
        let mut frames = Frames::default();
        let mut candidates = candidates.iter().enumerate().peekable();
        for (number, entry) in entries.iter().enumerate() {
            if let Entry::Broadcast(broadcast) = entry {
                self.broadcast(broadcast, only);
            }
            while let Some((at, candidate)) = candidates.next_if(|(_, c)| c.number == number) {
                if !hidden.contains(&at) {
                    self.send(candidate, only, &mut frames);
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
        let (schema, name) = (&*relation.namespace, &*relation.name);
        let roles = self.index.roles(schema, name);
        if roles.is_empty() {
            return Ok(());
        }
        let Some(table) = catalog.table(self.control, relation).await? else {
            return Ok(());
        };
        // Filters that PostgreSQL has to judge are judged once.
        let mut judged: Vec<(&Filter, bool)> = Vec::new();
        for role in roles {
            let view = catalog.view(self.control, relation, &table, role).await?;
            let fault = payload::fault(change, &table, &view, self.most_bytes);
            let hidden = matches!(fault, Some(Fault::NoKey | Fault::Unauthorized));
            let owners = match &view.rule {
                Rule::Owner(columns) if !hidden => owners(change, columns),
                _ => None,
            };
            let subjects = owners.as_deref();
            for (id, group) in self.index.wanting((schema, name), role, subjects) {
                if only.is_some_and(|(wanted, _)| wanted != id) {
                    continue;
                }
                let mut ids = Vec::new();
                let wanted = |b: &&Binding| b.wants(schema, name, change.action);
                for binding in group.bindings.iter().filter(wanted) {
                    let accepted = hidden || {
                        let judged = &mut judged;
                        self.accepts(group, binding, change, &table, &view, judged)
                            .await
                    };
                    if accepted {
                        ids.push(binding.id);
                    }
                }
                if ids.is_empty() {
                    continue;
                }
                let Some((ask, only_key)) = how_to_ask(group, change, &table, &view, hidden) else {
                    continue;
                };
                out.push(Candidate {
                    number,
                    change: change.clone(),
                    group: id,
                    ids,
                    view: view.clone(),
                    table: table.clone(),
                    fault,
                    only_key,
                    ask,
                });
            }
        }
        Ok(())
    }

    /// Whether all filters of a binding accept the row: the new one, or the old one of a DELETE.
    async fn accepts<'f>(
        &self,
        group: &Group,
        binding: &'f Binding,
        change: &Change,
        table: &Table,
        view: &View,
        judged: &mut Vec<(&'f Filter, bool)>,
    ) -> bool {
        if change.action == Action::Truncate {
            return true;
        }
        for filter in &binding.filters {
            // Whoever may no longer read a column learns nothing of it by its filter.
            if !view.columns.contains(&*filter.spec.column) {
                return false;
            }
            let value = match row_cell(change, &filter.spec.column) {
                Some(Cell::Null) => None,
                Some(cell @ Cell::Text(_)) => payload::text(cell),
                // A column that the log does not carry satisfies nothing.
                _ => return false,
            };
            let accepted = if filter.is_local() {
                filter.accepts(value)
            } else if let Some((_, verdict)) = judged.iter().find(|(known, _)| *known == filter) {
                *verdict
            } else {
                let verdict = match (value, table.column(&filter.spec.column)) {
                    (Some(value), Some(column)) => {
                        let claims = &group.claims;
                        self.patiently(|| {
                            visibility::compare(self.app, claims, &column.type_sql, filter, value)
                        })
                        .await
                        .unwrap_or(false)
                    }
                    _ => false,
                };
                judged.push((filter, verdict));
                verdict
            };
            if !accepted {
                return false;
            }
        }
        true
    }

    /// The candidates whose caller may not see the row.
    async fn hidden(&self, candidates: &[Candidate]) -> HashSet<usize> {
        // One question per table and caller, however many groups and changes it is about.
        let mut questions: HashMap<(u32, Ask, &str), Vec<usize>> = HashMap::new();
        for (number, candidate) in candidates.iter().enumerate() {
            if candidate.ask != Ask::Nothing
                && let Some(group) = self.index.group(candidate.group)
            {
                let key = (
                    candidate.change.relation.id,
                    candidate.ask,
                    group.claims.as_json(),
                );
                questions.entry(key).or_default().push(number);
            }
        }
        let asked = questions
            .into_values()
            .map(|numbers| self.question(candidates, numbers));
        let answers = futures_util::stream::iter(asked).buffer_unordered(QUESTIONS);
        answers
            .fold(HashSet::new(), |mut all, hidden| async {
                all.extend(hidden);
                all
            })
            .await
    }

    /// Asks about candidates of one table, caller and way to ask; returns the hidden ones.
    async fn question(&self, candidates: &[Candidate], numbers: Vec<usize>) -> Vec<usize> {
        let first = &candidates[numbers[0]];
        let Some(group) = self.index.group(first.group) else {
            return numbers;
        };
        let mut rows: Vec<&Candidate> = numbers.iter().map(|n| &candidates[*n]).collect();
        rows.dedup_by_key(|candidate| candidate.number);
        let mut answer = self.answer(group, first.ask, &rows).await;
        if first.ask == Ask::ByRow && answer.is_err() {
            // A policy that needs more than the row's values: the table may still have the row.
            let new = |candidate: &&&Candidate| candidate.change.action != Action::Delete;
            let rows: Vec<&Candidate> = rows.iter().filter(new).copied().collect();
            answer = self.answer(group, Ask::ByKey, &rows).await;
        }
        let seen = answer.unwrap_or_else(|error| {
            tracing::warn!(
                app = %self.app.reference, table = %first.table.name, role = group.role(),
                error = hearth_pg::connect::describe(&error),
                "a policy failed; the rows are not shown"
            );
            HashSet::new()
        });
        numbers
            .into_iter()
            .filter(|n| !seen.contains(&candidates[*n].number))
            .collect()
    }

    /// The numbers of those of `rows` that the group's caller sees.
    async fn answer(
        &self,
        group: &Group,
        ask: Ask,
        rows: &[&Candidate],
    ) -> Result<HashSet<usize>, PgError> {
        let Some(first) = rows.first() else {
            return Ok(HashSet::new());
        };
        let table = &first.table;
        let (statement, asked): (String, Vec<_>) = match ask {
            Ask::ByRow => (
                visibility::by_row(table, &first.view.condition),
                table.columns.iter().collect(),
            ),
            _ => (visibility::by_key(table), table.key().collect()),
        };
        let columns: Vec<Vec<Option<&str>>> = asked
            .iter()
            .map(|column| {
                let cells = rows.iter().map(|row| row_cell(&row.change, &column.name));
                cells.map(|cell| cell.and_then(payload::text)).collect()
            })
            .collect();
        let seen = self
            .patiently(|| visibility::ask(self.app, &group.claims, &statement, &columns))
            .await?;
        let numbers = seen.into_iter().filter_map(|n| rows.get(n));
        Ok(numbers.map(|candidate| candidate.number).collect())
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

    fn send(&self, candidate: &Candidate, only: Option<(u64, u64)>, frames: &mut Frames) {
        let Some(group) = self.index.group(candidate.group) else {
            return;
        };
        let position = candidate.change.position;
        let mut frame: Option<Bytes> = None;
        for member in &group.members {
            // A single one is given what it asks for.
            let skip = match only {
                Some((_, id)) => id != member.id,
                None => member.after >= position,
            };
            if skip {
                continue;
            }
            let frame = frame.get_or_insert_with(|| frames.get(candidate, group));
            member.outbox.push(frame.clone());
        }
    }

    /// A broadcast out of the log: to those on its topic, and, with its position, to those who
    /// resume there.
    fn broadcast(&self, broadcast: &Broadcast, only: Option<(u64, u64)>) {
        let limit = self.app.settings().realtime.max_payload_bytes;
        if broadcast.content_bytes() > limit + crate::limits::PAYLOAD_PADDING {
            let topic = &*broadcast.key.name;
            tracing::warn!(app = %self.app.reference, topic, code = "UnableToBroadcastChanges");
            return;
        }
        if only.is_none() && broadcast.position.commit >= self.live_from {
            self.registry.relay(broadcast);
        }
        for (id, group) in self.index.hearing(&broadcast.key) {
            if only.is_some_and(|(wanted, _)| wanted != id) {
                continue;
            }
            let mut frame: Option<Option<Bytes>> = None;
            for member in &group.members {
                let own = match &broadcast.sender {
                    Some(Sender::Client(name)) => member.client.as_deref() == Some(&**name),
                    _ => false,
                };
                let skip = match only {
                    Some((_, id)) => id != member.id,
                    None => member.after >= broadcast.position,
                };
                if own || skip {
                    continue;
                }
                let frame =
                    frame.get_or_insert_with(|| broadcast.frame(group.version, &group.topic));
                if let Some(frame) = frame {
                    member.outbox.push(frame.clone());
                }
            }
        }
    }
}

/// How PostgreSQL is asked whether the group's caller sees the change, and whether of an old row
/// only the primary key may be shown; none: it does not see it.
fn how_to_ask(
    group: &Group,
    change: &Change,
    table: &Table,
    view: &View,
    hidden: bool,
) -> Option<(Ask, bool)> {
    if hidden || change.action == Action::Truncate {
        return Some((Ask::Nothing, false));
    }
    let delete = change.action == Action::Delete;
    match &view.rule {
        Rule::Everybody => Some((Ask::Nothing, false)),
        Rule::Nobody => None,
        Rule::SignedIn => group.subject().map(|_| (Ask::Nothing, false)),
        Rule::Owner(columns) => match owners(change, columns) {
            // Only its owners have been looked for.
            Some(_) => Some((Ask::Nothing, false)),
            // Nobody can be asked about a row that is gone: its key must do.
            None if delete => Some((Ask::Nothing, true)),
            None => Some((Ask::ByKey, false)),
        },
        Rule::Ask if is_whole(change, table) => Some((Ask::ByRow, false)),
        Rule::Ask if delete => Some((Ask::Nothing, true)),
        Rule::Ask => Some((Ask::ByKey, false)),
    }
}

/// Whether the log has every column of the row.
fn is_whole(change: &Change, table: &Table) -> bool {
    if change.new.is_none() && !matches!(change.old, Some(OldRow::Full(_))) {
        return false;
    }
    let has = |name: &str| matches!(row_cell(change, name), Some(Cell::Null | Cell::Text(_)));
    table.columns.iter().all(|column| has(&column.name))
}

/// The callers whose row it is by these columns; none: the log does not say.
fn owners(change: &Change, columns: &[Arc<str>]) -> Option<Vec<Uuid>> {
    let mut owners = Vec::with_capacity(columns.len());
    for column in columns {
        match row_cell(change, column) {
            None | Some(Cell::Unchanged) => return None,
            Some(cell) => {
                owners.extend(payload::text(cell).and_then(|text| text.parse::<Uuid>().ok()))
            }
        }
    }
    Some(owners)
}

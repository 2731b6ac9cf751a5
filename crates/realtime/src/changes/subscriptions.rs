//! Who wants to hear what. Subscriptions that want the same, for the same caller, in the same
//! frames, form a group: filters and visibility are decided and frames encoded once for it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hearth_core::Claims;
use uuid::Uuid;

use super::binding::Binding;
use super::history::Position;
use crate::frame::Version;
use crate::outbox::Outbox;
use crate::registry::TopicKey;

/// One subscriber.
#[derive(Debug)]
pub struct Member {
    /// The subscription.
    pub id: u64,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// It gets what is behind this.
    pub after: Position,
    /// The name under which it does not want its own broadcasts back.
    pub client: Option<Arc<str>>,
}

/// Subscribers that want the same.
#[derive(Debug)]
pub struct Group {
    /// Protocol version.
    pub version: Version,
    /// As it stands in frames.
    pub topic: Arc<str>,
    /// What they want.
    pub bindings: Vec<Binding>,
    /// Frames of clients before `config`.
    pub legacy: bool,
    /// They resume: frames carry their position.
    pub positions: bool,
    /// The topic whose broadcasts they get out of the log, in order with the changes.
    pub hears: Option<TopicKey>,
    /// On whose behalf.
    pub claims: Claims,
    /// They themselves.
    pub members: Vec<Member>,
}

impl Group {
    /// The role of its members.
    pub fn role(&self) -> &str {
        self.claims.role().unwrap_or("anon")
    }

    /// The caller as `auth.uid()` gives it.
    pub fn subject(&self) -> Option<Uuid> {
        self.claims.subject()?.parse().ok()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.version == other.version
            && self.topic == other.topic
            && self.legacy == other.legacy
            && self.positions == other.positions
            && self.hears == other.hears
            && self.claims == other.claims
            && self.bindings == other.bindings
    }

    fn key(&self) -> (Arc<str>, Claims) {
        (self.topic.clone(), self.claims.clone())
    }

    /// Under which names of tables it is found.
    fn tables(&self) -> Vec<TableName> {
        let mut names: Vec<TableName> = self.bindings.iter().map(Binding::table).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Schema and table of a binding; none: any.
pub type TableName = (Option<Box<str>>, Option<Box<str>>);

/// Groups of one role that want to hear of a table.
#[derive(Debug, Default)]
struct Listeners {
    all: BTreeSet<u64>,
    /// The same by their caller, for policies that let everybody see their own rows: finding these
    /// does not take longer when there are more users.
    by_subject: HashMap<Uuid, BTreeSet<u64>>,
}

impl Listeners {
    fn remove(&mut self, id: u64, subject: Option<Uuid>) {
        self.all.remove(&id);
        if let Some(subject) = subject
            && let Some(ids) = self.by_subject.get_mut(&subject)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_subject.remove(&subject);
            }
        }
    }
}

/// All subscriptions.
#[derive(Debug, Default)]
pub struct Index {
    groups: HashMap<u64, Group>,
    /// Groups of one topic and caller, among which a like one is looked for.
    alike: HashMap<(Arc<str>, Box<str>), Vec<u64>>,
    /// Groups by the tables they want to hear of and by their role.
    tables: HashMap<TableName, HashMap<Box<str>, Listeners>>,
    /// Groups by the topic whose broadcasts they hear.
    topics: HashMap<TopicKey, Vec<u64>>,
    /// Which group a subscription is in.
    places: HashMap<u64, u64>,
    next_group: u64,
}

impl Index {
    /// Adds a member; `group` has none yet. Returns the group it is in.
    pub fn add(&mut self, group: Group, member: Member) -> u64 {
        let (topic, claims) = group.key();
        let alike = self
            .alike
            .entry((topic, claims.as_json().into()))
            .or_default();
        let found = alike.iter().copied().find(|id| {
            self.groups
                .get(id)
                .is_some_and(|existing| existing.is_like(&group))
        });
        let id = match found {
            Some(id) => id,
            None => {
                self.next_group += 1;
                alike.push(self.next_group);
                let subject = group.subject();
                for table in group.tables() {
                    let roles = self.tables.entry(table).or_default();
                    let listeners = roles.entry(group.role().into()).or_default();
                    listeners.all.insert(self.next_group);
                    if let Some(subject) = subject {
                        let own = listeners.by_subject.entry(subject).or_default();
                        own.insert(self.next_group);
                    }
                }
                if let Some(topic) = &group.hears {
                    let topic = self.topics.entry(topic.clone()).or_default();
                    topic.push(self.next_group);
                }
                self.groups.insert(self.next_group, group);
                self.next_group
            }
        };
        self.places.insert(member.id, id);
        if let Some(group) = self.groups.get_mut(&id) {
            group.members.push(member);
        }
        id
    }

    /// Removes a subscription and gives back what it was.
    pub fn remove(&mut self, subscription: u64) -> Option<(Group, Member)> {
        let id = self.places.remove(&subscription)?;
        let group = self.groups.get_mut(&id)?;
        let at = group
            .members
            .iter()
            .position(|member| member.id == subscription)?;
        let member = group.members.swap_remove(at);
        let like = Group {
            version: group.version,
            topic: group.topic.clone(),
            bindings: group.bindings.clone(),
            legacy: group.legacy,
            positions: group.positions,
            hears: group.hears.clone(),
            claims: group.claims.clone(),
            members: Vec::new(),
        };
        if group.members.is_empty() {
            self.groups.remove(&id);
            let key = (like.topic.clone(), like.claims.as_json().into());
            forget(&mut self.alike, &key, id);
            let subject = like.subject();
            for table in like.tables() {
                self.forget_table(table, like.role(), id, subject);
            }
            if let Some(topic) = &like.hears {
                forget(&mut self.topics, topic, id);
            }
        }
        Some((like, member))
    }

    /// Changes on whose behalf a subscription listens.
    pub fn set_claims(&mut self, subscription: u64, claims: Claims) {
        if let Some((mut group, member)) = self.remove(subscription) {
            group.claims = claims;
            self.add(group, member);
        }
    }

    fn forget_table(&mut self, table: TableName, role: &str, id: u64, subject: Option<Uuid>) {
        let Entry::Occupied(mut roles) = self.tables.entry(table) else {
            return;
        };
        if let Some(listeners) = roles.get_mut().get_mut(role) {
            listeners.remove(id, subject);
            if listeners.all.is_empty() {
                roles.get_mut().remove(role);
            }
        }
        if roles.get().is_empty() {
            roles.remove();
        }
    }

    /// The roles of the groups that want to hear of this table.
    pub fn roles(&self, schema: &str, table: &str) -> Vec<&str> {
        let listeners = self.listeners(schema, table);
        let mut roles: Vec<&str> = listeners.map(|(role, _)| role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// The groups of a role that want to hear of this table; of certain callers only, where they
    /// are given.
    pub fn wanting(
        &self,
        (schema, table): (&str, &str),
        role: &str,
        subjects: Option<&[Uuid]>,
    ) -> Vec<(u64, &Group)> {
        let mut ids = BTreeSet::new();
        for (_, listeners) in self.listeners(schema, table).filter(|(r, _)| *r == role) {
            match subjects {
                None => ids.extend(&listeners.all),
                Some(subjects) => {
                    let own = subjects.iter().filter_map(|s| listeners.by_subject.get(s));
                    ids.extend(own.flatten());
                }
            }
        }
        ids.into_iter()
            .filter_map(|id| self.groups.get(&id).map(|group| (id, group)))
            .collect()
    }

    fn listeners(&self, schema: &str, table: &str) -> impl Iterator<Item = (&str, &Listeners)> {
        let (schema, table) = (Some(schema.into()), Some(table.into()));
        let names: [TableName; 4] = [
            (schema.clone(), table.clone()),
            (schema, None),
            (None, table),
            (None, None),
        ];
        names
            .into_iter()
            .filter_map(|name| self.tables.get(&name))
            .flatten()
            .map(|(role, listeners)| (&**role, listeners))
    }

    /// The groups that hear the topic's broadcasts out of the log.
    pub fn hearing(&self, topic: &TopicKey) -> impl Iterator<Item = (u64, &Group)> {
        let ids = self.topics.get(topic).into_iter().flatten();
        ids.filter_map(|id| self.groups.get(id).map(|group| (*id, group)))
    }

    /// One group.
    pub fn group(&self, id: u64) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// A subscription and its group.
    pub fn find(&self, subscription: u64) -> Option<(u64, &Member)> {
        let id = *self.places.get(&subscription)?;
        let member = self
            .groups
            .get(&id)?
            .members
            .iter()
            .find(|m| m.id == subscription)?;
        Some((id, member))
    }

    /// Says that a subscription has everything up to `after`.
    pub fn set_after(&mut self, subscription: u64, after: Position) {
        let place = self.places.get(&subscription).copied();
        let group = place.and_then(|id| self.groups.get_mut(&id));
        let members = group.into_iter().flat_map(|group| &mut group.members);
        for member in members.filter(|member| member.id == subscription) {
            member.after = after;
        }
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// The groups of those who resume.
    pub fn resuming(&self) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(|group| group.positions)
    }

    /// Says that nobody has anything behind `end`; those who are given what they missed stay as they
    /// are.
    pub fn clamp_after(&mut self, end: Position) {
        let members = self
            .groups
            .values_mut()
            .flat_map(|group| &mut group.members);
        for member in members.filter(|member| member.after != Position::MAX) {
            member.after = member.after.min(end);
        }
    }

    /// Whether nobody listens.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many subscriptions there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }
}

fn forget<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<u64>>, key: &K, id: u64) {
    if let Some(ids) = map.get_mut(key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn topic() -> TopicKey {
        TopicKey {
            name: "a".into(),
            private: false,
        }
    }

    #[test]
    fn like_subscriptions_share_a_group() {
        let group = |role: &str| Group {
            version: Version::V2,
            topic: "realtime:a".into(),
            bindings: Vec::new(),
            legacy: false,
            positions: false,
            hears: Some(topic()),
            claims: Claims::of_role(role),
            members: Vec::new(),
        };
        let member = |id| Member {
            id,
            outbox: Arc::new(Outbox::new(1)),
            after: Position::default(),
            client: None,
        };
        let mut index = Index::default();
        let first = index.add(group("anon"), member(1));
        assert_eq!(index.add(group("anon"), member(2)), first);
        assert_ne!(index.add(group("service_role"), member(3)), first);
        index.set_claims(2, Claims::of_role("service_role"));
        assert_eq!(index.group(first).unwrap().members.len(), 1);
        assert_eq!(index.hearing(&topic()).count(), 2);
        for id in 1..=3 {
            index.remove(id);
        }
        assert!(index.is_empty() && index.alike.is_empty() && index.topics.is_empty());
    }
}

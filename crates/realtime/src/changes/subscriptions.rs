//! Who wants to hear what. Subscriptions that want the same, for the same caller, in the same
//! frames, form a group: filters and visibility are decided and frames encoded once for it.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_core::Claims;

use super::binding::Binding;
use super::history::Position;
use crate::frame::Version;
use crate::outbox::Outbox;

/// One subscriber.
#[derive(Debug)]
pub struct Member {
    /// The subscription.
    pub id: u64,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// It gets what is behind this.
    pub after: Position,
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

    fn is_like(&self, other: &Self) -> bool {
        self.version == other.version
            && self.topic == other.topic
            && self.legacy == other.legacy
            && self.positions == other.positions
            && self.claims == other.claims
            && self.bindings == other.bindings
    }

    fn key(&self) -> (Arc<str>, Claims) {
        (self.topic.clone(), self.claims.clone())
    }
}

/// All subscriptions.
#[derive(Debug, Default)]
pub struct Index {
    groups: HashMap<u64, Group>,
    /// Groups of one topic and caller, among which a like one is looked for.
    alike: HashMap<(Arc<str>, Box<str>), Vec<u64>>,
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
            claims: group.claims.clone(),
            members: Vec::new(),
        };
        if group.members.is_empty() {
            self.groups.remove(&id);
            let key = (like.topic.clone(), like.claims.as_json().into());
            if let Some(alike) = self.alike.get_mut(&key) {
                alike.retain(|other| *other != id);
                if alike.is_empty() {
                    self.alike.remove(&key);
                }
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

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = (u64, &Group)> {
        self.groups.iter().map(|(id, group)| (*id, group))
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
            member.after = member.after.max(after);
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn like_subscriptions_share_a_group() {
        let group = |role: &str| Group {
            version: Version::V2,
            topic: "realtime:a".into(),
            bindings: Vec::new(),
            legacy: false,
            positions: false,
            claims: Claims::of_role(role),
            members: Vec::new(),
        };
        let member = |id| Member {
            id,
            outbox: Arc::new(Outbox::new(1)),
            after: Position::default(),
        };
        let mut index = Index::default();
        let first = index.add(group("anon"), member(1));
        assert_eq!(index.add(group("anon"), member(2)), first);
        assert_ne!(index.add(group("service_role"), member(3)), first);
        index.set_claims(2, Claims::of_role("service_role"));
        assert_eq!(index.group(first).unwrap().members.len(), 1);
        for id in 1..=3 {
            index.remove(id);
        }
        assert!(index.is_empty() && index.alike.is_empty());
    }
}

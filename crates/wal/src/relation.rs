//! Tables as the log describes them before their first change, and again after each change of
//! their form.

use std::sync::Arc;

/// What of the old row an UPDATE or DELETE carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaIdentity {
    /// The primary key.
    Default,
    /// Nothing.
    Nothing,
    /// The whole row.
    Full,
    /// The columns of an index.
    Index,
}

/// One column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Part of the replica identity.
    pub key: bool,
    /// OID of its type.
    pub type_id: u32,
    /// Its type modifier, -1 for none.
    pub type_modifier: i32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its OID, by which changes refer to it.
    pub id: u32,
    /// Its schema.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What old rows carry.
    pub identity: ReplicaIdentity,
    /// The published columns in order.
    pub columns: Arc<[RelationColumn]>,
}

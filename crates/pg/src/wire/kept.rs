//! A caller's rights as settings: for one transaction, or kept on the connection for the next
//! caller who has the same.
//!
//! What is kept is compared word for word before it is relied on, and only statements that cannot
//! have changed it run on it ([`super::Footprint::Quiet`]). Whatever else runs on the connection
//! makes all its settings itself, and after what may have changed the session nothing is taken for
//! kept. `request.*` is never kept: outside of a transaction that sets it, it is empty.

use crate::scope::{Access, Rights};

/// The settings of a transaction. `is null` spares the way back to the values, which are known.
macro_rules! for_transaction {
    ($more:literal) => {
        concat!(
            "select set_config('search_path', $1, true) is null, \
             set_config('role', $2, true) is null, \
             set_config('request.jwt.claims', $3, true) is null, \
             set_config('request.method', $4, true) is null, \
             set_config('request.path', $5, true) is null, \
             set_config('request.headers', $6, true) is null, \
             set_config('request.cookies', $7, true) is null",
            $more
        )
    };
}

/// The statements that make settings, each prepared once per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settings {
    /// All, for a transaction that may write.
    ReadWrite,
    /// All, for one that may not.
    ReadOnly,
    /// Role, claims and search path, for the session.
    Kept,
}

impl Settings {
    pub(super) const ALL: [Self; 3] = [Self::ReadWrite, Self::ReadOnly, Self::Kept];
    pub(super) const COUNT: usize = Self::ALL.len();

    pub(super) fn of_transaction(access: Access) -> Self {
        match access {
            Access::ReadWrite => Self::ReadWrite,
            Access::ReadOnly => Self::ReadOnly,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ReadWrite => "rights",
            Self::ReadOnly => "rights_ro",
            Self::Kept => "rights_kept",
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::ReadWrite => for_transaction!(""),
            Self::ReadOnly => {
                for_transaction!(", set_config('transaction_read_only', 'on', true) is null")
            }
            // Whether the login may take a role is asked of the login, not of the role before.
            Self::Kept => {
                "select set_config('search_path', $1, false) is null, \
                 set_config('role', $2, false) is null, \
                 set_config('request.jwt.claims', $3, false) is null"
            }
        }
    }

    pub(super) fn values<'a>(self, rights: &Rights<'a>) -> Vec<&'a str> {
        let mut values = rights.values().to_vec();
        if self == Self::Kept {
            values.truncate(3);
        }
        values
    }
}

/// What stays set in a session.
#[derive(Debug, Default)]
pub(super) struct Kept {
    now: Option<Identity>,
    /// Set by the transaction under way, in force from its commit.
    taking_on: Option<Identity>,
}

#[derive(Debug)]
struct Identity {
    search_path: Box<str>,
    role: Box<str>,
    claims: Box<str>,
}

impl Kept {
    /// Whether these rights are in force already.
    pub(super) fn is(&self, rights: &Rights<'_>) -> bool {
        self.now.as_ref().is_some_and(|kept| {
            *kept.role == *rights.role
                && *kept.claims == *rights.claims
                && *kept.search_path == *rights.search_path
        })
    }

    /// The transaction that begins sets these.
    pub(super) fn take_on(&mut self, rights: &Rights<'_>) {
        self.now = None;
        self.taking_on = Some(Identity {
            search_path: rights.search_path.into(),
            role: rights.role.into(),
            claims: rights.claims.into(),
        });
    }

    /// It has committed.
    pub(super) fn commit(&mut self) {
        if let Some(identity) = self.taking_on.take() {
            self.now = Some(identity);
        }
    }

    /// It has not: what it set is undone with it.
    pub(super) fn roll_back(&mut self) {
        self.taking_on = None;
    }

    /// Nothing is known of the session any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

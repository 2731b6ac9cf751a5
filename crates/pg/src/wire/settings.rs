//! A caller's rights as settings of one transaction. They are never left on the connection for the
//! next caller: what a statement can run is judged by a schema that may have changed a moment ago,
//! so that nothing a session holds may be relied on.

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
    /// Role, claims and search path, for a statement that can see nothing else.
    Quiet,
}

impl Settings {
    pub(super) const ALL: [Self; 3] = [Self::ReadWrite, Self::ReadOnly, Self::Quiet];
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
            Self::Quiet => "rights_quiet",
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::ReadWrite => for_transaction!(""),
            Self::ReadOnly => {
                for_transaction!(", set_config('transaction_read_only', 'on', true) is null")
            }
            Self::Quiet => {
                "select set_config('search_path', $1, true) is null, \
                 set_config('role', $2, true) is null, \
                 set_config('request.jwt.claims', $3, true) is null"
            }
        }
    }

    pub(super) fn values<'a>(self, rights: &Rights<'a>) -> Vec<&'a str> {
        let mut values = rights.values().to_vec();
        if self == Self::Quiet {
            values.truncate(3);
        }
        values
    }
}

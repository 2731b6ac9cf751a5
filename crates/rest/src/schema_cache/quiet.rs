//! What reading or inserting into a table touches besides its rows, and which of a database's own
//! types become strings in JSON.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_pg::Footprint;
use hearth_pg::wire::{UserType, UserTypes};
use serde::Deserialize;

use super::model::Qualified;

/// What the catalog says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Quietness {
    tables: Vec<Candidate>,
    text_types: Vec<u32>,
    text_arrays: Vec<u32>,
}

/// A table or view in which nothing of users' runs, what it reads besides apart.
#[derive(Debug, Deserialize)]
struct Candidate {
    id: u32,
    name: Qualified,
    /// Nor where rows are inserted.
    inserts: bool,
    /// Something in it reads settings.
    asks: bool,
    /// Other tables that it reads.
    reads: Vec<u32>,
}

/// What working with a table touches besides its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprints {
    /// `select`
    pub read: Footprint,
    /// `insert`, and reading back what was inserted.
    pub insert: Footprint,
}

impl Quietness {
    /// Tables, by their names, in which nothing of users' runs.
    pub(super) fn tables(&self) -> HashMap<&Qualified, Footprints> {
        // What is read reads in its turn: as long as something new is found out.
        let mut known: HashMap<u32, Footprint> = HashMap::new();
        loop {
            let before = known.len();
            for table in &self.tables {
                let own = if table.asks {
                    Footprint::Asking
                } else {
                    Footprint::Quiet
                };
                let all = table.reads.iter().map(|id| known.get(id).copied());
                let most = all
                    .chain([Some(own)])
                    .try_fold(Footprint::Quiet, |most, one| {
                        one.map(|footprint| most.max(footprint))
                    });
                if let Some(footprint) = most {
                    known.entry(table.id).or_insert(footprint);
                }
            }
            if known.len() == before {
                break;
            }
        }
        let found = self
            .tables
            .iter()
            .filter_map(|table| Some((table, *known.get(&table.id)?)));
        found
            .map(|(table, read)| {
                let insert = if table.inserts { read } else { Footprint::Open };
                (&table.name, Footprints { read, insert })
            })
            .collect()
    }

    /// The database's own types whose JSON is certain.
    pub(super) fn types(&self) -> Arc<UserTypes> {
        let texts = self.text_types.iter().map(|id| (*id, UserType::Text));
        let arrays = self.text_arrays.iter().map(|id| (*id, UserType::TextArray));
        Arc::new(texts.chain(arrays).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: u32, asks: bool, reads: &[u32]) -> Candidate {
        Candidate {
            id,
            name: Qualified::new("public", id.to_string()),
            inserts: id != 2,
            asks,
            reads: reads.to_vec(),
        }
    }

    #[test]
    fn a_table_is_as_quiet_as_what_it_reads() {
        let known = Quietness {
            tables: vec![
                candidate(1, false, &[2]),
                candidate(2, false, &[]),
                candidate(3, false, &[9]),
                candidate(4, false, &[3, 2]),
                candidate(5, false, &[5]),
                candidate(6, false, &[7, 2]),
                candidate(7, true, &[]),
            ],
            ..Quietness::default()
        };
        let tables = known.tables();
        let mut found: Vec<_> = tables
            .iter()
            .map(|(name, footprints)| (name.name.as_str(), footprints.read, footprints.insert))
            .collect();
        found.sort_unstable();
        use Footprint::{Asking, Open, Quiet};
        assert_eq!(
            found,
            [
                ("1", Quiet, Quiet),
                ("2", Quiet, Open),
                ("6", Asking, Asking),
                ("7", Asking, Asking),
            ]
        );
    }
}

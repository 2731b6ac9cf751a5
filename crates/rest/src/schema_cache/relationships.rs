//! Which tables can be embedded in which: foreign keys, seen from both sides, through junctions and
//! through views, and functions between row types.

use std::collections::{BTreeSet, HashMap};

use super::model::Qualified;

/// Pairs of columns: of this table, of the other.
pub type ColumnPairs = Vec<(String, String)>;

/// The table in the middle of a many-to-many relationship.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Junction {
    /// The table.
    pub table: Qualified,
    /// Its foreign key to this table.
    pub source_constraint: String,
    /// Its foreign key to the other.
    pub target_constraint: String,
    /// Columns of this table and of the junction.
    pub source_columns: ColumnPairs,
    /// Columns of the other table and of the junction.
    pub target_columns: ColumnPairs,
}

/// How many rows belong to how many. The order of the variants is that of lists in errors.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Cardinality {
    /// The other table has the foreign key.
    OneToMany {
        /// The key.
        constraint: String,
        /// Its columns.
        columns: ColumnPairs,
    },
    /// This table has the foreign key.
    ManyToOne {
        /// The key.
        constraint: String,
        /// Its columns.
        columns: ColumnPairs,
    },
    /// The foreign key is unique.
    OneToOne {
        /// The key.
        constraint: String,
        /// Its columns.
        columns: ColumnPairs,
        /// The other table has it.
        is_parent: bool,
    },
    /// Through a junction.
    ManyToMany(Junction),
}

impl Cardinality {
    /// The foreign key, unless there are two.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::OneToMany { constraint, .. }
            | Self::ManyToOne { constraint, .. }
            | Self::OneToOne { constraint, .. } => Some(constraint),
            Self::ManyToMany(_) => None,
        }
    }

    /// Its columns.
    pub fn columns(&self) -> Option<&ColumnPairs> {
        match self {
            Self::OneToMany { columns, .. }
            | Self::ManyToOne { columns, .. }
            | Self::OneToOne { columns, .. } => Some(columns),
            Self::ManyToMany(_) => None,
        }
    }
}

/// A relationship by foreign keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct KeyRelationship {
    /// Where it starts.
    pub table: Qualified,
    /// Where it leads.
    pub foreign: Qualified,
    /// Both are the same.
    pub is_self: bool,
    /// How.
    pub cardinality: Cardinality,
    /// It starts from a view.
    pub table_is_view: bool,
    /// It leads to a view.
    pub foreign_is_view: bool,
}

/// A relationship by a function from row to rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
pub struct ComputedRelationship {
    /// The function.
    pub function: Qualified,
    /// The row type it takes.
    pub table: Qualified,
    /// The row type it returns.
    pub foreign: Qualified,
    /// It returns one row at most.
    pub to_one: bool,
}

/// A relationship.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Relationship {
    /// By foreign keys.
    Key(KeyRelationship),
    /// By a function.
    Computed(ComputedRelationship),
}

impl Relationship {
    /// Where it starts.
    pub fn table(&self) -> &Qualified {
        match self {
            Self::Key(r) => &r.table,
            Self::Computed(r) => &r.table,
        }
    }

    /// Where it leads.
    pub fn foreign(&self) -> &Qualified {
        match self {
            Self::Key(r) => &r.foreign,
            Self::Computed(r) => &r.foreign,
        }
    }

    /// The schema a request must be about to find it: of a function, its own.
    pub fn target_schema(&self) -> &str {
        match self {
            Self::Key(r) => &r.foreign.schema,
            Self::Computed(r) => &r.function.schema,
        }
    }

    /// One row at most belongs to each.
    pub fn is_to_one(&self) -> bool {
        match self {
            Self::Key(r) => matches!(
                r.cardinality,
                Cardinality::ManyToOne { .. } | Cardinality::OneToOne { .. }
            ),
            Self::Computed(r) => r.to_one,
        }
    }
}

/// What a view's columns are a key of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// The primary key.
    Primary,
    /// A foreign key.
    Foreign,
    /// What a foreign key refers to.
    Referenced,
}

/// A key of a table that a view shows all columns of. A column may be shown more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewKey {
    /// The table.
    pub table: Qualified,
    /// The view.
    pub view: Qualified,
    /// The key.
    pub constraint: String,
    /// Which side of it.
    pub key_use: KeyUse,
    /// Each column of the table, in the key's order, with the view's columns that show it.
    pub columns: Vec<(String, Vec<String>)>,
}

fn flipped(columns: &ColumnPairs) -> ColumnPairs {
    columns
        .iter()
        .map(|(a, b)| (b.clone(), a.clone()))
        .collect()
}

/// Everything that follows from the foreign keys of tables: the same through views, through
/// junctions, and from the other side.
pub fn derive(
    keys: Vec<KeyRelationship>,
    view_keys: &[ViewKey],
    primary_keys: &HashMap<Qualified, Vec<String>>,
) -> Vec<KeyRelationship> {
    let mut all = keys;
    let through_views = through_views(&all, view_keys);
    all.extend(through_views);
    let through_junctions = through_junctions(&all, primary_keys);
    all.extend(through_junctions);
    let inverse: Vec<_> = all.iter().filter_map(inverse).collect();
    all.extend(inverse);
    all
}

/// All ways to pick one view column for each key column.
fn choices(columns: &[(String, Vec<String>)]) -> Vec<Vec<&str>> {
    let mut picked: Vec<Vec<&str>> = vec![Vec::new()];
    for (_, shown) in columns {
        picked = picked
            .iter()
            .flat_map(|start| {
                shown.iter().map(move |column| {
                    let mut longer = start.clone();
                    longer.push(column.as_str());
                    longer
                })
            })
            // Views that show key columns dozens of times are no reason to fill the memory.
            .take(1000)
            .collect();
    }
    picked
}

fn through_views(keys: &[KeyRelationship], view_keys: &[ViewKey]) -> Vec<KeyRelationship> {
    let mut by_key: HashMap<(&Qualified, &str, KeyUse), Vec<&ViewKey>> = HashMap::new();
    for key in view_keys {
        let known = by_key
            .entry((&key.table, &key.constraint, key.key_use))
            .or_default();
        // Foreign keys of partitions, and of other tables, may have the same name and target.
        if !known.contains(&key) {
            known.push(key);
        }
    }
    let mut found = Vec::new();
    for key in keys {
        let (constraint, columns, one_to_one) = match &key.cardinality {
            Cardinality::ManyToOne {
                constraint,
                columns,
            } => (constraint, columns, false),
            Cardinality::OneToOne {
                constraint,
                columns,
                is_parent: false,
            } => (constraint, columns, true),
            _ => continue,
        };
        let views = |table, key_use| -> Vec<(&Qualified, Vec<&str>)> {
            let mut found = Vec::new();
            for view in by_key
                .get(&(table, constraint.as_str(), key_use))
                .into_iter()
                .flatten()
            {
                let picked = choices(&view.columns).into_iter();
                found.extend(picked.map(|columns| (&view.view, columns)));
            }
            found
        };
        let mut add =
            |table: &Qualified, foreign: &Qualified, columns: ColumnPairs, views: (bool, bool)| {
                let constraint = constraint.clone();
                found.push(KeyRelationship {
                    table: table.clone(),
                    foreign: foreign.clone(),
                    is_self: views == (true, true) && table == foreign,
                    cardinality: if one_to_one {
                        Cardinality::OneToOne {
                            constraint,
                            columns,
                            is_parent: false,
                        }
                    } else {
                        Cardinality::ManyToOne {
                            constraint,
                            columns,
                        }
                    },
                    table_is_view: views.0,
                    foreign_is_view: views.1,
                });
            };
        let from = views(&key.table, KeyUse::Foreign);
        let to = views(&key.foreign, KeyUse::Referenced);
        let zip = |a: &[&str], b: &[&str]| -> ColumnPairs {
            a.iter()
                .zip(b)
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let own: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
        let other: Vec<&str> = columns.iter().map(|(_, column)| column.as_str()).collect();
        for (view, shown) in &from {
            add(view, &key.foreign, zip(shown, &other), (true, false));
        }
        for (view, shown) in &to {
            add(&key.table, view, zip(&own, shown), (false, true));
        }
        for (view, shown) in &from {
            for (target, target_shown) in &to {
                add(view, target, zip(shown, target_shown), (true, true));
            }
        }
    }
    found
}

/// A table whose primary key holds two foreign keys joins the tables that they lead to.
fn through_junctions(
    keys: &[KeyRelationship],
    primary_keys: &HashMap<Qualified, Vec<String>>,
) -> Vec<KeyRelationship> {
    let mut by_table: HashMap<&Qualified, Vec<&KeyRelationship>> = HashMap::new();
    for key in keys {
        by_table.entry(&key.table).or_default().push(key);
    }
    let mut found = Vec::new();
    for source in keys {
        let Cardinality::ManyToOne {
            constraint: source_constraint,
            columns: source_columns,
        } = &source.cardinality
        else {
            continue;
        };
        let Some(primary_key) = primary_keys.get(&source.table) else {
            continue;
        };
        let primary_key: BTreeSet<&str> = primary_key.iter().map(String::as_str).collect();
        let within = |columns: &ColumnPairs| {
            columns
                .iter()
                .all(|(column, _)| primary_key.contains(column.as_str()))
        };
        if !within(source_columns) {
            continue;
        }
        for target in by_table.get(&source.table).into_iter().flatten() {
            let Cardinality::ManyToOne {
                constraint,
                columns,
            } = &target.cardinality
            else {
                continue;
            };
            if constraint == source_constraint || !within(columns) {
                continue;
            }
            found.push(KeyRelationship {
                table: source.foreign.clone(),
                foreign: target.foreign.clone(),
                is_self: source.foreign == target.foreign,
                cardinality: Cardinality::ManyToMany(Junction {
                    table: source.table.clone(),
                    source_constraint: source_constraint.clone(),
                    target_constraint: constraint.clone(),
                    source_columns: flipped(source_columns),
                    target_columns: flipped(columns),
                }),
                table_is_view: source.foreign_is_view,
                foreign_is_view: target.foreign_is_view,
            });
        }
    }
    found
}

fn inverse(key: &KeyRelationship) -> Option<KeyRelationship> {
    let cardinality = match &key.cardinality {
        Cardinality::ManyToOne {
            constraint,
            columns,
        } => Cardinality::OneToMany {
            constraint: constraint.clone(),
            columns: flipped(columns),
        },
        Cardinality::OneToOne {
            constraint,
            columns,
            is_parent,
        } => Cardinality::OneToOne {
            constraint: constraint.clone(),
            columns: flipped(columns),
            is_parent: !is_parent,
        },
        _ => return None,
    };
    Some(KeyRelationship {
        table: key.foreign.clone(),
        foreign: key.table.clone(),
        is_self: key.is_self,
        cardinality,
        table_is_view: key.foreign_is_view,
        foreign_is_view: key.table_is_view,
    })
}

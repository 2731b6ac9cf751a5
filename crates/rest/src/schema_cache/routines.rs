//! Functions that can be called.

use serde::{Deserialize, Serialize};

use super::model::Qualified;

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Param {
    /// Its name; empty: none.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its type without a length that would cut values off.
    pub wide_type: String,
    /// Whether it has no default.
    pub required: bool,
    /// `variadic`
    pub variadic: bool,
}

/// What a function may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Volatility {
    /// May write.
    #[serde(rename = "v")]
    Volatile,
    /// Reads only.
    #[serde(rename = "s")]
    Stable,
    /// Does not even read.
    #[serde(rename = "i")]
    Immutable,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Routine {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its comment.
    pub description: Option<String>,
    /// What it takes.
    pub params: Vec<Param>,
    /// What it returns; of a domain, the type beneath.
    pub return_type: Qualified,
    /// `returns setof`, `returns table`.
    pub returns_set: bool,
    /// Returns rows.
    pub returns_composite: bool,
    /// What it may do.
    pub volatility: Volatility,
    /// Takes a variadic parameter.
    pub variadic: bool,
    /// `set default_transaction_isolation`
    pub isolation: Option<String>,
    /// Its settings that hold for the whole transaction.
    pub settings: Vec<(String, String)>,
    /// Its number in the catalog.
    pub id: u32,
}

impl Routine {
    /// The same function, with other names for the types of its parameters: `types`, in their
    /// order.
    #[must_use]
    pub fn with_types(&self, types: &[String]) -> Self {
        let mut routine = self.clone();
        for (param, name) in routine.params.iter_mut().zip(types) {
            param.type_name.clone_from(name);
        }
        routine
    }

    /// Returns one value that is no row.
    pub fn returns_scalar(&self) -> bool {
        !self.returns_set && !self.returns_composite
    }

    /// Returns a set of values that are no rows.
    pub fn returns_set_of_scalar(&self) -> bool {
        self.returns_set && !self.returns_composite
    }

    /// Returns one row.
    pub fn returns_single_row(&self) -> bool {
        !self.returns_set && self.returns_composite
    }

    /// Returns nothing.
    pub fn returns_void(&self) -> bool {
        self.returns_scalar()
            && self.return_type.schema == "pg_catalog"
            && self.return_type.name == "void"
    }

    /// The table whose rows it returns, or what stands for it.
    pub fn table_name(&self) -> Option<&str> {
        self.returns_composite
            .then_some(self.return_type.name.as_str())
    }

    /// The order in which overloaded functions are listed.
    pub fn sort_key(&self) -> impl Ord + '_ {
        (self.params.len(), self.description.as_deref(), &self.params)
    }
}

//! The plan: what a request means for this database. Trees of plain values; the SQL text appears
//! only in `query`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::request::media_type::MediaType;
use crate::request::payload::{Payload, Text};
use crate::request::preferences::Resolution;
use crate::request::range::RowRange;
use crate::request::types::{Aggregate, Field, JoinType, JsonStep, Logic, Mutation, Operation};
use crate::schema_cache::model::{Handler, Qualified, Table};
use crate::schema_cache::relationships::Relationship;
use crate::schema_cache::routines::{Param, Routine};

/// A field with what is known of its type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedField {
    /// The column, or a computed one.
    pub name: String,
    /// The path into it.
    pub path: Vec<JsonStep>,
    /// It has to become jsonb before a path can lead into it.
    pub to_json: bool,
    /// It has to become a tsvector, in this language.
    pub to_tsvector: Option<Option<String>>,
    /// Its type as declared, or the type it is read from; empty: not known.
    pub type_name: String,
    /// The function that converts it.
    pub transform: Option<String>,
    /// Its default, as SQL out of the catalog.
    pub default: Option<String>,
    /// It stands for the whole row.
    pub full_row: bool,
}

impl TypedField {
    /// A name of which nothing is known.
    pub fn unknown(name: impl Into<String>, path: Vec<JsonStep>) -> Self {
        Self {
            name: name.into(),
            path,
            ..Self::default()
        }
    }
}

/// A selected field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectField {
    /// The field.
    pub field: TypedField,
    /// The aggregate over it.
    pub aggregate: Option<Aggregate>,
    /// What the aggregate is cast to.
    pub aggregate_cast: Option<String>,
    /// What the field is cast to.
    pub cast: Option<String>,
    /// What it is called.
    pub alias: Option<String>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// On a field.
    Field {
        /// The field.
        field: TypedField,
        /// `not`
        negated: bool,
        /// The operator with its value.
        operation: Operation,
    },
    /// `is null` on an embedded resource.
    NullEmbed {
        /// `not`
        negated: bool,
        /// What the resource is called in the query.
        alias: String,
    },
}

/// Conditions combined.
pub type Conditions = Logic<Condition>;

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// The field.
    pub field: TypedField,
    /// The embedded resource that it is of: its name, later its alias.
    pub relation: Option<String>,
    /// `desc`
    pub descending: Option<bool>,
    /// `nulls first`
    pub nulls_first: Option<bool>,
}

/// Columns of a parent and an embedded resource that must be equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinCondition {
    /// The embedded side.
    pub left: (Qualified, String),
    /// The parent's side.
    pub right: (Qualified, String),
}

/// How an embedded resource spreads into its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spread {
    /// Its columns become columns.
    ToOne,
    /// Its columns become arrays.
    ToMany {
        /// What must be selected besides, to order by: of which relation, and what.
        extra: Vec<(Option<String>, SelectField)>,
        /// The order within the arrays.
        order: Vec<OrderTerm>,
    },
}

/// A column that a spread resource brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpreadField {
    /// Its name in the resource.
    pub name: String,
    /// The aggregate over it, hoisted out of the resource.
    pub aggregate: Option<Aggregate>,
    /// What the aggregate is cast to.
    pub aggregate_cast: Option<String>,
    /// What it is called.
    pub alias: Option<String>,
}

/// What an embedded resource adds to its parent's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationSelect {
    /// A column of JSON.
    Json {
        /// The column.
        name: String,
        /// The resource's alias.
        alias: String,
        /// An object, not an array.
        object: bool,
        /// Nothing is selected: the column is left out.
        empty: bool,
    },
    /// Its columns.
    Spread {
        /// Which.
        fields: Vec<SpreadField>,
        /// The resource's alias.
        alias: String,
    },
}

impl RelationSelect {
    /// The resource's alias.
    pub fn alias(&self) -> &str {
        match self {
            Self::Json { alias, .. } | Self::Spread { alias, .. } => alias,
        }
    }
}

/// A resource and those embedded in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNode {
    /// Selected fields.
    pub select: Vec<SelectField>,
    /// The table.
    pub from: Qualified,
    /// What it is called in the query.
    pub from_alias: Option<String>,
    /// Which rows.
    pub conditions: Vec<Conditions>,
    /// In which order.
    pub order: Vec<OrderTerm>,
    /// How many of them.
    pub range: RowRange,
    /// As the request names it.
    pub name: String,
    /// How it belongs to its parent.
    pub relationship: Option<Arc<Relationship>>,
    /// Of a computed relationship: what the parent is called.
    pub parent_alias: Option<String>,
    /// What must be equal to the parent's.
    pub joins: Vec<JoinCondition>,
    /// `alias:name(…)`
    pub alias: Option<String>,
    /// What its rows are called in the parent's query.
    pub row_alias: String,
    /// `name!hint(…)`
    pub hint: Option<String>,
    /// `name!inner(…)`
    pub join: Option<JoinType>,
    /// `...name(…)`
    pub spread: Option<Spread>,
    /// What the embedded resources add to the columns.
    pub relation_select: Vec<RelationSelect>,
    /// How deep it is embedded.
    pub depth: usize,
    /// A filter, order or limit named it by name although it has an alias.
    pub named_by_legacy: bool,
    /// The resources embedded in it.
    pub children: Vec<ReadNode>,
}

impl ReadNode {
    /// What the request calls it.
    pub fn shown_name(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// True for `select=*` without anything embedded.
    pub fn selects_everything(&self) -> bool {
        self.children.is_empty() && self.select.len() == 1 && self.select[0].field.name == "*"
    }
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MutatePlan {
    /// `insert`
    Insert {
        /// Into which table.
        into: Qualified,
        /// Which columns.
        columns: Vec<TypedField>,
        /// The rows.
        body: Text,
        /// What with those that exist.
        on_conflict: Option<(Resolution, Vec<String>)>,
        /// Of PUT: the key that the row must have.
        conditions: Vec<Conditions>,
        /// What is read of the new rows.
        returning: Vec<String>,
        /// The table's primary key.
        primary_key: Vec<String>,
        /// Missing keys take the column's default.
        defaults: bool,
    },
    /// `update`
    Update {
        /// Which table.
        table: Qualified,
        /// Which columns.
        columns: Vec<TypedField>,
        /// Their values.
        body: Text,
        /// Which rows.
        conditions: Vec<Conditions>,
        /// What is read of them.
        returning: Vec<String>,
        /// Missing keys take the column's default.
        defaults: bool,
    },
    /// `delete`
    Delete {
        /// From which table.
        from: Qualified,
        /// Which rows.
        conditions: Vec<Conditions>,
        /// What is read of them.
        returning: Vec<String>,
    },
}

/// An argument out of a query string or form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A value.
    Fixed(String),
    /// The values of a variadic parameter.
    Variadic(Vec<String>),
}

/// Where arguments come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// One by one.
    Direct(Vec<(String, Argument)>),
    /// Out of the body.
    Body(Option<Payload>),
}

/// How arguments are passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallParams {
    /// By name.
    Named(Vec<Param>),
    /// The single unnamed one.
    Unnamed(Param),
}

/// A function call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPlan {
    /// The function.
    pub routine: Arc<Routine>,
    /// How arguments are passed.
    pub params: CallParams,
    /// Their values.
    pub arguments: Arguments,
    /// Columns that conditions need.
    pub filter_columns: BTreeSet<String>,
    /// Columns that the answer and its embeddings need.
    pub returning: BTreeSet<String>,
}

/// What is done in the database.
#[derive(Debug, Clone)]
pub enum Statement {
    /// A read.
    Read {
        /// Its tree.
        read: ReadNode,
        /// HEAD.
        headers_only: bool,
    },
    /// A write.
    Mutate {
        /// What is answered.
        read: ReadNode,
        /// What is written.
        mutate: MutatePlan,
        /// Which method.
        mutation: Mutation,
    },
    /// A call.
    Call {
        /// What is answered.
        read: ReadNode,
        /// What is called.
        call: CallPlan,
        /// HEAD.
        headers_only: bool,
    },
}

impl Statement {
    /// The tree of what is answered.
    pub fn read(&self) -> &ReadNode {
        match self {
            Self::Read { read, .. } | Self::Mutate { read, .. } | Self::Call { read, .. } => read,
        }
    }
}

/// A plan for a request that goes to the database.
#[derive(Debug, Clone)]
pub struct DbPlan {
    /// What is done.
    pub statement: Statement,
    /// The table or function.
    pub target: Qualified,
    /// How the result becomes a body.
    pub handler: Handler,
    /// What the answer says it is.
    pub media_type: MediaType,
    /// The transaction may write.
    pub writes: bool,
}

/// What a request means.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Rows are read or written.
    Db(Box<DbPlan>),
    /// The OpenAPI description.
    Describe {
        /// HEAD.
        headers_only: bool,
    },
    /// OPTIONS on a table.
    TableInfo(Arc<Table>),
    /// OPTIONS on a function.
    RoutineInfo(Arc<Routine>),
    /// OPTIONS on the root.
    SchemaInfo,
}

/// A name and a path, as the request has them.
pub(super) fn split(field: Field) -> (String, Vec<JsonStep>) {
    (field.name, field.path)
}

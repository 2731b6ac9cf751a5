//! What a request says, before anything is known of the database.

/// A JSON path step: `->` or `->>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonStep {
    /// `->>`: the result is text.
    pub as_text: bool,
    /// What is looked up.
    pub operand: JsonOperand,
}

/// What a JSON path step looks up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonOperand {
    /// A key of an object.
    Key(String),
    /// An index of an array, with its sign, as text that PostgreSQL casts.
    Index(String),
}

/// A column, or a path into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column.
    pub name: String,
    /// The path into it.
    pub path: Vec<JsonStep>,
}

/// Names of embedded resources from the outermost inwards.
pub type EmbedPath = Vec<String>;

/// Aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `sum()`
    Sum,
    /// `avg()`
    Avg,
    /// `max()`
    Max,
    /// `min()`
    Min,
    /// `count()`
    Count,
}

impl Aggregate {
    /// As in SQL, and as the result column is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Max => "max",
            Self::Min => "min",
            Self::Count => "count",
        }
    }
}

/// How an embedded resource restricts its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinType {
    /// `!inner`
    Inner,
    /// `!left`
    Left,
}

/// A column in `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedField {
    /// The column; `*` for all.
    pub field: Field,
    /// The aggregate over it.
    pub aggregate: Option<Aggregate>,
    /// `sum()::text`
    pub aggregate_cast: Option<String>,
    /// `column::text`
    pub cast: Option<String>,
    /// `alias:column`
    pub alias: Option<String>,
}

/// An embedded resource in `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedRelation {
    /// The table, constraint, column or function it is named by.
    pub name: String,
    /// `alias:name(…)`
    pub alias: Option<String>,
    /// `name!hint(…)`
    pub hint: Option<String>,
    /// `name!inner(…)`
    pub join: Option<JoinType>,
    /// `...name(…)`
    pub spread: bool,
    /// What of it is selected.
    pub items: Vec<SelectItem>,
}

/// One item of `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// A column.
    Field(SelectedField),
    /// An embedded resource.
    Relation(SelectedRelation),
}

/// `any` and `all` behind an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// `(any)`
    Any,
    /// `(all)`
    All,
}

/// What `is` compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsValue {
    /// `null`
    Null,
    /// `not_null`
    NotNull,
    /// `true`
    True,
    /// `false`
    False,
    /// `unknown`
    Unknown,
}

/// Full-text search functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextSearch {
    /// `fts`
    Plain,
    /// `plfts`
    Words,
    /// `phfts`
    Phrase,
    /// `wfts`
    Web,
}

/// Operators that take `any` and `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantifiedOperator {
    /// `eq`
    Equal,
    /// `gte`
    GreaterOrEqual,
    /// `gt`
    Greater,
    /// `lte`
    LessOrEqual,
    /// `lt`
    Less,
    /// `like`
    Like,
    /// `ilike`
    ILike,
    /// `match`
    Match,
    /// `imatch`
    IMatch,
}

/// Operators that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleOperator {
    /// `neq`
    NotEqual,
    /// `cs`
    Contains,
    /// `cd`
    Contained,
    /// `ov`
    Overlaps,
    /// `sl`
    StrictlyLeft,
    /// `sr`
    StrictlyRight,
    /// `nxr`
    NotExtendsRight,
    /// `nxl`
    NotExtendsLeft,
    /// `adj`
    Adjacent,
}

/// An operator with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `neq.5`
    Simple(SimpleOperator, String),
    /// `eq(any).{1,2}`
    Quantified(QuantifiedOperator, Option<Quantifier>, String),
    /// `in.(1,2)`
    In(Vec<String>),
    /// `is.null`
    Is(IsValue),
    /// `isdistinct.5`
    IsDistinctFrom(String),
    /// `fts(english).word`
    Search(TextSearch, Option<String>, String),
}

/// A condition on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The column.
    pub field: Field,
    /// `not.` stands before it.
    pub negated: bool,
    /// The operator with its value.
    pub operation: Operation,
}

/// `and` or `or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicOperator {
    /// `and`
    And,
    /// `or`
    Or,
}

/// Conditions combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logic<F> {
    /// `not.or(…)`
    Group {
        /// `not.` stands before it.
        negated: bool,
        /// How the members are combined.
        operator: LogicOperator,
        /// The members.
        members: Vec<Logic<F>>,
    },
    /// One condition.
    Condition(F),
}

/// What an order term orders by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderTarget {
    /// A column.
    Field(Field),
    /// A column of a to-one embedded resource.
    Related {
        /// The resource.
        relation: String,
        /// Its column.
        field: Field,
    },
}

/// One term of `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// What is ordered by.
    pub target: OrderTarget,
    /// `.desc` (true) or `.asc` (false).
    pub descending: Option<bool>,
    /// `.nullsfirst` (true) or `.nullslast` (false).
    pub nulls_first: Option<bool>,
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// `/`
    Schema,
    /// `/{table}`
    Relation(&'a str),
    /// `/rpc/{function}`
    Routine(&'a str),
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocation {
    /// GET or HEAD: arguments in the query string, read only.
    Read {
        /// HEAD.
        headers_only: bool,
    },
    /// POST.
    Call,
}

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// POST
    Create,
    /// PATCH
    Update,
    /// PUT
    SingleUpsert,
    /// DELETE
    Delete,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Rows of a table or view.
    Read {
        /// The table.
        table: String,
        /// HEAD.
        headers_only: bool,
    },
    /// A write to a table or view.
    Mutate {
        /// The table.
        table: String,
        /// What is done to it.
        mutation: Mutation,
    },
    /// A function call.
    Call {
        /// The function.
        function: String,
        /// How.
        invocation: Invocation,
    },
    /// The OpenAPI description.
    Describe {
        /// HEAD.
        headers_only: bool,
    },
    /// OPTIONS on a table.
    TableInfo {
        /// The table.
        table: String,
    },
    /// OPTIONS on a function.
    RoutineInfo {
        /// The function.
        function: String,
    },
    /// OPTIONS on the root.
    SchemaInfo,
}

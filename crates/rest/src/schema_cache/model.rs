//! What the instant API knows of a database, as an immutable value.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_pg::wire::UserTypes;
use serde::{Deserialize, Serialize};

use super::quiet::Footprints;
use super::relationships::Relationship;
use super::routines::Routine;
use crate::request::media_type::MediaType;

/// A name with its schema; an empty schema leaves it to the search path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Qualified {
    /// The schema.
    pub schema: String,
    /// The name in it.
    pub name: String,
}

impl Qualified {
    /// `schema.name`
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// A name without schema: an alias, or a common table expression.
    pub fn bare(name: impl Into<String>) -> Self {
        Self {
            schema: String::new(),
            name: name.into(),
        }
    }
}

/// A column.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its comment.
    pub description: Option<String>,
    /// Whether it takes null.
    pub nullable: bool,
    /// Its type without length; of a domain, the type beneath.
    #[serde(rename = "type")]
    pub base_type: String,
    /// Its type as declared.
    pub nominal_type: String,
    /// Longest text.
    pub max_length: Option<i32>,
    /// Its default, as SQL out of the catalog.
    pub default: Option<String>,
    /// The labels, where it is an enum.
    #[serde(rename = "enum")]
    pub labels: Vec<String>,
}

/// A table or view.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its comment.
    pub description: Option<String>,
    /// View or materialised view.
    pub is_view: bool,
    /// Whether rows can be inserted, by what it is, not by rights.
    pub insertable: bool,
    /// Likewise updated.
    pub updatable: bool,
    /// Likewise deleted.
    pub deletable: bool,
    /// Columns of the primary key, by name.
    pub primary_key: Vec<String>,
    /// All columns, in order.
    pub columns: Vec<Column>,
    /// What working with it touches besides its rows.
    #[serde(skip)]
    pub footprints: Footprints,
}

impl Table {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// How a result becomes a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// A JSON array.
    Json,
    /// A JSON array without nulls in its objects.
    JsonStripped,
    /// One JSON object.
    SingleJson {
        /// Without nulls.
        stripped: bool,
    },
    /// A GeoJSON feature collection.
    GeoJson,
    /// CSV with a header line.
    Csv,
    /// An aggregate or domain of the user's own.
    Custom {
        /// It.
        function: Qualified,
        /// The row type it takes; none: any.
        target: Option<Qualified>,
    },
    /// No body.
    None,
}

pub(super) type BySchema<T> = HashMap<String, HashMap<String, T>>;

/// Everything known of the exposed schemas.
#[derive(Debug, Default)]
pub struct SchemaCache {
    /// Tables and views.
    pub tables: BySchema<Arc<Table>>,
    /// Relationships by the table they start from.
    pub relationships: BySchema<Vec<Arc<Relationship>>>,
    /// Functions; overloaded ones in order of their number of parameters.
    pub routines: BySchema<Vec<Arc<Routine>>>,
    /// Functions that convert from the first type to the second.
    pub representations: HashMap<String, HashMap<String, String>>,
    /// Bodies beyond the built-in ones, by row type (none: any) and media type.
    pub handlers: HashMap<MediaType, Vec<MediaHandler>>,
    /// Types of the database's own whose JSON is certain.
    pub user_types: Arc<UserTypes>,
    /// Every DDL statement tells us.
    pub notifies_ddl: bool,
}

/// A way to make a media type.
#[derive(Debug, Clone)]
pub struct MediaHandler {
    /// For results of this table or function; none: for all.
    pub target: Option<Qualified>,
    /// How.
    pub handler: Handler,
    /// What the answer says it is.
    pub media_type: MediaType,
}

impl SchemaCache {
    /// A table or view.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(schema)?.get(name)
    }

    /// Relationships that start from a table and lead to `target_schema`.
    pub fn relationships_of<'a>(
        &'a self,
        schema: &str,
        table: &str,
        target_schema: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Relationship>> {
        self.relationships
            .get(schema)
            .and_then(|tables| tables.get(table))
            .into_iter()
            .flatten()
            .filter(move |relationship| relationship.target_schema() == target_schema)
    }

    /// Functions of a name.
    pub fn routines_named(&self, schema: &str, name: &str) -> &[Arc<Routine>] {
        self.routines
            .get(schema)
            .and_then(|names| names.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// The function that converts between two types.
    pub fn representation(&self, from: &str, to: &str) -> Option<&str> {
        self.representations.get(from)?.get(to).map(String::as_str)
    }
}

//! Second factors.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::wire::{JsonMap, time};

/// A second factor as the database has it, without its secret.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Factor {
    pub(crate) id: Uuid,
    pub(crate) friendly_name: Option<String>,
    pub(crate) factor_type: String,
    pub(crate) status: String,
    pub(crate) phone: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) last_challenged_at: Option<DateTime<Utc>>,
}

impl Factor {
    /// The factors in a JSON array of rows.
    pub(crate) fn list(rows: Value) -> Vec<Self> {
        let Value::Array(rows) = rows else {
            return Vec::new();
        };
        rows.into_iter()
            .filter_map(|row| serde_json::from_value(row).ok())
            .collect()
    }

    /// True once a code of it was right.
    pub(crate) fn is_verified(&self) -> bool {
        self.status == "verified"
    }

    /// The factor as clients see it.
    pub(crate) fn to_json(&self) -> JsonMap {
        let mut out = JsonMap::new();
        out.insert("id".to_owned(), json!(self.id));
        out.insert("created_at".to_owned(), json!(time(self.created_at)));
        out.insert("updated_at".to_owned(), json!(time(self.updated_at)));
        out.insert("status".to_owned(), json!(self.status));
        if let Some(name) = self
            .friendly_name
            .as_deref()
            .filter(|text| !text.is_empty())
        {
            out.insert("friendly_name".to_owned(), json!(name));
        }
        out.insert("factor_type".to_owned(), json!(self.factor_type));
        out.insert(
            "phone".to_owned(),
            json!(self.phone.as_deref().unwrap_or_default()),
        );
        out.insert(
            "last_challenged_at".to_owned(),
            json!(self.last_challenged_at.map(time)),
        );
        out
    }
}

//! The schema cache as JSON, for people who look for a fault. The five parts are upstream's; what is
//! in them is Hearth's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::model::SchemaCache;

impl SchemaCache {
    /// The whole of it.
    pub fn to_json(&self) -> Value {
        let representations: Vec<Value> = self
            .representations
            .iter()
            .flat_map(|(from, targets)| {
                targets.iter().map(move |(to, function)| {
                    json!({"source": from, "target": to, "function": function})
                })
            })
            .collect();
        let mut handlers: Vec<String> = self
            .handlers
            .iter()
            .flat_map(|(accepted, handlers)| {
                handlers
                    .iter()
                    .map(move |handler| format!("{}: {handler:?}", accepted.mime()))
            })
            .collect();
        handlers.sort();
        json!({
            "dbMediaHandlers": handlers,
            "dbRelationships": by_name(&self.relationships),
            "dbRepresentations": representations,
            "dbRoutines": by_name(&self.routines),
            "dbTables": by_name(&self.tables),
        })
    }

    /// How much there is, in one line.
    pub fn summary(&self) -> String {
        fn count<T>(names: &super::model::BySchema<T>) -> usize {
            names.values().map(std::collections::HashMap::len).sum()
        }
        format!(
            "{} Relations, {} Relationships, {} RPCs, {} Domain Representations, {} Media Type \
             Handlers",
            count(&self.tables),
            count(&self.relationships),
            count(&self.routines),
            self.representations
                .values()
                .map(std::collections::HashMap::len)
                .sum::<usize>(),
            self.handlers.values().map(Vec::len).sum::<usize>(),
        )
    }
}

/// In order of schema and name.
fn by_name<T: ToJson>(names: &super::model::BySchema<T>) -> Value {
    let sorted: BTreeMap<String, Value> = names
        .iter()
        .flat_map(|(schema, names)| {
            names
                .iter()
                .map(move |(name, item)| (format!("{schema}.{name}"), item.to_json()))
        })
        .collect();
    json!(sorted)
}

trait ToJson {
    fn to_json(&self) -> Value;
}

impl<T: Serialize> ToJson for Arc<T> {
    fn to_json(&self) -> Value {
        serde_json::to_value(self.as_ref()).unwrap_or_default()
    }
}

impl<T: Serialize> ToJson for Vec<Arc<T>> {
    fn to_json(&self) -> Value {
        self.iter().map(ToJson::to_json).collect()
    }
}

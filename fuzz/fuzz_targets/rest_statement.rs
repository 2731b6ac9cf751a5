//! Any reading request on two tables: what becomes of it is SQL in which nothing of the request
//! stands but quoted names and the names of types.
#![no_main]

use std::sync::{Arc, LazyLock};

use hearth_rest::config::RestConfig;
use hearth_rest::plan::types::Plan;
use hearth_rest::request::ApiRequest;
use hearth_rest::request::media_type::MediaType;
use hearth_rest::schema_cache::model::{Handler, MediaHandler, Qualified, SchemaCache};
use hearth_rest::schema_cache::relationships::{
    Cardinality, KeyRelationship, Relationship, derive,
};
use hearth_rest::{plan, query};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static CACHE: LazyLock<SchemaCache> = LazyLock::new(cache);

fn cache() -> SchemaCache {
    let mut cache = SchemaCache::default();
    let column = |name: &str, kind: &str| -> Value {
        json!({"name": name, "description": null, "nullable": true, "type": kind,
            "nominal_type": kind, "base_type": kind, "max_length": null, "default": null, "enum": []})
    };
    let tables = cache.tables.entry("public".to_owned()).or_default();
    for name in ["a", "b"] {
        let columns = [
            column("id", "integer"),
            column("b_id", "integer"),
            column("j", "jsonb"),
        ];
        let table = json!({"schema": "public", "name": name, "description": null, "is_view": false,
            "insertable": true, "updatable": true, "deletable": true, "primary_key": ["id"],
            "columns": columns});
        if let Ok(table) = serde_json::from_value(table) {
            tables.insert(name.to_owned(), Arc::new(table));
        }
    }
    assert_eq!(tables.len(), 2, "the tables have their model's form");
    let key = KeyRelationship {
        table: Qualified::new("public", "a"),
        foreign: Qualified::new("public", "b"),
        is_self: false,
        cardinality: Cardinality::ManyToOne {
            constraint: "k".to_owned(),
            columns: vec![("b_id".to_owned(), "id".to_owned())],
        },
        table_is_view: false,
        foreign_is_view: false,
    };
    let relationships = cache.relationships.entry("public".to_owned()).or_default();
    for key in derive(vec![key], &[], &std::collections::HashMap::new()) {
        let of_table = relationships.entry(key.table.name.clone()).or_default();
        of_table.push(Arc::new(Relationship::Key(key)));
    }
    let json = MediaHandler {
        target: None,
        handler: Handler::Json,
        media_type: MediaType::Json,
    };
    cache.handlers.insert(MediaType::Any, vec![json]);
    cache
}

/// What is left of `sql` without quoted names and constants.
fn unquoted(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' => {
                // A doubled mark opens the next piece at once.
                let closed = chars.by_ref().any(|inner| inner == c);
                assert!(closed, "a quote is left open: {sql}");
            }
            c => out.push(c),
        }
    }
    out
}

fuzz_target!(|raw: &str| {
    let config = RestConfig {
        aggregates: true,
        ..RestConfig::default()
    };
    let Ok(request) = http::Request::builder().uri(format!("/a?{raw}")).body(()) else {
        return;
    };
    let (parts, ()) = request.into_parts();
    let Ok(request) = ApiRequest::parse(&config, &parts, bytes::Bytes::new()) else {
        return;
    };
    let Ok(Plan::Db(plan)) = plan::plan(&request, &config, &CACHE) else {
        return;
    };
    let sql = query::build(&plan, &request, &config).main;
    let bare = unquoted(sql.sql());
    for mark in [";", "--", "/*", "\\", "\0"] {
        assert!(!bare.contains(mark), "{mark:?} in {}", sql.sql());
    }
});

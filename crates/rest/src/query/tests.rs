//! Plans as SQL, on a small schema that needs no server.

use std::sync::Arc;

use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::snippet::Bind;
use super::{MainQuery, build, build_bare, build_rows};
use crate::config::RestConfig;
use crate::plan::types::{DbPlan, Plan};
use crate::request::ApiRequest;
use crate::schema_cache::model::{Handler, MediaHandler, Qualified, SchemaCache, Table};
use crate::schema_cache::relationships::{Cardinality, KeyRelationship, Relationship, derive};
use crate::schema_cache::routines::Routine;

fn table(name: &str, key: &str, columns: &[(&str, &str)]) -> Table {
    let columns: Vec<Value> = columns
        .iter()
        .map(|(name, kind)| {
            json!({"name": name, "description": null, "nullable": true, "type": kind,
                "nominal_type": kind, "max_length": null, "default": null, "enum": []})
        })
        .collect();
    serde_json::from_value(json!({"schema": "api", "name": name, "description": null,
        "is_view": false, "insertable": true, "updatable": true, "deletable": true,
        "primary_key": [key], "columns": columns}))
    .unwrap()
}

fn cache() -> SchemaCache {
    use crate::request::media_type::MediaType;
    let mut cache = SchemaCache::default();
    let tables = cache.tables.entry("api".to_owned()).or_default();
    for table in [
        table(
            "clubs",
            "id",
            &[("id", "integer"), ("name", "text"), ("info", "jsonb")],
        ),
        table(
            "members",
            "id",
            &[("id", "integer"), ("name", "text"), ("club_id", "integer")],
        ),
    ] {
        tables.insert(table.name.clone(), Arc::new(table));
    }
    let key = KeyRelationship {
        table: Qualified::new("api", "members"),
        foreign: Qualified::new("api", "clubs"),
        is_self: false,
        cardinality: Cardinality::ManyToOne {
            constraint: "members_club".to_owned(),
            columns: vec![("club_id".to_owned(), "id".to_owned())],
        },
        table_is_view: false,
        foreign_is_view: false,
    };
    let relationships = cache.relationships.entry("api".to_owned()).or_default();
    for key in derive(vec![key], &[], &std::collections::HashMap::new()) {
        let of_table = relationships.entry(key.table.name.clone()).or_default();
        of_table.push(Arc::new(Relationship::Key(key)));
    }
    let add: Routine = serde_json::from_value(json!({"schema": "api", "name": "add",
        "description": null, "params": [
            {"name": "a", "type": "integer", "wide_type": "integer", "required": true, "variadic": false}],
        "return_type": {"schema": "pg_catalog", "name": "int4"}, "returns_set": false,
        "returns_composite": false, "volatility": "i", "variadic": false, "isolation": null,
        "settings": [], "id": 1}))
    .unwrap();
    let routines = cache.routines.entry("api".to_owned()).or_default();
    routines.insert("add".to_owned(), vec![Arc::new(add)]);
    let json = MediaHandler {
        target: None,
        handler: Handler::Json,
        media_type: MediaType::Json,
    };
    cache.handlers.insert(MediaType::Any, vec![json]);
    cache
}

fn with_plan<T>(
    [method, uri, prefer, body]: [&str; 4],
    write: impl FnOnce(&DbPlan, &ApiRequest, &RestConfig) -> T,
) -> T {
    let config = RestConfig {
        schemas: vec!["api".to_owned()],
        ..RestConfig::default()
    };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("prefer", prefer);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let body = bytes::Bytes::copy_from_slice(body.as_bytes());
    let request = ApiRequest::parse(&config, &parts, body).unwrap();
    let Plan::Db(plan) = crate::plan::plan(&request, &config, &cache()).unwrap() else {
        panic!("no plan for the database");
    };
    write(&plan, &request, &config)
}

fn sql(method: &str, uri: &str, prefer: &str, body: &str) -> (String, Vec<Bind>) {
    with_plan([method, uri, prefer, body], |plan, request, config| {
        let MainQuery { main, .. } = build(plan, request, config);
        (main.sql().to_owned(), main.binds().to_vec())
    })
}

fn rows(method: &str, uri: &str, prefer: &str, body: &str) -> Option<String> {
    with_plan([method, uri, prefer, body], |plan, request, config| {
        build_rows(plan, request, config).map(|sql| sql.sql().to_owned())
    })
}

fn bare(method: &str, uri: &str, prefer: &str, body: &str) -> Option<String> {
    with_plan([method, uri, prefer, body], |plan, request, _| {
        build_bare(plan, request).map(|sql| sql.sql().to_owned())
    })
}

fn text(value: &str) -> Bind {
    Bind::Text(value.to_owned())
}

const SETTINGS: &str = "nullif(current_setting('response.headers', true), ''), \
                        nullif(current_setting('response.status', true), '')";

#[test]
fn a_read_binds_its_values() {
    let (sql, binds) = sql(
        "GET",
        "/clubs?select=id,info-%3E%3Eseats&name=like.A*&limit=5",
        "",
        "",
    );
    assert_eq!(
        sql,
        format!(
            "select pg_catalog.count(*), coalesce(json_agg(_postgrest_t), '[]'), {SETTINGS} from \
             (select \"api\".\"clubs\".\"id\", \"api\".\"clubs\".\"info\"->>$1 as \"seats\" \
             from \"api\".\"clubs\" where \"api\".\"clubs\".\"name\" like $2 limit $3) _postgrest_t"
        )
    );
    assert_eq!(binds, [text("seats"), text("A%"), text("5")]);
}

#[test]
fn the_text_depends_on_the_shape_alone() {
    let shape = |uri: &str| sql("GET", uri, "", "").0;
    assert_eq!(
        shape("/clubs?id=in.(1,2,3)&limit=1"),
        shape("/clubs?id=in.(4)&limit=100")
    );
    assert_eq!(
        shape("/clubs?name=eq.a"),
        shape("/clubs?name=eq.';%20drop%20table%20clubs;--")
    );
}

#[test]
fn names_cannot_break_out() {
    let (sql, _) = sql("GET", "/clubs?select=%22a%5C%22%20from%20x%3B%22", "", "");
    assert!(sql.contains(r#""api"."clubs"."a"" from x;""#), "{sql}");
}

#[test]
fn an_embedded_resource_is_a_lateral_join() {
    let (sql, _) = sql(
        "GET",
        "/clubs?select=name,members!inner(name)&members.id=gt.1",
        "",
        "",
    );
    assert!(
        sql.contains(
            "inner join lateral (select json_agg(\"clubs_members_1\")::jsonb as \"clubs_members_1\" \
             from (select \"members_1\".\"name\" from \"api\".\"members\" as \"members_1\" \
             where \"members_1\".\"id\" > $1 and \"members_1\".\"club_id\" = \"api\".\"clubs\".\"id\") \
             as \"clubs_members_1\") as \"clubs_members_1\" on \"clubs_members_1\" is not null"
        ),
        "{sql}"
    );
}

#[test]
fn a_write_hands_its_body_on_as_it_came() {
    let body = r#"{"name": "x",  "id": 1}"#;
    let (sql, binds) = sql("POST", "/clubs", "return=minimal", body);
    assert!(
        sql.starts_with(
            "with pgrst_source as (insert into \"api\".\"clubs\"(\"id\", \"name\") \
             select pgrst_body.\"id\", pgrst_body.\"name\" from (select $1::json as json_data) \
             pgrst_payload, lateral (select \"id\", \"name\" from \
             json_to_record(pgrst_payload.json_data) as _(\"id\" integer, \"name\" text)) \
             pgrst_body returning 1)"
        ),
        "{sql}"
    );
    assert!(matches!(&binds[0], Bind::Body(text) if text.as_bytes() == body.as_bytes()));
}

#[test]
fn a_call_names_its_arguments() {
    let (sql, binds) = sql("GET", "/rpc/add?a=1", "", "");
    assert!(
        sql.starts_with(
            "with pgrst_source as (select pgrst_call.pgrst_scalar from \
             (select \"api\".\"add\"(\"a\" := $1::integer) as pgrst_scalar) pgrst_call)"
        ),
        "{sql}"
    );
    assert_eq!(binds, [text("1")]);
}

/// The statement for `uri`, if it asks for one.
fn statement(uri: &str) -> Option<String> {
    let config = RestConfig {
        schemas: vec!["api".to_owned()],
        aggregates: true,
        ..RestConfig::default()
    };
    let (parts, ()) = Request::builder().uri(uri).body(()).ok()?.into_parts();
    let request = ApiRequest::parse(&config, &parts, bytes::Bytes::new()).ok()?;
    match crate::plan::plan(&request, &config, &cache()).ok()? {
        Plan::Db(plan) => Some(build(&plan, &request, &config).main.sql().to_owned()),
        _ => None,
    }
}

/// What is left of `sql` without quoted names and constants.
fn unquoted(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars();
    while let Some(c) = chars.next() {
        if matches!(c, '"' | '\'') {
            // A doubled mark opens the next piece at once.
            assert!(chars.any(|inner| inner == c), "left open: {sql}");
        } else {
            out.push(c);
        }
    }
    out
}

proptest! {
    #[test]
    fn nothing_of_a_request_stands_bare(
        select in r#"([a-c*:,()."!]|name|info|members|%22|%5C|;|--|'|->|->>|::|\.\.\.|count\(\)|\.sum\(\)){0,12}"#,
        filter in r#"(eq|in|is|like\(any\)|fts|not\.eq|cs)\.([a-z,(){}';"*]|%22|%5C|--|/\*|null){0,12}"#,
        order in r#"(id|name|info|%22;%22|members|->|->>|\.desc|\.nullsfirst|,|\(|\)|'|;){0,6}"#,
        limit in r"[0-9;' -]{0,4}",
    ) {
        for uri in [
            format!("/clubs?select={select}&id={filter}&order={order}&limit={limit}"),
            format!("/clubs?select=name,members({select})&members.name={filter}&members.order={order}"),
            format!("/clubs?or=(name.{filter},id.{filter})&offset={limit}"),
            format!("/rpc/add?a={filter}"),
        ] {
            let encoded = [('"', "%22"), ('{', "%7B"), ('}', "%7D"), ('>', "%3E"), (' ', "%20")];
            let uri = encoded
                .iter()
                .fold(uri, |uri, (mark, code)| uri.replace(*mark, code));
            let Some(sql) = statement(&uri) else { continue };
            let bare = unquoted(&sql);
            for mark in [";", "--", "/*", "\\"] {
                prop_assert!(!bare.contains(mark), "{mark} of {uri} in {sql}");
            }
        }
    }
}

#[test]
fn rows_are_asked_for_where_they_are_the_whole_answer() {
    let read = rows("GET", "/clubs?select=id&id=eq.1", "", "");
    let plain = "select \"api\".\"clubs\".\"id\" from \"api\".\"clubs\" \
                 where \"api\".\"clubs\".\"id\" = $1";
    assert_eq!(read.as_deref(), Some(plain));
    // All rows are the page: their number is the total.
    assert!(rows("GET", "/clubs", "count=exact", "").is_some());
    assert_eq!(rows("GET", "/clubs?limit=1", "count=exact", ""), None);
    assert_eq!(rows("GET", "/clubs", "count=planned", ""), None);
    assert_eq!(rows("HEAD", "/clubs", "", ""), None);
    let body = r#"{"id": 1}"#;
    let inserted = rows("POST", "/clubs?select=id", "return=representation", body).unwrap();
    assert!(
        inserted.starts_with("with pgrst_source as (insert into"),
        "{inserted}"
    );
    assert!(
        inserted.ends_with(
            "returning \"api\".\"clubs\".\"id\") \
             select \"clubs\".\"id\" from \"pgrst_source\" as \"clubs\""
        ),
        "{inserted}"
    );
    let merges = "return=representation,resolution=merge-duplicates";
    assert_eq!(rows("POST", "/clubs", merges, body), None);
    assert_eq!(rows("GET", "/rpc/add?a=1", "", ""), None);
}

#[test]
fn a_write_that_answers_nothing_returns_nothing() {
    let body = r#"{"id": 1}"#;
    let insert = bare("POST", "/clubs", "return=minimal", body).unwrap();
    assert!(insert.starts_with("insert into"), "{insert}");
    assert!(insert.ends_with(") pgrst_body"), "{insert}");
    assert_eq!(bare("POST", "/clubs", "return=headers-only", body), None);
    assert_eq!(bare("POST", "/clubs", "return=representation", body), None);
    assert_eq!(
        bare("POST", "/clubs", "resolution=merge-duplicates", body),
        None
    );
    assert_eq!(bare("GET", "/clubs", "", ""), None);
}

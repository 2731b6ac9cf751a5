//! Tables, columns, policies … through postgres-meta's routes.

use serde_json::{Value, json};

use crate::world::{Browser, World};

const ODD: &str = "a \"b'; drop table x; -- 表 select";

async fn by_name(pg: &Browser, path: &str, name: &str) -> Value {
    let list = pg.get(path).await;
    let found = list.as_array().unwrap().iter().find(|x| x["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {path}"))
        .clone()
}

#[tokio::test]
async fn tables_and_columns() {
    let world = World::new().await;
    let pg = world.pg().await;
    let table = pg
        .must("POST", "/tables", json!({"name": ODD, "comment": "it's"}))
        .await;
    assert_eq!(
        (&table["name"], &table["schema"]),
        (&json!(ODD), &json!("public"))
    );
    assert_eq!(
        (&table["comment"], &table["columns"]),
        (&json!("it's"), &json!([]))
    );
    let path = format!("/tables/{}", table["id"]);

    let column = async |body: Value| {
        let mut body = body;
        body["table_id"] = table["id"].clone();
        pg.must("POST", "/columns", body).await
    };
    let id = column(json!({"name": "id", "type": "int8", "is_identity": true,
                           "is_primary_key": true}))
    .await;
    assert_eq!(id["id"], format!("{}.1", table["id"]));
    assert_eq!(
        (&id["is_identity"], &id["identity_generation"]),
        (&json!(true), &json!("BY DEFAULT"))
    );
    assert_eq!(
        (&id["format"], &id["data_type"]),
        (&json!("int8"), &json!("bigint"))
    );
    let text = column(json!({"name": ODD, "type": "text", "default_value": "it's", "is_unique": true,
                             "is_nullable": false, "comment": "c", "check": "length(\"a \"\"b'; drop table x; -- 表 select\") > 0"})).await;
    assert_eq!(text["default_value"], "'it''s'::text");
    assert_eq!(
        (&text["is_unique"], &text["is_nullable"]),
        (&json!(true), &json!(false))
    );
    assert!(text["check"].as_str().unwrap().starts_with("length("));
    column(
        json!({"name": "at", "type": "timestamptz", "default_value": "now()",
                  "default_value_format": "expression"}),
    )
    .await;
    column(json!({"name": "n", "type": "numeric(10,2)"})).await;
    column(json!({"name": "list", "type": "text[]"})).await;
    pg.must(
        "POST",
        "/query",
        json!({"query": "create type \"Mood\" as enum ('好', 'bad')"}),
    )
    .await;
    let mood = column(json!({"name": "mood", "type": "Mood"})).await;
    assert_eq!(mood["enums"], json!(["好", "bad"]));
    assert_eq!(mood["data_type"], "USER-DEFINED");
    for kind in ["no_such_type", "int); drop table x; --", "text default 1"] {
        let body = json!({"table_id": table["id"], "name": "x", "type": kind});
        assert_eq!(pg.refused("POST", "/columns", body).await.0, 400, "{kind}");
    }
    let shown = pg.get(&path).await;
    let names: Vec<&str> = shown["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["id", ODD, "at", "n", "list", "mood"]);
    assert_eq!(shown["primary_keys"][0]["name"], "id");

    // A change of several parts happens whole or not at all.
    let patch = |body: Value| {
        pg.must(
            "PATCH",
            text["id"]
                .as_str()
                .map(|id| format!("/columns/{id}"))
                .unwrap()
                .leak(),
            body,
        )
    };
    let changed = patch(
        json!({"is_nullable": true, "is_unique": false, "drop_default": true,
                               "comment": null, "check": null, "name": "body"}),
    )
    .await;
    for (key, value) in [
        ("is_nullable", json!(true)),
        ("is_unique", json!(false)),
        ("default_value", json!(null)),
        ("comment", json!(null)),
        ("check", json!(null)),
        ("name", json!("body")),
    ] {
        assert_eq!(changed[key], value, "{key}");
    }
    let column_path = format!("/columns/{}", text["id"].as_str().unwrap());
    let refused = pg
        .refused(
            "PATCH",
            &column_path,
            json!({"name": "other", "type": "int4",
        "default_value": "not a number"}),
        )
        .await;
    assert_eq!(refused.0, 400);
    assert_eq!(pg.get(&column_path).await["name"], "body");
    let (status, error) = pg
        .send("PATCH", &column_path, json!({"check": "id > 0"}))
        .await;
    assert_eq!(status, 400);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("cannot refer to other columns")
    );
    let typed =
        patch(json!({"type": "varchar", "default_value": "x", "check": "body <> ''"})).await;
    assert_eq!(
        (&typed["format"], &typed["check"]),
        (&json!("varchar"), &json!("body::text <> ''::text"))
    );

    let changed = pg
        .must(
            "PATCH",
            &path,
            json!({"name": "消息", "rls_enabled": true,
        "replica_identity": "FULL", "comment": null, "primary_keys": []}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["rls_enabled"]),
        (&json!("消息"), &json!(true))
    );
    assert_eq!(
        (&changed["replica_identity"], &changed["primary_keys"]),
        (&json!("FULL"), &json!([]))
    );
    let again = pg
        .must("PATCH", &path, json!({"primary_keys": [{"name": "id"}]}))
        .await;
    assert_eq!(again["primary_keys"][0]["name"], "id");
    assert_eq!(
        pg.refused("PATCH", &path, json!({"replica_identity": "x; drop"}))
            .await
            .0,
        400
    );

    pg.must(
        "POST",
        "/query",
        json!({"query":
        "create table child (a bigint references 消息, primary key (a))"}),
    )
    .await;
    let child = by_name(&pg, "/tables?included_schemas=public", "child").await;
    let relation = &child["relationships"][0];
    assert_eq!(
        (
            &relation["source_table_name"],
            &relation["target_table_name"]
        ),
        (&json!("child"), &json!("消息"))
    );
    assert_eq!(
        pg.refused("DELETE", &path, Value::Null).await,
        (400, "2BP01".to_owned())
    );
    pg.must("DELETE", &format!("{path}?cascade=true"), Value::Null)
        .await;
    assert_eq!(
        pg.refused("GET", &path, Value::Null).await,
        (404, "not_found".to_owned())
    );
    let plain = pg
        .get("/tables?included_schemas=public&include_columns=false&limit=1")
        .await;
    assert_eq!(plain.as_array().unwrap().len(), 1);
    assert!(plain[0].get("columns").is_none());
    for path in ["/columns/x", "/columns/1.2.3"] {
        assert_eq!(pg.refused("GET", path, Value::Null).await.0, 400, "{path}");
    }

    // postgres-meta's own words through the application's key.
    let (status, error) = world
        .with_key("service_role", "GET", "/tables/1", Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), error),
        (404, json!({"error": "Cannot find a table with ID 1"}))
    );
    world.close().await;
}

#[tokio::test]
async fn policies_and_publications() {
    let world = World::new().await;
    let pg = world.pg().await;
    pg.must(
        "POST",
        "/query",
        json!({"query": "create table \"消.息\" (id int); create table b (id int)"}),
    )
    .await;
    let policy = pg
        .must(
            "POST",
            "/policies",
            json!({"name": ODD, "table": "消.息", "command": "select",
        "roles": ["anon", "authenticated"], "definition": "true -- all"}),
        )
        .await;
    assert_eq!(
        (&policy["command"], &policy["action"]),
        (&json!("SELECT"), &json!("PERMISSIVE"))
    );
    assert_eq!(
        (&policy["roles"], &policy["definition"]),
        (&json!(["anon", "authenticated"]), &json!("true"))
    );
    let path = format!("/policies/{}", policy["id"]);
    let changed = pg
        .must(
            "PATCH",
            &path,
            json!({"name": "p", "definition": "id > 0", "roles": ["public"]}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["definition"], &changed["roles"]),
        (&json!("p"), &json!("(id > 0)"), &json!(["public"]))
    );
    assert_eq!(
        pg.refused("PATCH", &path, json!({"name": "q", "definition": "nope"}))
            .await
            .1,
        "42703"
    );
    assert_eq!(pg.get(&path).await["name"], "p");
    assert_eq!(
        pg.refused(
            "POST",
            "/policies",
            json!({"name": "x", "table": "b", "command": "x"})
        )
        .await
        .0,
        400
    );
    pg.must("DELETE", &path, Value::Null).await;
    assert_eq!(pg.refused("DELETE", &path, Value::Null).await.0, 404);

    // The tutorial's page Replication: four switches and a switch per table.
    let realtime = by_name(&pg, "/publications", "supabase_realtime").await;
    let path = format!("/publications/{}", realtime["id"]);
    let changed = pg
        .must(
            "PATCH",
            &path,
            json!({"publish_truncate": false,
        "tables": ["public.消.息", "b"]}),
        )
        .await;
    assert_eq!(changed["publish_truncate"], false);
    assert_eq!(changed["publish_insert"], true);
    let names = |value: &Value| {
        value["tables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&changed), ["b", "消.息"]);
    // One table's row filter survives a change of another.
    pg.must(
        "POST",
        "/query",
        json!({"query":
        "alter publication supabase_realtime set table \"消.息\" where (id > 5), b"}),
    )
    .await;
    let members = json!([{"schema": "public", "name": "消.息"}]);
    let changed = pg.must("PATCH", &path, json!({"tables": members})).await;
    assert_eq!(names(&changed), ["消.息"]);
    let filter = json!({"query": "select prqual is not null as kept from pg_publication_rel r
        join pg_publication p on p.oid = prpubid and pubname = 'supabase_realtime'"});
    assert_eq!(
        pg.must("POST", "/query", filter).await,
        json!([{"kept": true}])
    );
    assert_eq!(
        pg.refused("PATCH", &path, json!({"tables": ["nope"]}))
            .await
            .1,
        "42P01"
    );
    let emptied = pg.must("PATCH", &path, json!({"tables": []})).await;
    assert_eq!(emptied["tables"], json!([]));

    let made = pg
        .must(
            "POST",
            "/publications",
            json!({"name": ODD, "publish_insert": true,
        "tables": ["b"]}),
        )
        .await;
    assert_eq!(
        (&made["publish_insert"], &made["publish_update"]),
        (&json!(true), &json!(false))
    );
    let path = format!("/publications/{}", made["id"]);
    pg.must("PATCH", &path, json!({"name": "other"})).await;
    pg.must("DELETE", &path, Value::Null).await;
    world.close().await;
}

#[tokio::test]
async fn functions_triggers_schemas_extensions() {
    let world = World::new().await;
    let pg = world.pg().await;
    let schema = pg.must("POST", "/schemas", json!({"name": ODD})).await;
    assert_eq!(schema["owner"], world.app.reference.owner_role());
    let path = format!("/schemas/{}", schema["id"]);
    assert_eq!(
        pg.must("PATCH", &path, json!({"name": "s"})).await["name"],
        "s"
    );
    assert_eq!(
        pg.refused("POST", "/schemas", json!({"name": "pg_x"}))
            .await
            .1,
        "42939"
    );

    let made = pg
        .must(
            "POST",
            "/functions",
            json!({"name": "add", "schema": "s",
        "args": ["a integer", "b integer default 2"], "return_type": "integer",
        "definition": "select a + b", "behavior": "IMMUTABLE",
        "config_params": {"search_path": "public, extensions", "work_mem": "1MB"}}),
        )
        .await;
    assert_eq!(
        made["args"],
        json!([
        {"mode": "in", "name": "a", "type_id": 23, "has_default": false},
        {"mode": "in", "name": "b", "type_id": 23, "has_default": true}])
    );
    assert_eq!(
        (&made["behavior"], &made["return_type"]),
        (&json!("IMMUTABLE"), &json!("integer"))
    );
    assert_eq!(made["config_params"]["work_mem"], "1MB");
    let path = format!("/functions/{}", made["id"]);
    let changed = pg
        .must(
            "PATCH",
            &path,
            json!({"definition": "select a * b", "name": "times",
        "schema": "public"}),
        )
        .await;
    assert_eq!(
        (&changed["id"], &changed["name"], &changed["schema"]),
        (&made["id"], &json!("times"), &json!("public"))
    );
    let rows = pg
        .must("POST", "/query", json!({"query": "select times(4) as x"}))
        .await;
    assert_eq!(rows, json!([{"x": 8}]));
    let sql = json!({"query": "create function t(out a int, variadic b text[]) language sql as 'select 1'"});
    pg.must("POST", "/query", sql).await;
    let other = by_name(&pg, "/functions?included_schemas=public", "t").await;
    let modes: Vec<&str> = other["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["mode"].as_str().unwrap())
        .collect();
    assert_eq!(modes, ["out", "variadic"]);
    pg.must("DELETE", &path, Value::Null).await;

    pg.must(
        "POST",
        "/query",
        json!({"query": "create table x (id int, a text); create function f() \
        returns trigger language plpgsql as 'begin return new; end'"}),
    )
    .await;
    let made = pg
        .must(
            "POST",
            "/triggers",
            json!({"name": ODD, "table": "x", "function_name": "f",
        "activation": "BEFORE", "events": ["INSERT", "UPDATE OF a, id"], "orientation": "ROW",
        "condition": "new.id > 0", "function_args": ["it's", "b"]}),
        )
        .await;
    assert_eq!(made["events"], json!(["INSERT", "UPDATE"]));
    assert_eq!(
        (&made["activation"], &made["orientation"]),
        (&json!("BEFORE"), &json!("ROW"))
    );
    assert_eq!(
        (&made["function_args"], &made["condition"]),
        (&json!(["it's", "b"]), &json!("(new.id > 0)"))
    );
    let path = format!("/triggers/{}", made["id"]);
    let changed = pg
        .must(
            "PATCH",
            &path,
            json!({"enabled_mode": "DISABLED", "name": "y"}),
        )
        .await;
    assert_eq!(
        (&changed["enabled_mode"], &changed["name"]),
        (&json!("DISABLED"), &json!("y"))
    );
    pg.must("DELETE", &path, Value::Null).await;

    let made = pg
        .must(
            "POST",
            "/extensions",
            json!({"name": "citext", "schema": "extensions"}),
        )
        .await;
    assert_eq!(made["schema"], "extensions");
    assert!(made["installed_version"].is_string());
    pg.must("DELETE", "/extensions/citext?cascade=true", Value::Null)
        .await;
    assert!(pg.get("/extensions/citext").await["installed_version"].is_null());
    assert_eq!(
        pg.refused("GET", "/extensions/nope", Value::Null).await.0,
        404
    );

    for path in [
        "/roles",
        "/indexes",
        "/types?include_array_types=true",
        "/views",
        "/config",
        "/materialized-views",
        "/foreign-tables",
        "/column-privileges",
        "/table-privileges",
    ] {
        assert!(pg.get(path).await.is_array(), "{path}");
    }
    let roles = pg.get("/roles").await;
    assert!(
        roles
            .as_array()
            .unwrap()
            .iter()
            .any(|role| role["name"] == "authenticated")
    );
    let table = by_name(&pg, "/tables?included_schemas=public", "x").await;
    let column = format!("{}.1", table["id"]);
    let grant = json!([{"column_id": column, "grantee": "anon", "privilege_type": "SELECT"}]);
    pg.must(
        "POST",
        "/query",
        json!({"query": "revoke all on x from anon"}),
    )
    .await;
    let granted = pg.must("POST", "/column-privileges", grant.clone()).await;
    assert!(granted[0]["privileges"].to_string().contains("anon"));
    let revoked = pg.must("DELETE", "/column-privileges", grant).await;
    assert!(!revoked[0]["privileges"].to_string().contains("anon"));
    world.close().await;
}

use hearth_apps::RequestContext;
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

async fn world() -> World {
    let w = World::new().await;
    w.open_bucket("b", false).await;
    w.sql(
        "insert into storage.objects (bucket_id, name, created_at, metadata)
         select 'b', name, timestamptz '2026-01-01' + n * interval '1 hour', '{\"size\": 1}'
         from unnest(array['a.txt', 'Folder/x', 'folder/y', 'folder/z', 'folder/sub/1',
                           'folder/sub/2', 'm_n/1', 'mxn/2', 'z.txt']) with ordinality as t (name, n)",
    )
    .await;
    w
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|e| e["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn one_level_at_a_time() {
    let w = world().await;
    // Where policies apply, the walk is another one.
    for context in [w.app.anon(), w.app.service()] {
        levels(&w, &context).await;
    }
}

async fn levels(w: &World, context: &RequestContext) {
    let list = async |body: Value| {
        w.ask(context.clone(), Method::POST, "/object/list/b")
            .json(body)
            .await
            .expect(200)
            .json()
    };
    let top = list(json!({"prefix": ""})).await;
    assert_eq!(names(&top), ["a.txt", "folder", "m_n", "mxn", "z.txt"]);
    assert_eq!(
        top[1],
        json!({"name": "folder", "id": null, "updated_at": null, "created_at": null,
               "last_accessed_at": null, "metadata": null})
    );
    assert_eq!(top[0]["metadata"], json!({"size": 1}));
    assert_eq!(top[0]["created_at"], "2026-01-01T01:00:00.000Z");
    assert_eq!(
        names(&list(json!({"prefix": "folder"})).await),
        ["sub", "x", "y", "z"]
    );
    assert_eq!(
        names(&list(json!({"prefix": "folder/sub/"})).await),
        ["1", "2"]
    );
    assert_eq!(
        names(&list(json!({"prefix": "m_n"})).await),
        ["1"],
        "no pattern"
    );
    assert_eq!(names(&list(json!({"prefix": "none"})).await), [""; 0]);
    assert_eq!(
        names(&list(json!({"prefix": "folder", "search": "S"})).await),
        ["sub"]
    );
    let desc = json!({"prefix": "", "sortBy": {"column": "name", "order": "desc"}});
    assert_eq!(
        names(&list(desc).await),
        ["z.txt", "mxn", "m_n", "folder", "a.txt"]
    );
    assert_eq!(
        names(&list(json!({"prefix": "", "limit": 2, "offset": 1})).await),
        ["folder", "m_n"]
    );
    let timed = json!({"prefix": "folder", "sortBy": {"column": "created_at", "order": "desc"}});
    assert_eq!(names(&list(timed).await), ["sub", "z", "y", "x"]);
}

#[tokio::test]
async fn strangers_to_the_policy_see_nothing() {
    let w = world().await;
    w.sql("drop policy \"b objects\" on storage.objects").await;
    let list = w
        .anon(Method::POST, "/object/list/b")
        .json(json!({"prefix": ""}))
        .await;
    assert_eq!(list.expect(200).text(), "[]");
    let page = w
        .anon(Method::POST, "/object/list-v2/b")
        .json(json!({"with_delimiter": true}))
        .await;
    assert_eq!(
        page.expect(200).text(),
        r#"{"hasNext":false,"folders":[],"objects":[]}"#
    );
}

#[tokio::test]
async fn wrong_wishes() {
    let w = world().await;
    let list = |body: Value| w.anon(Method::POST, "/object/list/b").json(body);
    for (body, message) in [
        (json!({}), "body must have required property 'prefix'"),
        (json!({"prefix": "", "limit": 0}), "body/limit must be >= 1"),
        (
            json!({"prefix": "", "limit": "x"}),
            "body/limit must be integer",
        ),
        (
            json!({"prefix": "", "sortBy": {}}),
            "body/sortBy must have required property 'column'",
        ),
        (
            json!({"prefix": "", "sortBy": {"column": "size"}}),
            "body/sortBy/column must be equal to one of the allowed values",
        ),
    ] {
        list(body)
            .await
            .expect_error(400, "400", "Error", "InvalidRequest", message);
    }
    w.anon(Method::POST, "/object/list-v2/b")
        .json(json!({"cursor": "nonsense"}))
        .await
        .expect_error(
            400,
            "400",
            "InvalidParameter",
            "InvalidParameter",
            "Invalid Parameter continuation token",
        );
}

#[tokio::test]
async fn pages_follow_each_other_without_gap() {
    let w = world().await;
    // An object beside a folder of the same name must not swallow it.
    w.sql("insert into storage.objects (bucket_id, name) values ('b', 'folder')")
        .await;
    let orders = [
        ("name", "asc"),
        ("name", "desc"),
        ("created_at", "asc"),
        ("updated_at", "desc"),
    ];
    for (column, order) in orders {
        for delimited in [true, false] {
            let mut seen = Vec::new();
            let mut cursor = None;
            loop {
                let mut body = json!({
                    "with_delimiter": delimited, "limit": 2,
                    "sortBy": {"column": column, "order": order}
                });
                if let Some(cursor) = &cursor {
                    body["cursor"] = Value::from(String::clone(cursor));
                }
                let page = w
                    .anon(Method::POST, "/object/list-v2/b")
                    .json(body)
                    .await
                    .expect(200)
                    .json();
                let lines = page["folders"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .chain(page["objects"].as_array().unwrap());
                seen.extend(lines.map(|l| l["name"].as_str().unwrap().to_owned()));
                if page["hasNext"] == false {
                    assert!(page.get("nextCursor").is_none());
                    break;
                }
                cursor = Some(page["nextCursor"].as_str().unwrap().to_owned());
            }
            let mut expected = if delimited {
                vec![
                    "a.txt", "Folder/", "folder/", "folder", "m_n/", "mxn/", "z.txt",
                ]
            } else {
                vec![
                    "a.txt",
                    "Folder/x",
                    "folder",
                    "folder/y",
                    "folder/z",
                    "folder/sub/1",
                    "folder/sub/2",
                    "m_n/1",
                    "mxn/2",
                    "z.txt",
                ]
            };
            seen.sort();
            expected.sort_unstable();
            assert_eq!(seen, expected, "{column} {order} {delimited}");
        }
    }
}

#[tokio::test]
async fn folders_of_pages_have_key_and_name() {
    let w = world().await;
    let body = json!({"prefix": "folder/", "with_delimiter": true});
    let page = w
        .anon(Method::POST, "/object/list-v2/b")
        .json(body)
        .await
        .expect(200)
        .json();
    assert_eq!(page["folders"][0]["key"], "sub");
    assert_eq!(page["folders"][0]["name"], "folder/sub/");
    assert_eq!(page["objects"][0]["name"], "folder/y");
    assert_eq!(page["objects"][0]["key"], "y");
    let literal = json!({"prefix": "m_n"});
    let page = w
        .anon(Method::POST, "/object/list-v2/b")
        .json(literal)
        .await
        .expect(200)
        .json();
    assert_eq!(names(&page["objects"]), ["m_n/1"]);
}

use http::Method;
use serde_json::{Value, json};

use crate::world::World;

async fn world() -> World {
    let w = World::new().await;
    w.open_bucket("one", true).await;
    w.open_bucket("two", true).await;
    w.anon(Method::POST, "/object/one/a.txt")
        .header("x-metadata", "eyJhIjoxfQ==")
        .header("cache-control", "max-age=5")
        .upload("text")
        .await
        .expect(200);
    w
}

impl World {
    async fn read(&self, path: &str) -> Option<String> {
        let got = self
            .stranger(Method::GET, &format!("/object/public/{path}"))
            .empty()
            .await;
        (got.status == 200).then(|| got.text())
    }

    async fn info(&self, path: &str) -> Value {
        self.anon(Method::GET, &format!("/object/info/{path}"))
            .empty()
            .await
            .expect(200)
            .json()
    }
}

#[tokio::test]
async fn moves() {
    let w = world().await;
    let before = w.info("one/a.txt").await;
    let moved = w
        .anon(Method::POST, "/object/move")
        .json(json!({"bucketId": "one", "sourceKey": "a.txt", "destinationKey": "b/c.txt"}))
        .await
        .expect(200);
    assert_eq!(moved.text(), r#"{"message":"Successfully moved"}"#);
    assert_eq!(w.read("one/a.txt").await, None);
    assert_eq!(w.read("one/b/c.txt").await.as_deref(), Some("text"));
    let away = json!({"bucketId": "one", "sourceKey": "b/c.txt",
                      "destinationBucket": "two", "destinationKey": "d.txt"});
    w.anon(Method::POST, "/object/move")
        .json(away)
        .await
        .expect(200);
    assert_eq!(w.read("two/d.txt").await.as_deref(), Some("text"));
    let after = w.info("two/d.txt").await;
    for same in ["id", "etag", "metadata", "cache_control", "content_type"] {
        assert_eq!(before[same], after[same]);
    }
    assert_eq!(w.files().len(), 1);
}

#[tokio::test]
async fn moves_that_are_refused() {
    let w = world().await;
    w.anon(Method::POST, "/object/one/b.txt")
        .upload("other")
        .await
        .expect(200);
    let go = |from: &str, to: &str| {
        let body = json!({"bucketId": "one", "sourceKey": from, "destinationKey": to});
        w.anon(Method::POST, "/object/move").json(body)
    };
    go("none", "x")
        .await
        .expect_error(400, "404", "not_found", "NoSuchKey", "Object not found");
    go("a.txt", "b.txt").await.expect_error(
        400,
        "409",
        "Duplicate",
        "ResourceAlreadyExists",
        "The resource already exists",
    );
    go("a.txt", "../x").await.expect_error(
        400,
        "400",
        "InvalidKey",
        "InvalidKey",
        "Invalid key: ../x",
    );
    w.anon(Method::POST, "/object/move")
        .json(json!({"sourceKey": "a"}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "body must have required property 'bucketId'",
        );
    go("a.txt", "a.txt").await.expect(200);
    w.sql("drop policy \"two objects\" on storage.objects")
        .await;
    let body = json!({"bucketId": "one", "sourceKey": "a.txt",
                      "destinationBucket": "two", "destinationKey": "a.txt"});
    w.anon(Method::POST, "/object/move")
        .json(body)
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "new row violates row-level security policy",
        );
    assert_eq!(w.read("one/a.txt").await.as_deref(), Some("text"));
}

#[tokio::test]
async fn copies() {
    let w = world().await;
    let copied = w
        .anon(Method::POST, "/object/copy")
        .json(json!({"bucketId": "one", "sourceKey": "a.txt",
                     "destinationBucket": "two", "destinationKey": "b.txt"}))
        .await
        .expect(200)
        .json();
    assert_eq!(copied["Key"], "two/b.txt");
    assert_eq!(copied["Id"], copied["id"]);
    assert_eq!(
        (&copied["name"], &copied["bucket_id"]),
        (&json!("b.txt"), &json!("two"))
    );
    assert_eq!(copied["user_metadata"], json!({"a": 1}));
    assert_eq!(w.info("two/b.txt").await["cache_control"], "max-age=5");
    w.anon(Method::DELETE, "/object/one/a.txt")
        .empty()
        .await
        .expect(200);
    assert_eq!(
        w.read("two/b.txt").await.as_deref(),
        Some("text"),
        "the copy stands alone"
    );
    assert_eq!(w.files().len(), 1);
}

#[tokio::test]
async fn copies_change_metadata_and_replace_on_demand() {
    let w = world().await;
    w.anon(Method::POST, "/object/one/b.txt")
        .upload("other")
        .await
        .expect(200);
    let body = json!({"bucketId": "one", "sourceKey": "a.txt", "destinationKey": "b.txt",
                      "copyMetadata": false, "metadata": {"mimetype": "text/css"}});
    w.anon(Method::POST, "/object/copy")
        .json(body.clone())
        .await
        .expect_error(
            400,
            "409",
            "Duplicate",
            "KeyAlreadyExists",
            "The resource already exists",
        );
    w.anon(Method::POST, "/object/copy")
        .header("x-upsert", "true")
        .header("x-metadata", "eyJiIjoyfQ==")
        .json(body)
        .await
        .expect(200);
    assert_eq!(w.read("one/b.txt").await.as_deref(), Some("text"));
    let info = w.info("one/b.txt").await;
    assert_eq!(info["content_type"], "text/css");
    assert_eq!(info["cache_control"], "max-age=5");
    assert_eq!(info["metadata"], json!({"b": 2}));
    assert_eq!(w.files().len(), 2);
    let none = json!({"bucketId": "one", "sourceKey": "none", "destinationKey": "c"});
    w.anon(Method::POST, "/object/copy")
        .json(none)
        .await
        .expect_error(400, "404", "not_found", "NoSuchKey", "Object not found");
}

#[tokio::test]
async fn deletes_many() {
    let w = world().await;
    w.anon(Method::POST, "/object/one/b.txt")
        .upload("other")
        .await
        .expect(200);
    let gone = w
        .anon(Method::DELETE, "/object/one")
        .json(json!({"prefixes": ["a.txt", "none", "b.txt"]}))
        .await
        .expect(200)
        .json();
    let gone = gone.as_array().unwrap();
    assert_eq!(gone.len(), 2);
    let keys: Vec<_> = gone[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "name",
            "bucket_id",
            "owner",
            "owner_id",
            "version",
            "id",
            "updated_at",
            "created_at",
            "last_accessed_at",
            "metadata",
            "user_metadata"
        ]
    );
    assert_eq!(w.files().len(), 0);
    w.anon(Method::DELETE, "/object/one")
        .json(json!({"prefixes": []}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "body/prefixes must NOT have fewer than 1 items",
        );
    w.anon(Method::DELETE, "/object/one/a.txt")
        .empty()
        .await
        .expect_error(400, "404", "not_found", "NoSuchKey", "Object not found");
}

//! What every store of bytes must do, on one that is no directory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hearth_storage::Storage;
use http::Method;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use serde_json::json;

use crate::world::World;

async fn world() -> (World, Arc<InMemory>) {
    let store = Arc::new(InMemory::new());
    let w = World::new().await.over(Storage::with_store(store.clone()));
    w.open_bucket("b", true).await;
    (w, store)
}

async fn count(store: &InMemory) -> usize {
    let list = store.list_with_delimiter(None).await.unwrap();
    let mut count = list.objects.len();
    let mut open = list.common_prefixes;
    while let Some(prefix) = open.pop() {
        let list = store.list_with_delimiter(Some(&prefix)).await.unwrap();
        count += list.objects.len();
        open.extend(list.common_prefixes);
    }
    count
}

#[tokio::test]
async fn objects_live_in_any_store() {
    let (w, store) = world().await;
    let data: Vec<u8> = (0..20_000_000u32).map(|i| (i / 3) as u8).collect();
    w.anon(Method::POST, "/object/b/big")
        .send(data.clone())
        .await
        .expect(200);
    let got = w
        .stranger(Method::GET, "/object/public/b/big")
        .empty()
        .await
        .expect(200);
    assert!(got.body == data);
    let part = w
        .stranger(Method::GET, "/object/public/b/big")
        .header("range", "bytes=9999999-15000000")
        .empty()
        .await
        .expect(206);
    assert!(part.body == data[9_999_999..=15_000_000]);
    w.anon(Method::POST, "/object/b/empty")
        .send(Bytes::new())
        .await
        .expect(200);
    let empty = w
        .stranger(Method::GET, "/object/public/b/empty")
        .empty()
        .await
        .expect(200);
    assert_eq!(empty.text(), "");
    w.anon(Method::PUT, "/object/b/big")
        .upload("small")
        .await
        .expect(200);
    let copy = json!({"bucketId": "b", "sourceKey": "big", "destinationKey": "copy"});
    w.anon(Method::POST, "/object/copy")
        .json(copy)
        .await
        .expect(200);
    let moved = json!({"bucketId": "b", "sourceKey": "big", "destinationKey": "moved"});
    w.anon(Method::POST, "/object/move")
        .json(moved)
        .await
        .expect(200);
    for name in ["copy", "moved"] {
        let got = w
            .stranger(Method::GET, &format!("/object/public/b/{name}"))
            .empty()
            .await;
        assert_eq!(got.expect(200).text(), "small");
    }
    assert_eq!(count(&store).await, 3);
    let orphan = format!(
        "{}/aa/aaaaaaaa-1111-4111-8111-111111111111",
        w.app.app.reference
    );
    store
        .put(&Path::from(orphan), "left over".into())
        .await
        .unwrap();
    assert_eq!(
        w.storage.sweep(&w.app.app, Duration::ZERO).await.unwrap(),
        1
    );
    w.storage
        .forget_application(&w.app.app.reference)
        .await
        .unwrap();
    assert_eq!(count(&store).await, 0);
    let gone = w
        .stranger(Method::GET, "/object/public/b/moved")
        .empty()
        .await;
    gone.expect_error(
        400,
        "404",
        "Not found",
        "NoSuchKey",
        "The resource was not found",
    );
}

#[tokio::test]
async fn refused_and_resumable_uploads_in_any_store() {
    let (w, store) = world().await;
    w.sql("update storage.buckets set file_size_limit = 10")
        .await;
    w.anon(Method::POST, "/object/b/a")
        .upload("01234567890")
        .await
        .expect(400);
    assert_eq!(count(&store).await, 0);
    let made = w
        .anon(Method::POST, "/upload/resumable")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "6")
        .header("upload-metadata", "bucketName Yg==,objectName YQ==")
        .empty()
        .await
        .expect(201);
    let path = made
        .header("location")
        .rsplit_once("/storage/v1")
        .unwrap()
        .1
        .to_owned();
    for (offset, piece) in [("0", "abc"), ("3", "def")] {
        w.anon(Method::PATCH, &path)
            .header("tus-resumable", "1.0.0")
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", offset)
            .send(piece)
            .await
            .expect(204);
    }
    let got = w
        .stranger(Method::GET, "/object/public/b/a")
        .empty()
        .await
        .expect(200);
    assert_eq!(got.text(), "abcdef");
    assert_eq!(count(&store).await, 2);
}

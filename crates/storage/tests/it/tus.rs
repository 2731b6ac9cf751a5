use std::io;
use std::sync::Arc;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::stream;
use hearth_core::clock::ManualClock;
use http::Method;
use serde_json::json;

use crate::world::{Answer, Asking, World};

const ROOT: &str = "/upload/resumable";
const STREAM: &str = "application/offset+octet-stream";

fn metadata(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

fn tus(asking: Asking<'_>) -> Asking<'_> {
    asking.header("tus-resumable", "1.0.0")
}

fn creation<'w>(w: &'w World, name: &str, length: usize) -> Asking<'w> {
    let metadata = metadata(&[
        ("bucketName", "b"),
        ("objectName", name),
        ("contentType", "text/css"),
        ("cacheControl", "60"),
        ("metadata", r#"{"a":1}"#),
    ]);
    tus(w.anon(Method::POST, ROOT))
        .header("upload-length", &length.to_string())
        .header("upload-metadata", &metadata)
}

/// The path below the service of an upload's address.
fn location(answer: &Answer) -> String {
    let address = answer.header("location");
    address
        .strip_prefix("http://localhost:8000/storage/v1")
        .expect(address)
        .to_owned()
}

fn piece<'w>(w: &'w World, path: &str, offset: usize) -> Asking<'w> {
    tus(w.anon(Method::PATCH, path))
        .header("content-type", STREAM)
        .header("upload-offset", &offset.to_string())
}

async fn world() -> World {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w
}

impl World {
    async fn public(&self, name: &str) -> Answer {
        self.stranger(Method::GET, &format!("/object/public/b/{name}"))
            .empty()
            .await
    }
}

#[tokio::test]
async fn piece_by_piece() {
    let w = world().await;
    let made = creation(&w, "f/a.css", 10).empty().await.expect(201);
    assert_eq!(made.header("tus-resumable"), "1.0.0");
    assert!(made.header("upload-expires").ends_with("GMT"));
    let path = location(&made);
    let first = piece(&w, &path, 0).send("01234").await.expect(204);
    assert_eq!(first.header("upload-offset"), "5");
    let head = tus(w.anon(Method::HEAD, &path)).empty().await.expect(200);
    assert_eq!(
        (head.header("upload-offset"), head.header("upload-length")),
        ("5", "10")
    );
    assert_eq!(head.header("cache-control"), "no-store");
    assert!(
        head.header("upload-metadata")
            .starts_with("bucketName Yg==,objectName ")
    );
    let conflict = piece(&w, &path, 4).send("xxxxxx").await.expect(409);
    assert_eq!(conflict.text(), "Upload-Offset conflict\n");
    w.public("f/a.css").await.expect(400);
    let last = piece(&w, &path, 5).send("56789").await.expect(204);
    assert_eq!(
        (last.header("upload-offset"), last.header("tus-complete")),
        ("10", "1")
    );

    let got = w.public("f/a.css").await.expect(200);
    assert_eq!(got.text(), "0123456789");
    assert_eq!(got.header("content-type"), "text/css");
    assert_eq!(got.header("cache-control"), "max-age=60");
    let info = w
        .anon(Method::GET, "/object/info/b/f/a.css")
        .empty()
        .await
        .expect(200)
        .json();
    assert_eq!(info["metadata"], json!({"a": 1}));
    let head = tus(w.anon(Method::HEAD, &path)).empty().await.expect(200);
    assert_eq!(head.header("upload-offset"), "10");
    tus(w.anon(Method::DELETE, &path)).empty().await.expect(400);
    assert_eq!(
        w.files().len(),
        2,
        "the object, and that the upload is finished"
    );
}

#[tokio::test]
async fn creation_with_data_and_without_length() {
    let w = world().await;
    let whole = creation(&w, "whole", 5)
        .header("content-type", STREAM)
        .send("whole")
        .await;
    let whole = whole.expect(201);
    assert_eq!(
        (whole.header("upload-offset"), whole.header("tus-complete")),
        ("5", "1")
    );
    assert_eq!(w.public("whole").await.expect(200).text(), "whole");
    let empty = creation(&w, "empty", 0).empty().await.expect(201);
    assert_eq!(empty.header("tus-complete"), "1");
    assert_eq!(w.public("empty").await.expect(200).text(), "");

    let names = metadata(&[("bucketName", "b"), ("objectName", "later")]);
    let later = tus(w.anon(Method::POST, ROOT))
        .header("upload-defer-length", "1")
        .header("upload-metadata", &names)
        .empty()
        .await
        .expect(201);
    let path = location(&later);
    piece(&w, &path, 0).send("abc").await.expect(204);
    let head = tus(w.anon(Method::HEAD, &path)).empty().await.expect(200);
    assert_eq!(head.header("upload-defer-length"), "1");
    piece(&w, &path, 3)
        .header("upload-length", "6")
        .send("def")
        .await
        .expect(204);
    let got = w.public("later").await.expect(200);
    assert_eq!(
        (got.text().as_str(), got.header("cache-control")),
        ("abcdef", "no-cache")
    );
    assert_eq!(got.header("content-type"), "application/octet-stream");
}

#[tokio::test]
async fn what_arrived_before_the_connection_broke_is_kept() {
    let w = world().await;
    let path = location(&creation(&w, "a", 10).empty().await.expect(201));
    let broken = stream::iter([
        Ok(Bytes::from_static(b"0123")),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]);
    piece(&w, &path, 0).send(Body::from_stream(broken)).await;
    let head = tus(w.anon(Method::HEAD, &path)).empty().await.expect(200);
    assert_eq!(head.header("upload-offset"), "4");
    piece(&w, &path, 4).send("456789").await.expect(204);
    assert_eq!(w.public("a").await.expect(200).text(), "0123456789");
}

#[tokio::test]
async fn a_terminated_upload_is_gone() {
    let w = world().await;
    let path = location(&creation(&w, "a", 10).empty().await.expect(201));
    piece(&w, &path, 0).send("0123").await.expect(204);
    tus(w.anon(Method::DELETE, &path)).empty().await.expect(204);
    let gone = piece(&w, &path, 4).send("x").await.expect(404);
    assert_eq!(gone.text(), "The file for this url was not found\n");
    assert!(w.files().is_empty());
}

#[tokio::test]
async fn refusals() {
    let w = world().await;
    let text = |answer: Answer, status: u16, words: &str| {
        assert_eq!(answer.expect(status).text(), words);
    };
    text(
        w.anon(Method::POST, ROOT).empty().await,
        412,
        "Tus-Resumable Required\n",
    );
    let post = || tus(w.anon(Method::POST, ROOT));
    let names = metadata(&[("bucketName", "b"), ("objectName", "a")]);
    text(
        post().header("upload-metadata", &names).empty().await,
        400,
        "Upload-Length or Upload-Defer-Length header required\n",
    );
    text(
        post().header("upload-length", "1").empty().await,
        400,
        "Metadata header is required",
    );
    text(
        post().header("upload-length", "-1").empty().await,
        400,
        "Invalid upload-length\n",
    );
    text(
        post()
            .header("upload-length", "1")
            .header("upload-metadata", "a b c")
            .empty()
            .await,
        400,
        "Invalid upload-metadata\n",
    );
    let with = |bucket: &str, name: &str, length: &str| {
        let names = metadata(&[("bucketName", bucket), ("objectName", name)]);
        post()
            .header("upload-length", length)
            .header("upload-metadata", &names)
            .empty()
    };
    text(with("b", "../x", "1").await, 400, "Invalid key: ../x");
    text(with("", "x", "1").await, 400, "Bucket name invalid");
    text(with("none", "x", "1").await, 404, "Bucket not found");
    text(
        with("b", "x", "99999999999").await,
        413,
        "Maximum size exceeded\n",
    );
    let path = location(&creation(&w, "a", 3).empty().await.expect(201));
    text(
        piece(&w, &path, 0).send("0123").await,
        413,
        "upload's size exceeded\n",
    );
    let no_offset = tus(w.anon(Method::PATCH, &path)).header("content-type", STREAM);
    text(
        no_offset.send("x").await,
        403,
        "Upload-Offset header required\n",
    );
    let no_type = tus(w.anon(Method::PATCH, &path)).header("upload-offset", "0");
    text(
        no_type.send("x").await,
        403,
        "Content-Type header required\n",
    );
    // The same version under another name is another upload.
    let id = path.rsplit('/').next().unwrap();
    let forged = String::from_utf8(URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap();
    let forged = URL_SAFE_NO_PAD.encode(forged.replacen("/a/", "/b/", 1));
    let forged = piece(&w, &format!("{ROOT}/{forged}"), 0).send("012").await;
    text(forged, 404, "The file for this url was not found\n");

    w.sql("drop policy \"b objects\" on storage.objects").await;
    let words = "new row violates row-level security policy";
    text(with("b", "x", "1").await, 403, words);
    text(piece(&w, &path, 0).send("012").await, 403, words);
    tus(w.stranger(Method::POST, ROOT))
        .empty()
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "Invalid Compact JWS",
        );
    let options = w.stranger(Method::OPTIONS, ROOT).empty().await.expect(204);
    assert_eq!(options.header("tus-version"), "1.0.0");
    assert_eq!(w.count("objects").await, 0);
}

#[tokio::test]
async fn existing_objects_are_replaced_only_on_demand() {
    let w = world().await;
    w.anon(Method::POST, "/object/b/a")
        .upload("old")
        .await
        .expect(200);
    let refused = creation(&w, "a", 3).empty().await.expect(409);
    assert_eq!(refused.text(), "The resource already exists");
    let made = creation(&w, "a", 3)
        .header("x-upsert", "true")
        .empty()
        .await
        .expect(201);
    let path = location(&made);
    piece(&w, &path, 0)
        .header("x-upsert", "true")
        .send("new")
        .await
        .expect(204);
    assert_eq!(w.public("a").await.expect(200).text(), "new");
}

#[tokio::test]
async fn a_signed_token_uploads_without_a_caller() {
    let w = world().await;
    let made = w
        .alice(Method::POST, "/object/upload/sign/b/s")
        .empty()
        .await
        .expect(200)
        .json();
    let token = made["token"].as_str().unwrap();
    let names = metadata(&[("bucketName", "b"), ("objectName", "s")]);
    let post = || {
        tus(w.stranger(Method::POST, "/upload/resumable/sign"))
            .header("upload-length", "3")
            .header("upload-metadata", &names)
    };
    let missing = post().empty().await.expect(400);
    assert_eq!(missing.text(), "Missing x-signature header");
    let path = location(
        &post()
            .header("x-signature", token)
            .empty()
            .await
            .expect(201),
    );
    assert!(path.starts_with("/upload/resumable/sign/"), "{path}");
    tus(w.stranger(Method::PATCH, &path))
        .header("content-type", STREAM)
        .header("upload-offset", "0")
        .header("x-signature", token)
        .send("abc")
        .await
        .expect(204);
    assert_eq!(w.public("s").await.expect(200).text(), "abc");
    let other = metadata(&[("bucketName", "b"), ("objectName", "t")]);
    let stolen = tus(w.stranger(Method::POST, "/upload/resumable/sign"))
        .header("upload-length", "3")
        .header("upload-metadata", &other)
        .header("x-signature", token);
    assert_eq!(stolen.empty().await.expect(400).text(), "Invalid signature");
}

#[tokio::test]
async fn uploads_expire() {
    let clock = ManualClock::at(1_800_000_000);
    let w = World::with_clock(Default::default(), Arc::new(clock.clone())).await;
    w.open_bucket("b", true).await;
    let path = location(&creation(&w, "a", 10).empty().await.expect(201));
    piece(&w, &path, 0).send("0123").await.expect(204);
    clock.advance(25 * 60 * 60);
    let gone = piece(&w, &path, 4).send("x").await.expect(410);
    assert_eq!(gone.text(), "The file for this url no longer exists\n");
    // The next creation clears up.
    creation(&w, "b", 0).empty().await.expect(201);
    for _ in 0..1000 {
        if w.files().len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(w.files().len(), 2);
}

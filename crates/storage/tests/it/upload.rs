use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Method;
use serde_json::{Value, json};

use crate::world::{ALICE, World};

pub fn form(parts: &[(&str, &str)]) -> (String, String) {
    let mut body = String::new();
    for (head, value) in parts {
        body.push_str(&format!(
            "--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--XX--\r\n");
    ("multipart/form-data; boundary=XX".to_owned(), body)
}

#[tokio::test]
async fn a_raw_body_comes_back_as_it_was() {
    let w = World::new().await;
    w.open_bucket("images", true).await;
    let sent = w
        .alice(Method::POST, "/object/images/folder/cat.png")
        .header("content-type", "image/png")
        .header("cache-control", "max-age=3600")
        .header("x-metadata", "eyJhIjp7ImIiOjF9fQ==")
        .send("meow")
        .await
        .expect(200);
    let id = sent.json()["Id"].as_str().unwrap().to_owned();
    assert_eq!(
        sent.text(),
        format!(r#"{{"Id":"{id}","Key":"images/folder/cat.png"}}"#)
    );

    let got = w
        .stranger(Method::GET, "/object/public/images/folder/cat.png")
        .empty()
        .await;
    let got = got.expect(200);
    assert_eq!(got.text(), "meow");
    assert_eq!(got.header("content-type"), "image/png");
    assert_eq!(got.header("cache-control"), "max-age=3600");
    assert_eq!(got.header("content-length"), "4");
    assert_eq!(got.header("x-robots-tag"), "none");

    let info = w
        .anon(Method::GET, "/object/info/images/folder/cat.png")
        .empty()
        .await
        .expect(200);
    let info = info.json();
    assert_eq!(info["id"], id.as_str());
    assert_eq!(info["size"], 4);
    assert_eq!(info["content_type"], "image/png");
    assert_eq!(info["metadata"], json!({"a": {"b": 1}}));
    assert_eq!(info["etag"], got.header("etag"));
    let keys: Vec<_> = info.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "id",
            "name",
            "version",
            "bucket_id",
            "size",
            "content_type",
            "cache_control",
            "etag",
            "metadata",
            "last_modified",
            "created_at"
        ]
    );
}

#[tokio::test]
async fn a_form_as_wechat_sends_it() {
    let w = World::new().await;
    w.open_bucket("images", true).await;
    let (content_type, body) = form(&[
        ("name=\"name\"", "value"),
        ("name=\"cacheControl\"", "600"),
        ("name=\"metadata\"", r#"{"by":"wx"}"#),
        (
            "name=\"file\"; filename=\"tmp.jpg\"\r\nContent-Type: image/jpeg",
            "JPEG",
        ),
    ]);
    let path = "/object/images/wx.jpg";
    w.anon(Method::POST, path)
        .header("content-type", &content_type)
        .send(body)
        .await
        .expect(200);
    let got = w
        .stranger(Method::GET, "/object/public/images/wx.jpg")
        .empty()
        .await
        .expect(200);
    assert_eq!(got.text(), "JPEG");
    assert_eq!(got.header("content-type"), "image/jpeg");
    assert_eq!(got.header("cache-control"), "max-age=600");
    let info = w
        .anon(Method::GET, "/object/info/images/wx.jpg")
        .empty()
        .await
        .json();
    assert_eq!(info["metadata"], json!({"by": "wx"}));
}

#[tokio::test]
async fn a_form_as_browsers_send_it() {
    let w = World::new().await;
    w.open_bucket("images", true).await;
    let (content_type, body) = form(&[
        ("name=\"cacheControl\"", "3600"),
        (
            "name=\"\"; filename=\"blob\"\r\nContent-Type: text/plain;charset=UTF-8",
            "hello\r\nyou",
        ),
    ]);
    w.anon(Method::POST, "/object/images/t")
        .header("content-type", &content_type)
        .send(body)
        .await
        .expect(200);
    let got = w
        .stranger(Method::GET, "/object/public/images/t")
        .empty()
        .await
        .expect(200);
    assert_eq!(got.text(), "hello\r\nyou");
    assert_eq!(got.header("content-type"), "text/plain");
}

#[tokio::test]
async fn a_form_as_the_wechat_sdk_builds_it() {
    let w = World::new().await;
    w.open_bucket("images", true).await;
    // No line break behind the last boundary, the lifetime in a header, any file name.
    let body = "--wxmpFormBoundaryX\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nvalue\r\n\
                --wxmpFormBoundaryX\r\nContent-Disposition: form-data; name=\"file\"; \
                filename=\"相册/头像.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n\
                --wxmpFormBoundaryX--";
    w.anon(Method::POST, "/object/images/wx.png")
        .header(
            "content-type",
            "multipart/form-data; boundary=wxmpFormBoundaryX",
        )
        .header("cache-control", "max-age=3600")
        .header("x-upsert", "false")
        .send(body)
        .await
        .expect(200);
    let got = w
        .stranger(Method::GET, "/object/public/images/wx.png")
        .empty()
        .await
        .expect(200);
    assert_eq!(got.text(), "PNG");
    assert_eq!(got.header("content-type"), "image/png");
    assert_eq!(got.header("cache-control"), "max-age=3600");
}

#[tokio::test]
async fn an_existing_object_is_replaced_only_on_demand() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    let first = w
        .anon(Method::POST, "/object/b/a")
        .upload("one")
        .await
        .expect(200)
        .json();
    w.anon(Method::POST, "/object/b/a")
        .upload("two")
        .await
        .expect_error(
            400,
            "409",
            "Duplicate",
            "KeyAlreadyExists",
            "The resource already exists",
        );
    let read = async || {
        w.stranger(Method::GET, "/object/public/b/a")
            .empty()
            .await
            .text()
    };
    assert_eq!(read().await, "one");
    let again = w
        .anon(Method::POST, "/object/b/a")
        .header("x-upsert", "true")
        .upload("three")
        .await;
    assert_eq!(again.expect(200).json()["Id"], first["Id"]);
    assert_eq!(read().await, "three");
    w.anon(Method::PUT, "/object/b/a")
        .upload("four")
        .await
        .expect(200);
    assert_eq!(read().await, "four");
    assert_eq!(w.files().len(), 1, "replaced bytes are gone");
}

#[tokio::test]
async fn of_concurrent_uploads_one_wins_whole() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    for upsert in ["false", "true"] {
        let name = format!("/object/b/{upsert}");
        let texts: Vec<String> = (0..8)
            .map(|i| char::from(b'a' + i).to_string().repeat(700_000))
            .collect();
        let sent = texts.iter().map(|text| {
            w.anon(Method::POST, &name)
                .header("x-upsert", upsert)
                .upload(text)
        });
        let answers = futures_util::future::join_all(sent).await;
        let won = answers.iter().filter(|a| a.status == 200).count();
        assert_eq!(won, if upsert == "true" { 8 } else { 1 });
        for lost in answers.iter().filter(|a| a.status != 200) {
            lost.expect_error(
                400,
                "409",
                "Duplicate",
                "KeyAlreadyExists",
                "The resource already exists",
            );
        }
        let read = w
            .stranger(Method::GET, &format!("/object/public/b/{upsert}"))
            .empty()
            .await;
        assert!(texts.contains(&read.expect(200).text()), "no mixture");
    }
    assert_eq!((w.files().len(), w.count("objects").await), (2, 2));
}

#[tokio::test]
async fn large_objects_survive_the_round_trip() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    let data: Vec<u8> = (0..5_000_001u32)
        .map(|i| i.wrapping_mul(2_654_435_761) as u8)
        .collect();
    let chunks: Vec<_> = data
        .chunks(65_537)
        .map(|c| Ok::<_, io::Error>(Bytes::copy_from_slice(c)))
        .collect();
    w.alice(Method::POST, "/object/b/big")
        .send(Body::from_stream(stream::iter(chunks)))
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
        .header("range", "bytes=1000000-3999999")
        .empty()
        .await
        .expect(206);
    assert!(part.body == data[1_000_000..4_000_000]);
    let client = w.app.superuser().await.unwrap();
    let row = client
        .query_one(
            "select metadata, user_metadata, owner_id from storage.objects",
            &[],
        )
        .await
        .unwrap();
    let metadata: Value = row.get(0);
    assert_eq!(metadata["size"], 5_000_001);
    assert_eq!(metadata["contentLength"], 5_000_001);
    assert_eq!(metadata["httpStatusCode"], 200);
    assert_eq!(row.get::<_, Value>(1), json!({}));
    assert_eq!(row.get::<_, &str>(2), ALICE);
}

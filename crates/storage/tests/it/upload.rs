use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use hearth_apps::{AppSettings, Bearer};
use hearth_core::Claims;
use hearth_jwt::JwtError;
use http::Method;
use serde_json::{Value, json};

use crate::world::{ALICE, World};

fn form(parts: &[(&str, &str)]) -> (String, String) {
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
async fn forms_without_a_file_are_refused() {
    let w = World::new().await;
    w.open_bucket("images", true).await;
    let post = || w.anon(Method::POST, "/object/images/t");
    let (content_type, body) = form(&[("name=\"cacheControl\"", "3600")]);
    post()
        .header("content-type", &content_type)
        .send(body)
        .await
        .expect_error(
            400,
            "400",
            "InvalidRequest",
            "InvalidRequest",
            "No content provided",
        );
    post()
        .header("content-type", "multipart/form-data")
        .send("x")
        .await
        .expect_error(
            400,
            "400",
            "InvalidRequest",
            "InvalidRequest",
            "Multipart: Boundary not found",
        );
    let cut = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhal";
    post()
        .header("content-type", &content_type)
        .send(cut)
        .await
        .expect_error(
            400,
            "400",
            "InvalidRequest",
            "InvalidRequest",
            "Unexpected end of form",
        );
    assert_eq!((w.files().len(), w.count("objects").await), (0, 0));
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
async fn replacing_takes_more_than_an_insert_policy() {
    let w = World::new().await;
    w.sql(
        "insert into storage.buckets (id, name) values ('b', 'b');
         create policy up on storage.objects for insert to anon with check (bucket_id = 'b');",
    )
    .await;
    w.anon(Method::POST, "/object/b/a")
        .upload("one")
        .await
        .expect(200);
    w.anon(Method::POST, "/object/b/a")
        .header("x-upsert", "true")
        .upload("two")
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "new row violates row-level security policy",
        );
    assert_eq!(w.files().len(), 1);
}

#[tokio::test]
async fn sizes_are_counted_while_they_stream() {
    let mut settings = AppSettings::default();
    settings.storage.file_size_limit = 10;
    let w = World::with(settings).await;
    w.open_bucket("b", true).await;
    w.open_bucket("small", true).await;
    w.sql("update storage.buckets set file_size_limit = 3 where id = 'small'")
        .await;
    let too_large = |answer: crate::world::Answer| {
        answer.expect_error(
            400,
            "413",
            "Payload too large",
            "EntityTooLarge",
            "The object exceeded the maximum allowed size",
        );
    };
    w.anon(Method::POST, "/object/b/a")
        .upload("0123456789")
        .await
        .expect(200);
    too_large(
        w.anon(Method::POST, "/object/b/b")
            .upload("0123456789x")
            .await,
    );
    too_large(w.anon(Method::POST, "/object/small/a").upload("0123").await);
    // No length, or a wrong one: what arrives counts.
    let chunks = || {
        let parts =
            ["01234", "56789", "x"].map(|p| Ok::<_, io::Error>(Bytes::from_static(p.as_bytes())));
        Body::from_stream(stream::iter(parts))
    };
    too_large(w.anon(Method::POST, "/object/b/c").send(chunks()).await);
    let lying = w
        .anon(Method::POST, "/object/b/d")
        .header("content-length", "5");
    too_large(lying.send(chunks()).await);
    let declared = w
        .anon(Method::POST, "/object/b/e")
        .header("content-length", "11");
    too_large(declared.send("").await);
    let (content_type, body) = form(&[(
        "name=\"file\"; filename=\"a\"\r\nContent-Type: text/plain",
        "0123456789x",
    )]);
    let posted = w
        .anon(Method::POST, "/object/b/f")
        .header("content-type", &content_type);
    too_large(posted.send(body).await);
    assert_eq!((w.files().len(), w.count("objects").await), (1, 1));
}

#[tokio::test]
async fn types_are_checked() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w.sql("update storage.buckets set allowed_mime_types = '{image/*,text/csv}'")
        .await;
    let post = |mime| {
        w.anon(Method::POST, "/object/b/a")
            .header("x-upsert", "true")
            .header("content-type", mime)
    };
    post("image/png").send("x").await.expect(200);
    post("text/csv").send("x").await.expect(200);
    post("text/plain").send("x").await.expect_error(
        400,
        "415",
        "invalid_mime_type",
        "InvalidMimeType",
        "mime type text/plain is not supported",
    );
    w.anon(Method::POST, "/object/b/c")
        .send("x")
        .await
        .expect_error(
            400,
            "415",
            "invalid_mime_type",
            "InvalidMimeType",
            "mime type application/octet-stream is not supported",
        );
    post("nonsense").send("x").await.expect_error(
        400,
        "415",
        "invalid_mime_type",
        "InvalidMimeType",
        "Invalid Content-Type header",
    );
    // The mark of an empty folder is no file.
    w.anon(Method::POST, "/object/b/f/.emptyFolderPlaceholder")
        .send("")
        .await
        .expect(200);
    w.anon(Method::POST, "/object/b/g/.emptyFolderPlaceholder")
        .send("x")
        .await
        .expect(400);
}

#[tokio::test]
async fn names_that_lead_astray_are_refused() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    for (path, shown) in [
        ("/object/b/../x", "../x"),
        ("/object/b/a/%2e%2e/x", "a/../x"),
        ("/object/b/%2e%2e%2fx", "../x"),
        ("/object/b/a%00b", "a\0b"),
        ("/object/b/a%5C..%5Cb", "a\\..\\b"),
        ("/object/b/%252e%252e", "%2e%2e"),
        ("/object/b/%E5%A4%B4", "头"),
        ("/object/b/%ff", "\u{fffd}"),
        ("/object/b/", ""),
    ] {
        w.service(Method::POST, path)
            .upload("x")
            .await
            .expect_error(
                400,
                "400",
                "InvalidKey",
                "InvalidKey",
                &format!("Invalid key: {shown}"),
            );
    }
    for path in ["/object/..%2fb/a", "/object/%E5%9B%BE/a"] {
        w.service(Method::POST, path)
            .upload("x")
            .await
            .expect_error(
                400,
                "400",
                "Invalid Input",
                "InvalidBucketName",
                "Bucket name invalid",
            );
    }
    let long = format!("/object/b/{}", "a".repeat(1025));
    w.service(Method::POST, &long).upload("x").await.expect(400);
    assert_eq!((w.files().len(), w.count("objects").await), (0, 0));
    let long = format!("/object/b/{}", "a".repeat(1024));
    w.service(Method::POST, &long).upload("x").await.expect(200);
    let spaced = "/object/b/a%20b%20(1)!";
    let sent = w
        .service(Method::POST, spaced)
        .upload("spaced")
        .await
        .expect(200);
    assert_eq!(sent.json()["Key"], "b/a b (1)!");
    let read = w
        .stranger(Method::GET, "/object/public/b/a%20b%20(1)!")
        .empty()
        .await
        .expect(200);
    assert_eq!(read.text(), "spaced");
}

#[tokio::test]
async fn missing_buckets_and_tokens() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w.service(Method::POST, "/object/none/a")
        .upload("x")
        .await
        .expect_error(
            400,
            "404",
            "Bucket not found",
            "NoSuchBucket",
            "Bucket not found",
        );
    w.stranger(Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "headers must have required property 'authorization'",
        );
    for (error, message) in [
        (JwtError::Signature, "signature verification failed"),
        (JwtError::Expired, "\"exp\" claim timestamp check failed"),
        (JwtError::Parts { parts: 1 }, "Invalid Compact JWS"),
    ] {
        let context = w.app.context(Bearer::Invalid(error));
        w.ask(context, Method::POST, "/object/b/a")
            .upload("x")
            .await
            .expect_error(400, "403", "Unauthorized", "AccessDenied", message);
    }
    // A key alone is the caller's key.
    let context = w.app.context(Bearer::Absent);
    w.ask(context, Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect(200);
    let nobody = w
        .app
        .context(Bearer::Token(Claims::of_role("no such role")));
    let answer = w.ask(nobody, Method::POST, "/object/b/c").upload("x").await;
    assert_eq!(answer.json()["code"], "DatabaseError");
    assert_eq!((w.files().len(), w.count("objects").await), (1, 1));
}

#[tokio::test]
async fn a_broken_off_upload_leaves_nothing() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    let broken = stream::iter([
        Ok(Bytes::from(vec![7; 2_000_000])),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]);
    w.anon(Method::POST, "/object/b/a")
        .send(Body::from_stream(broken))
        .await
        .expect(500);
    assert_eq!((w.files().len(), w.count("objects").await), (0, 0));

    // The client goes away: the server drops the request in the middle.
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let body = Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }));
    let asking = w.anon(Method::POST, "/object/b/a");
    {
        let mut upload = Box::pin(asking.send(body));
        let chunk = Ok::<_, io::Error>(Bytes::from(vec![7; 1_000_000]));
        sender.send(chunk).await.unwrap();
        while w.files().is_empty() {
            let step = std::time::Duration::from_millis(5);
            let _ = tokio::time::timeout(step, &mut upload).await;
        }
    }
    for _ in 0..1000 {
        if w.files().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!((w.files().len(), w.count("objects").await), (0, 0));
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

#[tokio::test]
async fn robots_tags() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    let post = |tag| {
        w.anon(Method::POST, "/object/b/a")
            .header("x-robots-tag", tag)
    };
    post("nonsense").upload("x").await.expect_error(
        400,
        "400",
        "invalid_x_robots_tag",
        "InvalidRequest",
        "Invalid X-Robots-Tag header: Invalid X-Robots-Tag rule: \"nonsense\"",
    );
    post("all").upload("x").await.expect(200);
    let got = w
        .stranger(Method::GET, "/object/public/b/a")
        .empty()
        .await
        .expect(200);
    assert_eq!(got.header("x-robots-tag"), "all");
}

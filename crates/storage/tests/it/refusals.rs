//! Uploads that are refused or broken off: told clearly, and nothing is left of them.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use hearth_apps::{AppSettings, Bearer};
use hearth_core::Claims;
use hearth_jwt::JwtError;
use http::Method;

use crate::upload::form;
use crate::world::World;

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

use hearth_apps::Bearer;
use hearth_jwt::JwtError;
use http::Method;

use crate::world::World;

async fn world() -> World {
    let w = World::new().await;
    w.open_bucket("open", true).await;
    w.open_bucket("closed", false).await;
    for bucket in ["open", "closed"] {
        w.service(Method::POST, &format!("/object/{bucket}/a.txt"))
            .upload("0123456789")
            .await
            .expect(200);
    }
    w
}

const PUBLIC: &str = "/object/public/open/a.txt";

#[tokio::test]
async fn who_may_read_what() {
    let w = world().await;
    for path in [
        "/object/open/a.txt",
        PUBLIC,
        "/object/info/public/open/a.txt",
    ] {
        w.stranger(Method::GET, path).empty().await.expect(200);
    }
    for path in ["/object/closed/a.txt", "/object/authenticated/closed/a.txt"] {
        w.anon(Method::GET, path).empty().await.expect(200);
        w.anon(Method::HEAD, path).empty().await.expect(200);
    }
    for path in [
        "/object/closed/a.txt",
        "/object/public/closed/a.txt",
        "/object/info/closed/a.txt",
        "/object/info/public/closed/a.txt",
        "/object/public/none/a.txt",
    ] {
        w.stranger(Method::GET, path).empty().await.expect_error(
            400,
            "404",
            "Bucket not found",
            "NoSuchBucket",
            "Bucket not found",
        );
    }
    w.stranger(Method::GET, "/object/authenticated/open/a.txt")
        .empty()
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "headers must have required property 'authorization'",
        );
    let forged = || w.app.context(Bearer::Invalid(JwtError::Signature));
    w.ask(forged(), Method::GET, "/object/authenticated/open/a.txt")
        .empty()
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "signature verification failed",
        );
    w.ask(forged(), Method::GET, "/object/open/a.txt")
        .empty()
        .await
        .expect(200);
    w.ask(forged(), Method::GET, "/object/closed/a.txt")
        .empty()
        .await
        .expect(400);
    for path in [
        "/object/open/none",
        "/object/public/open/none",
        "/object/info/open/none",
    ] {
        w.anon(Method::GET, path).empty().await.expect_error(
            400,
            "404",
            "not_found",
            "NoSuchKey",
            "Object not found",
        );
    }
}

#[tokio::test]
async fn conditions() {
    let w = world().await;
    let got = w.stranger(Method::GET, PUBLIC).empty().await.expect(200);
    let (e_tag, modified) = (
        got.header("etag").to_owned(),
        got.header("last-modified").to_owned(),
    );
    assert!(
        e_tag.len() == 34 && e_tag.starts_with('"') && e_tag.ends_with('"'),
        "{e_tag}"
    );
    assert_eq!(got.header("cache-control"), "no-cache");
    assert_eq!(got.header("accept-ranges"), "bytes");

    let ask = |name, value: &str| w.stranger(Method::GET, PUBLIC).header(name, value);
    let same = ask("if-none-match", &e_tag).empty().await.expect(304);
    assert_eq!(
        (same.text().as_str(), same.header("etag")),
        ("", e_tag.as_str())
    );
    ask("if-none-match", &format!("\"x\", W/{e_tag}"))
        .empty()
        .await
        .expect(304);
    let other = ask("if-none-match", "\"x\"").empty().await.expect(200);
    assert_eq!(
        other.header("cache-control"),
        "no-cache, stale-while-revalidate=30"
    );
    ask("if-modified-since", &modified)
        .empty()
        .await
        .expect(304);
    ask("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")
        .empty()
        .await
        .expect(200);
    ask("if-modified-since", "nonsense")
        .empty()
        .await
        .expect(200);

    w.service(Method::PUT, "/object/open/a.txt")
        .upload("changed")
        .await
        .expect(200);
    let changed = ask("if-none-match", &e_tag).empty().await.expect(200);
    assert_ne!(changed.header("etag"), e_tag);
}

#[tokio::test]
async fn ranges() {
    let w = world().await;
    let ask = |range: &str| w.stranger(Method::GET, PUBLIC).header("range", range);
    for (range, text, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=5-500", "56789", "bytes 5-9/10"),
    ] {
        let got = ask(range).empty().await.expect(206);
        assert_eq!(
            (got.text().as_str(), got.header("content-range")),
            (text, content_range)
        );
        assert_eq!(got.header("content-length"), text.len().to_string());
    }
    for range in [
        "bytes=10-",
        "bytes=4-2",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "lines=1-2",
    ] {
        ask(range).empty().await.expect_error(
            416,
            "416",
            "invalid_range",
            "InvalidRange",
            "invalid range provided",
        );
    }
    let e_tag = ask("bytes=0-3").empty().await.header("etag").to_owned();
    ask("bytes=0-3")
        .header("if-range", &e_tag)
        .empty()
        .await
        .expect(206);
    let whole = ask("bytes=0-3")
        .header("if-range", "\"old\"")
        .empty()
        .await
        .expect(200);
    assert_eq!(whole.text(), "0123456789");
}

#[tokio::test]
async fn downloads_are_named() {
    let w = world().await;
    let ask = |query: &str| w.stranger(Method::GET, &format!("{PUBLIC}{query}"));
    let got = ask("?download=").empty().await.expect(200);
    assert_eq!(got.header("content-disposition"), "attachment;");
    let got = ask("?download=%E5%A4%B4%20x.png").empty().await.expect(200);
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename=%E5%A4%B4%20x.png; filename*=UTF-8''%E5%A4%B4%20x.png"
    );
    assert_eq!(ask("").empty().await.header("content-disposition"), "");
}

#[tokio::test]
async fn heads_have_no_body() {
    let w = world().await;
    for path in [
        PUBLIC,
        "/object/open/a.txt",
        "/object/authenticated/open/a.txt",
    ] {
        let got = w.anon(Method::HEAD, path).empty().await.expect(200);
        assert_eq!(
            (got.text().as_str(), got.header("content-length")),
            ("", "10")
        );
        assert_eq!(got.header("content-type"), "text/plain");
    }
    w.anon(Method::HEAD, "/object/open/none")
        .empty()
        .await
        .expect(400);
}

#[tokio::test]
async fn scripts_are_never_run_with_our_origin() {
    let w = world().await;
    for (mime, served, policy) in [
        ("text/html; charset=utf-8", "text/plain", ""),
        ("TEXT/HTML", "text/plain", ""),
        ("image/svg+xml", "image/svg+xml", "sandbox"),
        ("application/xhtml+xml", "application/xhtml+xml", "sandbox"),
        ("text/xsl", "text/xsl", "sandbox"),
        ("image/png", "image/png", ""),
        ("*/*", "*/*", ""),
    ] {
        w.service(Method::PUT, "/object/open/x")
            .header("content-type", mime)
            .send("<script>")
            .await
            .expect(200);
        let got = w
            .stranger(Method::GET, "/object/public/open/x")
            .empty()
            .await
            .expect(200);
        assert_eq!(got.header("content-type"), served);
        assert_eq!(got.header("content-security-policy"), policy);
    }
}

#[tokio::test]
async fn rows_without_bytes_say_so() {
    let w = world().await;
    w.sql("insert into storage.objects (bucket_id, name, version) values ('open', 'hand', 'x')")
        .await;
    for file in w.files() {
        std::fs::remove_file(file).unwrap();
    }
    for path in ["/object/public/open/hand", PUBLIC] {
        let got = w.stranger(Method::GET, path).empty().await;
        got.expect_error(
            400,
            "404",
            "Not found",
            "NoSuchKey",
            "The resource was not found",
        );
        assert_eq!(got.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn empty_objects() {
    let w = world().await;
    w.service(Method::POST, "/object/open/empty")
        .upload("")
        .await
        .expect(200);
    let got = w
        .stranger(Method::GET, "/object/public/open/empty")
        .empty()
        .await
        .expect(200);
    assert_eq!(
        (got.text().as_str(), got.header("content-length")),
        ("", "0")
    );
    let range = w
        .stranger(Method::GET, "/object/public/open/empty")
        .header("range", "bytes=0-");
    range.empty().await.expect(416);
}

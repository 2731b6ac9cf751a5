use hearth_jwt::{SigningKey, mint};
use http::Method;
use serde_json::json;

use crate::world::{ALICE, World};

async fn world() -> World {
    let w = World::new().await;
    w.open_bucket("b", false).await;
    w.service(Method::POST, "/object/b/f/a%20b.txt")
        .upload("secret")
        .await
        .expect(200);
    w
}

/// As clients make a URL of it.
fn encoded(url: &str) -> String {
    url.replace(' ', "%20")
}

#[tokio::test]
async fn a_signed_url_reads_its_object_and_no_other() {
    let w = world().await;
    let signed = w
        .anon(Method::POST, "/object/sign/b/f/a%20b.txt")
        .json(json!({"expiresIn": 60}))
        .await
        .expect(200)
        .json();
    let url = signed["signedURL"].as_str().unwrap();
    assert!(url.starts_with("/object/sign/b/f/a b.txt?token="), "{url}");
    let got = w
        .stranger(Method::GET, &encoded(url))
        .empty()
        .await
        .expect(200);
    assert_eq!(got.text(), "secret");
    assert!(got.header("expires").ends_with("GMT"));
    assert_eq!(got.header("cache-control"), "");
    let named = w
        .stranger(Method::GET, &format!("{}&download=x.txt", encoded(url)))
        .empty()
        .await;
    assert!(
        named
            .expect(200)
            .header("content-disposition")
            .starts_with("attachment; filename=x.txt")
    );

    let token = url.split_once('=').unwrap().1;
    let other = format!("/object/sign/b/other?token={token}");
    w.stranger(Method::GET, &other).empty().await.expect_error(
        400,
        "400",
        "InvalidSignature",
        "InvalidSignature",
        "Invalid signature",
    );
    let upload = format!("/object/upload/sign/b/f/a%20b.txt?token={token}");
    w.stranger(Method::PUT, &upload)
        .upload("x")
        .await
        .expect_error(
            400,
            "400",
            "InvalidSignature",
            "InvalidSignature",
            "Token is not scoped for upload",
        );
}

#[tokio::test]
async fn tokens_are_checked() {
    let w = world().await;
    let path = "/object/sign/b/f/a%20b.txt";
    w.stranger(Method::GET, path).empty().await.expect_error(
        400,
        "400",
        "Error",
        "InvalidRequest",
        "querystring must have required property 'token'",
    );
    let refused = async |token: &str, message: &str| {
        let url = format!("{path}?token={token}");
        w.stranger(Method::GET, &url).empty().await.expect_error(
            400,
            "400",
            "InvalidJWT",
            "InvalidJWT",
            message,
        );
    };
    refused("nonsense", "Invalid Compact JWS").await;
    let now = w.app.app.clock.unix();
    let claims = json!({"url": "b/f/a b.txt", "scope": "download", "iat": now, "exp": now + 60});
    let foreign = mint(&SigningKey::random_hs256(), &claims).unwrap();
    refused(&foreign, "signature verification failed").await;
    let expired = json!({"url": "b/f/a b.txt", "iat": now - 60, "exp": now - 5});
    let expired = mint(&w.app.app.signing_key(), &expired).unwrap();
    refused(&expired, "\"exp\" claim timestamp check failed").await;
    // A user's own token is signed with the same key and opens nothing.
    let user = mint(
        &w.app.app.signing_key(),
        &json!({"sub": ALICE, "role": "authenticated", "exp": now + 60}),
    );
    let url = format!("{path}?token={}", user.unwrap());
    w.stranger(Method::GET, &url).empty().await.expect(400);
}

#[tokio::test]
async fn signing_takes_the_right_to_read() {
    let w = world().await;
    w.sql("drop policy \"b objects\" on storage.objects").await;
    let sign = |path: &str| w.anon(Method::POST, path);
    sign("/object/sign/b/f/a%20b.txt")
        .json(json!({"expiresIn": 60}))
        .await
        .expect_error(400, "404", "not_found", "NoSuchKey", "Object not found");
    sign("/object/sign/b/f/a%20b.txt")
        .json(json!({}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "body must have required property 'expiresIn'",
        );
    sign("/object/sign/b/f/a%20b.txt")
        .json(json!({"expiresIn": 0}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "body/expiresIn must be >= 1",
        );
    let huge = w.service(Method::POST, "/object/sign/b/f/a%20b.txt");
    huge.json(json!({"expiresIn": 9_007_199_254_740_991u64}))
        .await
        .expect_error(
            400,
            "400",
            "InvalidParameter",
            "InvalidParameter",
            "Invalid Parameter expiresIn",
        );
}

#[tokio::test]
async fn many_at_once() {
    let w = world().await;
    let body = json!({"expiresIn": 60, "paths": ["f/a b.txt", "none"]});
    let all = w
        .anon(Method::POST, "/object/sign/b")
        .json(body)
        .await
        .expect(200)
        .json();
    assert_eq!(all[0]["error"], json!(null));
    let url = all[0]["signedURL"].as_str().unwrap();
    w.stranger(Method::GET, &encoded(url))
        .empty()
        .await
        .expect(200);
    assert_eq!(
        all[1],
        json!({"error": "Either the object does not exist or you do not have access to it",
               "path": "none", "signedURL": null})
    );
    w.anon(Method::POST, "/object/sign/b")
        .json(json!({"expiresIn": 1, "paths": []}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "body/paths must NOT have fewer than 1 items",
        );
}

#[tokio::test]
async fn a_signed_upload_writes_once_in_its_makers_name() {
    let w = world().await;
    let made = w
        .alice(Method::POST, "/object/upload/sign/b/new")
        .empty()
        .await
        .expect(200)
        .json();
    let (url, token) = (
        made["url"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    assert_eq!(url, format!("/object/upload/sign/b/new?token={token}"));
    w.stranger(Method::GET, &format!("/object/sign/b/new?token={token}"))
        .empty()
        .await
        .expect_error(
            400,
            "400",
            "InvalidSignature",
            "InvalidSignature",
            "Token is not scoped for download",
        );
    let sent = w
        .stranger(Method::PUT, url)
        .upload("data")
        .await
        .expect(200);
    assert_eq!(sent.text(), r#"{"Key":"b/new"}"#);
    w.stranger(Method::PUT, url)
        .upload("again")
        .await
        .expect_error(
            400,
            "409",
            "Duplicate",
            "KeyAlreadyExists",
            "The resource already exists",
        );
    let client = w.app.superuser().await.unwrap();
    let owner = client
        .query_one(
            "select owner_id from storage.objects where name = 'new'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(owner.get::<_, &str>(0), ALICE);

    let again = w
        .alice(Method::POST, "/object/upload/sign/b/new")
        .header("x-upsert", "true");
    let again = again.empty().await.expect(200).json();
    let url = again["url"].as_str().unwrap();
    w.stranger(Method::PUT, url)
        .upload("again")
        .await
        .expect(200);
    assert_eq!(w.files().len(), 2);
}

#[tokio::test]
async fn upload_urls_take_the_right_to_insert() {
    let w = world().await;
    w.sql("drop policy \"b objects\" on storage.objects").await;
    w.anon(Method::POST, "/object/upload/sign/b/new")
        .empty()
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "new row violates row-level security policy",
        );
}

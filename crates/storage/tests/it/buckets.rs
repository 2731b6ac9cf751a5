use http::Method;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_bucket_lives_from_creation_to_deletion() {
    let w = World::new().await;
    let made = w
        .service(Method::POST, "/bucket")
        .json(json!({
            "name": "images", "id": "images", "public": false,
            "file_size_limit": "20mb", "allowed_mime_types": ["image/*"]
        }))
        .await
        .expect(200);
    assert_eq!(made.text(), r#"{"name":"images"}"#);

    let got = w
        .service(Method::GET, "/bucket/images")
        .empty()
        .await
        .expect(200)
        .json();
    assert_eq!(got["file_size_limit"], 20_000_000);
    assert_eq!(got["allowed_mime_types"], json!(["image/*"]));
    assert_eq!(got["owner"], "");
    assert_eq!(got["public"], false);
    let keys: Vec<_> = got.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "id",
            "name",
            "owner",
            "public",
            "file_size_limit",
            "allowed_mime_types",
            "created_at",
            "updated_at"
        ]
    );

    let updated = w
        .service(Method::PUT, "/bucket/images")
        .json(json!({"public": true, "file_size_limit": null, "allowed_mime_types": null}))
        .await
        .expect(200);
    assert_eq!(updated.text(), r#"{"message":"Successfully updated"}"#);
    let all = w
        .service(Method::GET, "/bucket")
        .empty()
        .await
        .expect(200)
        .json();
    assert_eq!(all[0]["public"], true);
    assert_eq!(all[0]["file_size_limit"], json!(null));
    assert_eq!(all[0]["type"], "STANDARD");

    let deleted = w
        .service(Method::DELETE, "/bucket/images")
        .empty()
        .await
        .expect(200);
    assert_eq!(deleted.text(), r#"{"message":"Successfully deleted"}"#);
    w.service(Method::GET, "/bucket/images")
        .empty()
        .await
        .expect_error(
            400,
            "404",
            "Bucket not found",
            "NoSuchBucket",
            "Bucket not found",
        );
}

#[tokio::test]
async fn refusals_of_creation() {
    let w = World::new().await;
    let post = || w.service(Method::POST, "/bucket");
    post().json(json!({"name": "twice"})).await.expect(200);
    post().json(json!({"name": "twice"})).await.expect_error(
        400,
        "409",
        "Duplicate",
        "BucketAlreadyExists",
        "The resource already exists",
    );
    for bad in ["a/b", " a", "图片", ""] {
        post().json(json!({"name": bad})).await.expect_error(
            400,
            "400",
            "Invalid Input",
            "InvalidBucketName",
            "Bucket name invalid",
        );
    }
    post().json(json!({"id": "x"})).await.expect_error(
        400,
        "400",
        "Error",
        "InvalidRequest",
        "body must have required property 'name'",
    );
    post()
        .json(json!({"name": "x", "public": "perhaps"}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "body/public must be boolean",
        );
    post()
        .json(json!({"name": "x", "file_size_limit": "9999GB"}))
        .await
        .expect_error(
            400,
            "413",
            "Payload too large",
            "EntityTooLarge",
            "The object exceeded the maximum allowed size",
        );
    post()
        .json(json!({"name": "x", "allowed_mime_types": ["image"]}))
        .await
        .expect_error(
            400,
            "415",
            "invalid_mime_type",
            "InvalidMimeType",
            "mime type image is not supported",
        );
    post()
        .header("content-type", "application/json")
        .send("{")
        .await
        .expect_error(
            400,
            "400",
            "FastifyError",
            "InvalidRequest",
            "Body is not valid JSON but content-type is set to 'application/json'",
        );
    w.anon(Method::POST, "/bucket")
        .json(json!({"name": "x"}))
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "new row violates row-level security policy",
        );
    w.stranger(Method::POST, "/bucket")
        .json(json!({"name": "x"}))
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "headers must have required property 'authorization'",
        );
    assert_eq!(w.count("buckets").await, 1);
}

#[tokio::test]
async fn what_policies_hide_is_not_there() {
    let w = World::new().await;
    w.sql("insert into storage.buckets (id, name) values ('images', 'images')")
        .await;
    assert_eq!(
        w.anon(Method::GET, "/bucket")
            .empty()
            .await
            .expect(200)
            .text(),
        "[]"
    );
    for method in [Method::GET, Method::DELETE] {
        w.anon(method, "/bucket/images").empty().await.expect_error(
            400,
            "404",
            "Bucket not found",
            "NoSuchBucket",
            "Bucket not found",
        );
    }
    w.anon(Method::PUT, "/bucket/images")
        .json(json!({"public": true}))
        .await
        .expect_error(
            400,
            "404",
            "Bucket not found",
            "NoSuchBucket",
            "Bucket not found",
        );
    w.sql("create policy p on storage.buckets for select to anon using (true)")
        .await;
    let all = w
        .anon(Method::GET, "/bucket")
        .empty()
        .await
        .expect(200)
        .json();
    assert_eq!(all[0]["id"], "images");
}

#[tokio::test]
async fn listing_sorts_pages_and_searches() {
    let w = World::new().await;
    w.sql(
        "insert into storage.buckets (id, name)
         select n, n from unnest(array['b%x', 'a_y', 'c']) as n",
    )
    .await;
    let names = async |query: &str| {
        let all = w
            .service(Method::GET, &format!("/bucket{query}"))
            .empty()
            .await
            .expect(200);
        let all = all.json();
        let names: Vec<_> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b["name"].as_str().unwrap().to_owned())
            .collect();
        names
    };
    assert_eq!(
        names("?sortColumn=name&sortOrder=desc").await,
        ["c", "b%x", "a_y"]
    );
    assert_eq!(names("?sortColumn=name&limit=1&offset=1").await, ["b%x"]);
    assert_eq!(names("?search=%25").await, ["b%x"]);
    assert_eq!(names("?search=A_").await, ["a_y"]);
    w.service(Method::GET, "/bucket?sortColumn=owner")
        .empty()
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "querystring/sortColumn must be equal to one of the allowed values",
        );
    w.service(Method::GET, "/bucket?limit=0")
        .empty()
        .await
        .expect_error(
            400,
            "400",
            "Error",
            "InvalidRequest",
            "querystring/limit must be >= 1",
        );
}

#[tokio::test]
async fn a_bucket_with_objects_is_emptied_before_it_is_deleted() {
    let w = World::new().await;
    w.open_bucket("images", false).await;
    for i in 0..3 {
        let path = format!("/object/images/{i}.txt");
        w.service(Method::POST, &path).upload("x").await.expect(200);
    }
    assert_eq!(w.files().len(), 3);
    w.service(Method::DELETE, "/bucket/images")
        .empty()
        .await
        .expect_error(
            400,
            "409",
            "ResourceNotEmpty",
            "ResourceNotEmpty",
            "The bucket you tried to delete is not empty",
        );
    w.anon(Method::POST, "/bucket/images/empty")
        .empty()
        .await
        .expect_error(
            403,
            "403",
            "Unauthorized",
            "AccessDenied",
            "Access denied: Invalid role",
        );
    let emptied = w
        .service(Method::POST, "/bucket/images/empty")
        .empty()
        .await
        .expect(200);
    assert_eq!(
        emptied.text(),
        r#"{"message":"Empty bucket has been queued. Completion may take up to an hour."}"#
    );
    assert_eq!((w.files().len(), w.count("objects").await), (0, 0));
    w.service(Method::DELETE, "/bucket/images")
        .empty()
        .await
        .expect(200);
}

#[tokio::test]
async fn unknown_routes_say_so() {
    let w = World::new().await;
    w.service(Method::PATCH, "/bucket/images")
        .empty()
        .await
        .expect_error(
            404,
            "404",
            "Not Found",
            "InvalidRequest",
            "Route PATCH:/bucket/images not found",
        );
    w.service(Method::GET, "/nonsense?x=1")
        .empty()
        .await
        .expect_error(
            404,
            "404",
            "Not Found",
            "InvalidRequest",
            "Route GET:/nonsense?x=1 not found",
        );
}

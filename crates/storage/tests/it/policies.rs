use http::Method;
use serde_json::json;

use crate::world::{ALICE, World};

/// The tutorial's bucket and policy, typed by the application's owner.
#[tokio::test]
async fn the_tutorials_policy_alone_suffices_for_an_upload() {
    let w = World::new().await;
    w.service(Method::POST, "/bucket")
        .json(json!({"name": "images"}))
        .await
        .expect(200);
    w.anon(Method::POST, "/object/images/a.png")
        .upload("before")
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "new row violates row-level security policy",
        );
    assert_eq!((w.files().len(), w.count("objects").await), (0, 0));
    w.sql(
        "-- Secure the bucket
         CREATE POLICY \"允许任何用户发送图片1ffg0oo_0\" ON storage.objects FOR INSERT TO public \
         WITH CHECK (bucket_id = 'images' );",
    )
    .await;
    let sent = w
        .anon(Method::POST, "/object/images/a.png")
        .upload("after")
        .await
        .expect(200);
    assert_eq!(sent.json()["Key"], "images/a.png");
    // Nobody may read yet, and the owner role may change that by SQL.
    w.stranger(Method::GET, "/object/public/images/a.png")
        .empty()
        .await
        .expect_error(
            400,
            "404",
            "Bucket not found",
            "NoSuchBucket",
            "Bucket not found",
        );
    w.sql("update storage.buckets set public = true where id = 'images'")
        .await;
    let read = w
        .stranger(Method::GET, "/object/public/images/a.png")
        .empty()
        .await
        .expect(200);
    assert_eq!(read.text(), "after");
}

#[tokio::test]
async fn folders_belong_to_their_users() {
    let w = World::new().await;
    w.sql(
        "insert into storage.buckets (id, name) values ('mine', 'mine');
         create policy own on storage.objects for all to authenticated
         using (bucket_id = 'mine'
                and (storage.foldername(name))[1] = current_setting('request.jwt.claims')::json ->> 'sub')
         with check (bucket_id = 'mine'
                and (storage.foldername(name))[1] = current_setting('request.jwt.claims')::json ->> 'sub');",
    )
    .await;
    let own = format!("/object/mine/{ALICE}/a.txt");
    w.alice(Method::POST, &own).upload("hers").await.expect(200);
    w.alice(Method::POST, "/object/mine/other/a.txt")
        .upload("x")
        .await
        .expect_error(
            400,
            "403",
            "Unauthorized",
            "AccessDenied",
            "new row violates row-level security policy",
        );
    assert_eq!(
        w.alice(Method::GET, &own).empty().await.expect(200).text(),
        "hers"
    );
    w.anon(Method::GET, &own).empty().await.expect_error(
        400,
        "404",
        "not_found",
        "NoSuchKey",
        "Object not found",
    );
    w.anon(Method::DELETE, &own).empty().await.expect_error(
        400,
        "403",
        "Unauthorized",
        "AccessDenied",
        "Access denied",
    );
    let client = w.app.superuser().await.unwrap();
    let row = client
        .query_one("select owner::text, owner_id from storage.objects", &[])
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, &str>(1)),
        (ALICE, ALICE)
    );
    w.alice(Method::DELETE, &own).empty().await.expect(200);
    assert!(w.files().is_empty());
}

#[tokio::test]
async fn policies_see_the_operation_and_the_request() {
    let w = World::new().await;
    w.sql(
        "insert into storage.buckets (id, name) values ('b', 'b');
         create policy up on storage.objects for insert to anon
         with check (storage.allow_only_operation('object.upload')
                     and storage.operation() = 'storage.object.upload'
                     and metadata ->> 'mimetype' = 'text/plain'
                     and current_setting('request.headers')::json ->> 'x-sesame' = 'open');",
    )
    .await;
    w.anon(Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect(400);
    w.anon(Method::POST, "/object/b/a")
        .header("x-sesame", "open")
        .upload("x")
        .await
        .expect(200);
    w.anon(Method::POST, "/object/upload/sign/b/c")
        .header("x-sesame", "open")
        .empty()
        .await
        .expect(400);
}

#[tokio::test]
async fn rows_cannot_be_deleted_behind_the_services_back() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w.service(Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect(200);
    let refused = format!(
        "{:#}",
        w.app.sql("delete from storage.objects").await.unwrap_err()
    );
    assert!(
        refused.contains("db error") || refused.contains("Direct deletion"),
        "{refused}"
    );
    w.stranger(Method::GET, "/object/public/b/a")
        .empty()
        .await
        .expect(200);
}

#[tokio::test]
async fn triggers_of_users_may_write_to_their_own_tables() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w.sql(
        "create table public.uploads (name text);
         create function public.note() returns trigger language plpgsql as
           $$ begin insert into public.uploads values (new.name); return new; end $$;
         create trigger note after insert on storage.objects
           for each row execute function public.note();",
    )
    .await;
    w.anon(Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect(200);
    let client = w.app.superuser().await.unwrap();
    let count: i64 = client
        .query_one("select count(*) from public.uploads", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn names_and_sizes_are_functions_of_sql() {
    let w = World::new().await;
    let client = w.app.owner().await.unwrap();
    let row = client
        .query_one(
            "select storage.foldername('a/b/c.tar.gz'), storage.filename('a/b/c.tar.gz'),
                    storage.extension('a/b/c.tar.gz'), storage.foldername('c'),
                    storage.get_common_prefix('a/b/c', 'a/', '/'),
                    storage.get_common_prefix('a/b', 'a/', '/')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, Vec<String>>(0), ["a", "b"]);
    assert_eq!(row.get::<_, &str>(1), "c.tar.gz");
    assert_eq!(row.get::<_, &str>(2), "gz");
    assert!(row.get::<_, Vec<String>>(3).is_empty());
    assert_eq!(row.get::<_, &str>(4), "a/b/");
    assert_eq!(row.get::<_, Option<&str>>(5), None);
}

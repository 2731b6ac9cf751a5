use std::time::Duration;

use http::Method;

use crate::world::World;

#[tokio::test]
async fn what_a_crash_left_is_swept_and_nothing_else() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    for name in ["a", "b", "c"] {
        w.anon(Method::POST, &format!("/object/b/{name}"))
            .upload(name)
            .await
            .expect(200);
    }
    let root = w
        .directory
        .path()
        .join("objects")
        .join(w.app.app.reference.as_str());
    // Bytes whose row was never committed, and a file that was never renamed.
    let orphan = root.join("ab").join("abababab-1111-4111-8111-111111111111");
    let half = root
        .join("cd")
        .join("cdcdcdcd-1111-4111-8111-111111111111#1");
    for file in [&orphan, &half] {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "left over").unwrap();
    }
    let app = &w.app.app;
    assert_eq!(
        w.storage
            .sweep(app, Duration::from_secs(3600))
            .await
            .unwrap(),
        0,
        "too young"
    );
    assert_eq!(w.storage.sweep(app, Duration::ZERO).await.unwrap(), 2);
    assert_eq!(w.files().len(), 3);
    for name in ["a", "b", "c"] {
        let got = w
            .stranger(Method::GET, &format!("/object/public/b/{name}"))
            .empty()
            .await;
        assert_eq!(got.expect(200).text(), name);
    }
}

#[tokio::test]
async fn a_deleted_applications_bytes_go() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w.anon(Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect(200);
    w.storage
        .forget_application(&w.app.app.reference)
        .await
        .unwrap();
    assert!(w.files().is_empty());
    w.storage
        .forget_application(&w.app.app.reference)
        .await
        .unwrap();
    // One of the same name may come, and its directories are made durable anew.
    w.anon(Method::PUT, "/object/b/a")
        .upload("y")
        .await
        .expect(200);
    assert_eq!(w.files().len(), 1);
}

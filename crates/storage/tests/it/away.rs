use http::Method;

use crate::world::World;

#[tokio::test]
async fn while_the_database_is_away_answers_say_when_to_ask_again() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    w.anon(Method::POST, "/object/b/a")
        .upload("x")
        .await
        .expect(200);
    w.app.app.database.close();
    for asking in [
        w.stranger(Method::GET, "/object/public/b/a"),
        w.service(Method::GET, "/bucket"),
        w.anon(Method::POST, "/object/b/c"),
        w.anon(Method::DELETE, "/object/b/a"),
    ] {
        let got = asking.empty().await;
        got.expect_error(
            503,
            "503",
            "DatabaseError",
            "DatabaseError",
            "The database is unavailable. Please try again later.",
        );
        assert_eq!(got.header("retry-after"), "1");
    }
    assert_eq!(w.files().len(), 1);
}

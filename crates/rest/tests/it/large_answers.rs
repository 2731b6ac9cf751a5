//! Answers that do not stay in memory are as exact as small ones.

use axum::body::Body;
use hearth_apps::AppSettings;
use hearth_rest::Rest;
use http::Request;
use serde_json::Value;

use crate::scenario::{orchestra, send};

fn get(path: &str, accept: &str) -> Request<Body> {
    Request::get(path)
        .header("accept", accept)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_answer_says_its_length_and_its_rows() {
    let mut settings = AppSettings::default();
    settings.api.max_rows = None;
    let app = orchestra(settings).await;
    app.sql(
        "create table big (id int primary key, text text);
         insert into big select n, repeat('江湖 \"', 40) || n from generate_series(1, 20000) n;
         create view torn as select id, 1 / (id - 20000) as broken from big order by id",
    )
    .await
    .unwrap();
    let router = hearth_rest::router(Rest::new());
    let json = "application/json";
    let answer = send(&router, app.anon(), get("/big?order=id", json)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() > 4 << 20);
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    assert_eq!(header("content-length"), answer.body.len().to_string());
    assert_eq!(header("content-range"), "0-19999/*");
    let rows: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(rows.len(), 20000);
    let ids = rows.iter().map(|row| row["id"].as_i64().unwrap());
    assert!(ids.eq(1..=20000));
    // What fails in the last row has not been answered before.
    let torn = send(&router, app.anon(), get("/torn", json)).await;
    assert_eq!(torn.status, 400);
    assert!(torn.body.contains("22012"), "{}", torn.body);
    // Many rows where one is asked for.
    let one = "application/vnd.pgrst.object+json";
    let many = send(&router, app.anon(), get("/big", one)).await;
    assert_eq!(many.status, 406);
    assert!(many.body.contains("20000 rows"), "{}", many.body);
    app.drop_database().await.unwrap();
}

//! Over a real connection: what clients see of answers that come before their body has been sent.

use axum::Extension;
use hearth_apps::{AppSettings, RequestContext};
use http::Method;

use crate::world::World;

async fn serve(w: &World, context: RequestContext) -> String {
    let router = w.router().layer(Extension(context));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let mut settings = AppSettings::default();
    settings.storage.file_size_limit = 1000;
    let w = World::with(settings).await;
    w.open_bucket("b", true).await;
    let base = serve(&w, w.app.anon()).await;
    let client = reqwest::Client::new();
    for name in ["b/large", "none/large"] {
        let url = format!("{base}/object/{name}");
        let sent = client
            .post(&url)
            .body(vec![7; 8_000_000])
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 400, "{name}");
        let code: serde_json::Value = sent.json().await.unwrap();
        let expected = if name == "b/large" { "413" } else { "404" };
        assert_eq!(code["statusCode"], expected);
    }
    // So does a resumable upload's refusal, which is told in another way.
    let names = "bucketName Yg==,objectName YQ==";
    let made = client
        .post(format!("{base}/upload/resumable"))
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "10")
        .header("upload-metadata", names)
        .send()
        .await
        .unwrap();
    let location = made.headers()["location"].to_str().unwrap();
    let path = location.rsplit_once("/storage/v1").unwrap().1;
    let sent = client
        .patch(format!("{base}{path}"))
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", "0")
        .header("content-type", "application/offset+octet-stream")
        .body(vec![7; 8_000_000])
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 413);
    let ok = client
        .post(format!("{base}/object/b/small"))
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(ok.status(), 200, "the connection can be used again");
}

#[tokio::test]
async fn heads_and_ranges_of_large_objects() {
    let w = World::new().await;
    w.open_bucket("b", true).await;
    let base = serve(&w, w.app.anon()).await;
    let client = reqwest::Client::new();
    let data: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
    let url = format!("{base}/object/b/big");
    let part = reqwest::multipart::Part::bytes(data.clone())
        .file_name("big.bin")
        .mime_str("application/x-thing")
        .unwrap();
    let form = reqwest::multipart::Form::new()
        .text("cacheControl", "9")
        .part("file", part);
    assert_eq!(
        client
            .post(&url)
            .multipart(form)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let head = client.head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "3000000");
    assert_eq!(head.headers()["cache-control"], "max-age=9");
    let whole = client.get(&url).send().await.unwrap();
    assert_eq!(whole.headers()["content-length"], "3000000");
    assert_eq!(whole.headers()["content-type"], "application/x-thing");
    assert!(whole.bytes().await.unwrap() == data);
    let last = client
        .get(&url)
        .header("range", "bytes=-1000000")
        .send()
        .await
        .unwrap();
    assert_eq!(last.status(), 206);
    assert!(last.bytes().await.unwrap() == data[2_000_000..]);
    let info = client
        .request(Method::GET, format!("{base}/object/info/b/big"))
        .send()
        .await;
    assert_eq!(
        info.unwrap().json::<serde_json::Value>().await.unwrap()["size"],
        3_000_000
    );
}

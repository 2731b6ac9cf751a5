//! How often clients may ask, by address and application.

use serde_json::json;

use crate::client::Client;

const WORDS: &str = "Request rate limit reached";

#[tokio::test]
async fn an_address_that_asks_too_often_waits_and_others_do_not() {
    let client = Client::with(|s| s.auth.rate_limits.otp = 10).await;
    let ask = |address: &str| {
        let body = json!({"email": "nobody@example.com"});
        client.post("/recover", body).at_address(address).send()
    };
    for _ in 0..30 {
        ask("203.0.113.1").await.expect(200);
    }
    ask("203.0.113.1")
        .await
        .refused(429, "over_request_rate_limit", WORDS);
    ask("203.0.113.2").await.expect(200);
    // Ten in five minutes: one after thirty seconds.
    client.clock.advance(30);
    ask("203.0.113.1").await.expect(200);
    ask("203.0.113.1").await.expect(429);
    // Other endpoints count apart.
    let body = json!({"email": "a@example.com", "password": "secret-1"});
    client
        .post("/signup", body)
        .at_address("203.0.113.1")
        .send()
        .await
        .expect(200);
    // A change of the settings counts at once.
    client.set(|s| s.auth.rate_limits.otp = 0);
    ask("203.0.113.3").await.expect(429);
    ask("127.0.0.1").await.expect(200);
}

#[tokio::test]
async fn sign_ins_and_anonymous_users_have_limits_of_their_own() {
    let client = Client::with(|s| {
        s.auth.rate_limits.token_refresh = 0;
        s.auth.rate_limits.anonymous_users = 2;
    })
    .await;
    let body = json!({"email": "ann@example.com", "password": "secret-1"});
    client
        .post("/token?grant_type=password", body)
        .at_address("203.0.113.1")
        .send()
        .await
        .refused(429, "over_request_rate_limit", WORDS);
    let anonymous = || client.post("/signup", json!({})).at_address("203.0.113.1");
    anonymous().send().await.expect(200);
    anonymous().send().await.expect(200);
    anonymous()
        .send()
        .await
        .refused(429, "over_request_rate_limit", WORDS);
    client.clock.advance(1800);
    anonymous().send().await.expect(200);
}

#[tokio::test]
async fn no_more_mails_leave_in_an_hour_than_allowed() {
    let client = Client::with(|s| {
        s.auth.mailer_autoconfirm = false;
        s.auth.smtp.host = "127.0.0.1".to_owned();
        s.auth.smtp.port = 9;
        s.auth.rate_limits.email_sent = 1;
    })
    .await;
    let sign_up = |email: &str| {
        let body = json!({"email": email, "password": "secret-1"});
        client.post("/signup", body).send()
    };
    // Nobody takes the mail; it counts all the same.
    sign_up("a@example.com").await.expect(500);
    let words = "email rate limit exceeded";
    sign_up("b@example.com")
        .await
        .refused(429, "over_email_send_rate_limit", words);
    let users = client.value("select count(*) from auth.users").await;
    assert_eq!(users.as_deref(), Some("1"));
    client.clock.advance(3600);
    sign_up("b@example.com").await.expect(500);
}

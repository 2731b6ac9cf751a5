//! Mails: their texts, where they go, and what is said when they cannot be sent.

use hearth_apps::settings::{MailLanguage, MailTemplate, SmtpEncryption};
use serde_json::{Value, json};

use crate::client::Client;

impl Client {
    async fn mailbox(&self) -> Vec<Value> {
        let answer = self.get("/admin/mails").service().send().await.expect(200);
        answer.json["mails"].as_array().unwrap().clone()
    }
}

fn sign_up(email: &str) -> Value {
    json!({"email": email, "password": "secret-1", "data": {"nickname": "<小明>"}})
}

/// A port of this machine on which nobody listens.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_mail_has_the_applications_own_text_or_the_default_one() {
    let client = Client::with(|s| s.auth.mailer_autoconfirm = false).await;
    let body = sign_up("ann@example.com");
    client.post("/signup", body).send().await.expect(200);
    client.set(|s| s.auth.mailer_language = MailLanguage::En);
    let body = sign_up("bob@example.com");
    client.post("/signup", body).send().await.expect(200);
    client.set(|s| {
        let own = MailTemplate {
            subject: "{{ .Token }} for {{ .Data.nickname }}".to_owned(),
            content: "<a href=\"{{ .ConfirmationURL }}\">{{ .Data.nickname }}</a>".to_owned(),
        };
        s.auth.mailer_templates = [("confirmation".to_owned(), own)].into();
    });
    let body = sign_up("cat@example.com");
    client.post("/signup", body).send().await.expect(200);

    let mails = client.mailbox().await;
    let [own, english, chinese] = mails.as_slice() else {
        panic!("{mails:?}");
    };
    assert_eq!(chinese["subject"], "请验证您的邮箱");
    let code = chinese["code"].as_str().unwrap();
    assert!(chinese["html"].as_str().unwrap().contains(code));
    assert_eq!(english["subject"], "Please confirm your address");
    let code = own["code"].as_str().unwrap();
    assert_eq!(own["subject"], format!("{code} for <小明>"));
    let link = own["link"].as_str().unwrap().replace('&', "&amp;");
    assert_eq!(own["html"], format!("<a href=\"{link}\">&lt;小明&gt;</a>"));

    client.set(|s| {
        let broken = s.auth.mailer_templates.get_mut("confirmation").unwrap();
        broken.content = "{{ if }}".to_owned();
    });
    let body = sign_up("dan@example.com");
    client.post("/signup", body).send().await.expect(200);
    let mail = client.mailbox().await.remove(0);
    assert!(
        mail["html"]
            .as_str()
            .unwrap()
            .contains("Confirm your address")
    );

    client
        .delete("/admin/mails")
        .service()
        .send()
        .await
        .expect(200);
    assert!(client.mailbox().await.is_empty());
    client.get("/admin/mails").send().await.expect(403);
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_is_said_and_may_be_asked_for_again() {
    let client = Client::with(|s| {
        s.auth.mailer_autoconfirm = false;
        s.auth.smtp.host = "127.0.0.1".to_owned();
        s.auth.smtp.port = closed_port();
        s.auth.smtp.encryption = SmtpEncryption::None;
        s.auth.smtp.sender_address = "noreply@example.com".to_owned();
    })
    .await;
    let words = "Error sending confirmation email";
    let sign = || client.post("/signup", sign_up("ann@example.com")).send();
    let answer = sign().await.expect(500);
    assert_eq!(answer.json["msg"], words);
    assert_eq!(answer.json["error_code"], "unexpected_failure");
    assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    // No waiting: as if the first had not been asked for.
    assert_eq!(sign().await.expect(500).json["msg"], words);
    let resend = json!({"type": "signup", "email": "ann@example.com"});
    let answer = client.post("/resend", resend).send().await.expect(500);
    assert_eq!(answer.json["msg"], words);
    let answer = client
        .post("/invite", json!({"email": "bob@example.com"}))
        .service()
        .send()
        .await
        .expect(500);
    assert_eq!(answer.json["msg"], "Error sending invite email");
    assert!(client.mailbox().await.is_empty());

    // The operator is told why.
    let test = json!({"kind": "confirmation", "to": "me@example.com"});
    let answer = client
        .post("/admin/mails/test", test)
        .service()
        .send()
        .await;
    assert_eq!(answer.json["error_code"], "mail_not_sent");
    assert!(answer.text.contains("refused"), "{}", answer.text);

    client.set(|s| s.auth.smtp.host = String::new());
    sign().await.expect(200);
    assert_eq!(client.mailbox().await[0]["to"], "ann@example.com");
}

#[tokio::test]
async fn changes_of_an_account_are_told_where_the_application_wants_it() {
    let client = Client::with(|s| {
        s.auth.sms_autoconfirm = true;
        s.auth.phone_enabled = true;
    })
    .await;
    let session = client.sign_up("ann@example.com").await;
    let change = |body: Value| client.put("/user", body).session(&session).send();
    change(json!({"password": "secret-2"})).await.expect(200);
    client.set(|s| {
        s.auth.mailer_notifications.password_changed = true;
        s.auth.mailer_notifications.email_changed = true;
        s.auth.mailer_secure_email_change = false;
    });
    change(json!({"password": "secret-3"})).await.expect(200);
    // Nobody waits for these mails.
    let arrived = async |kind: &str| {
        for _ in 0..200 {
            let mails = client.mailbox().await;
            if let Some(mail) = mails.into_iter().find(|mail| mail["kind"] == kind) {
                return mail;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no mail of kind {kind}");
    };
    let mail = arrived("password_changed_notification").await;
    assert_eq!(mail["to"], "ann@example.com");
    assert_eq!(mail["link"], Value::Null);
    change(json!({"email": "anna@example.com"}))
        .await
        .expect(200);
    let mail = arrived("email_change").await;
    let body = json!({"type": "email_change", "token": mail["code"], "email": "anna@example.com"});
    client.post("/verify", body).send().await.expect(200);
    let mail = arrived("email_changed_notification").await;
    assert_eq!(mail["to"], "ann@example.com");
    assert!(mail["html"].as_str().unwrap().contains("anna@example.com"));
    let mails = client.mailbox().await;
    let told = mails
        .iter()
        .filter(|m| m["kind"] == "password_changed_notification");
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn texts_are_shown_before_they_are_kept() {
    let client = Client::new().await;
    let templates = client.get("/admin/mails/templates").service().send().await;
    let templates = templates.expect(200).json["templates"].clone();
    assert_eq!(templates.as_array().unwrap().len(), 12);
    assert_eq!(templates[0]["kind"], "confirmation");
    assert_eq!(templates[0]["zh"]["subject"], "请验证您的邮箱");
    let preview = |subject: &str, content: &str| {
        let body = json!({"kind": "confirmation", "subject": subject, "content": content});
        client.post("/admin/mails/preview", body).service().send()
    };
    let shown = preview("{{ .Token }}", "<p>{{ .Data.nickname }} {{ .Email }}</p>").await;
    let wanted = json!({"subject": "123456", "html": "<p>小明 name@example.com</p>"});
    assert_eq!(shown.expect(200).json, wanted);
    preview("", "a\n{{ if .Token }}").await.refused(
        400,
        "validation_failed",
        "line 2: \"if\" without \"end\"",
    );
    let body = json!({"kind": "nothing"});
    let words = "There is no mail of kind \"nothing\"";
    client
        .post("/admin/mails/preview", body)
        .service()
        .send()
        .await
        .refused(400, "validation_failed", words);
    let body = json!({"kind": "confirmation"});
    client
        .post("/admin/mails/preview", body)
        .send()
        .await
        .expect(403);
}

//! `/admin/mails`: the mailbox of an application without a mail server, and the means to try mail
//! texts out. GoTrue has nothing of the kind; the console's pages need it.

use axum::response::Response;
use hearth_apps::settings::{AuthSettings, MailLanguage, MailTemplate};
use serde_json::{Value, json};

use crate::address;
use crate::body::{Body, Params};
use crate::call::Call;
use crate::error::AuthError;
use crate::mail::{self, MailKind, Template, default_text};
use crate::redirect;
use crate::wire::{empty, ok};

/// The mails, the latest first.
pub(super) async fn list(call: Call) -> Result<Response, AuthError> {
    call.admin().await?;
    let mut mails = call.auth.mailbox().mails(&call.app().reference);
    mails.reverse();
    Ok(ok(&json!({"mails": mails})))
}

/// Throws all mails away.
pub(super) async fn clear(call: Call) -> Result<Response, AuthError> {
    call.admin().await?;
    call.auth.mailbox().clear(&call.app().reference);
    Ok(empty())
}

/// Every occasion with its default texts and the variables it has.
pub(super) async fn templates(call: Call) -> Result<Response, AuthError> {
    call.admin().await?;
    let text = |kind, language| {
        let text = default_text(kind, language);
        json!({"subject": text.subject, "content": text.content})
    };
    let kinds: Vec<Value> = MailKind::ALL
        .into_iter()
        .map(|kind| {
            json!({
                "kind": kind.name(),
                "variables": variables(kind),
                "zh": text(kind, MailLanguage::Zh),
                "en": text(kind, MailLanguage::En),
            })
        })
        .collect();
    Ok(ok(&json!({"templates": kinds})))
}

fn variables(kind: MailKind) -> &'static [&'static str] {
    match kind {
        MailKind::Reauthentication => &["Token", "SiteURL", "Email", "Data"],
        MailKind::EmailChange => &[
            "ConfirmationURL",
            "Token",
            "TokenHash",
            "SiteURL",
            "RedirectTo",
            "Email",
            "NewEmail",
            "SendingTo",
            "Data",
        ],
        MailKind::PasswordChanged => &["SiteURL", "Email", "Data"],
        MailKind::EmailChanged => &["SiteURL", "Email", "OldEmail", "Data"],
        MailKind::PhoneChanged => &["SiteURL", "Email", "Phone", "OldPhone", "Data"],
        MailKind::IdentityUnlinked => &["SiteURL", "Email", "Provider", "Data"],
        MailKind::FactorEnrolled | MailKind::FactorUnenrolled => {
            &["SiteURL", "Email", "FactorType", "Data"]
        }
        _ => &[
            "ConfirmationURL",
            "Token",
            "TokenHash",
            "SiteURL",
            "RedirectTo",
            "Email",
            "Data",
        ],
    }
}

/// A text as it would arrive, filled with examples.
pub(super) async fn preview(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.admin().await?;
    let params = Params::parse(&body, "MailPreviewParams")?;
    let kind = kind_of(&params)?;
    let wanted = MailTemplate {
        subject: params.text("subject")?,
        content: params.text("content")?,
    };
    for text in [&wanted.subject, &wanted.content] {
        Template::parse(text).map_err(|error| AuthError::validation(error.to_string()))?;
    }
    let settings = AuthSettings {
        mailer_language: call.settings().auth.mailer_language,
        mailer_templates: [(kind.name().to_owned(), wanted)].into(),
        ..AuthSettings::default()
    };
    let (subject, html) = mail::render(&settings, kind, &example(&call, "name@example.com"))
        .map_err(|error| AuthError::validation(error.to_string()))?;
    Ok(ok(&json!({"subject": subject, "html": html})))
}

/// Sends a mail as the settings in force have it, filled with examples.
pub(super) async fn test(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    call.admin().await?;
    let params = Params::parse(&body, "MailTestParams")?;
    let kind = kind_of(&params)?;
    let to = address::email(&params.text("to")?)?;
    let data = example(&call, &to);
    mail::send_test(&call.auth, call.app(), kind, &to, &data, call.now())
        .await
        .map_err(|error| AuthError::TrialMailNotSent(error.to_string()))?;
    let by_server = !call.settings().auth.smtp.host.is_empty();
    Ok(ok(
        &json!({"to": if by_server { "server" } else { "mailbox" }}),
    ))
}

fn kind_of(params: &Params) -> Result<MailKind, AuthError> {
    let name = params.text("kind")?;
    MailKind::named(&name)
        .ok_or_else(|| AuthError::validation(format!("There is no mail of kind {name:?}")))
}

fn example(call: &Call, email: &str) -> Value {
    let site = redirect::site_url(call);
    let hash = "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f";
    json!({
        "ConfirmationURL": mail::link(call, hash, "signup", &site),
        "Token": "123456",
        "TokenHash": hash,
        "SiteURL": site,
        "RedirectTo": site,
        "Email": email,
        "NewEmail": "new@example.com",
        "SendingTo": email,
        "OldEmail": "old@example.com",
        "Phone": "8613800000000",
        "OldPhone": "8613900000000",
        "Provider": "email",
        "FactorType": "totp",
        "Data": {"nickname": "小明", "name": "小明"},
    })
}

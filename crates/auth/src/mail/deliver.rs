//! The one place where mails leave: to the application's hook, to its mail server, or into the
//! mailbox.
//!
//! A mail is written inside the transaction that makes its code, and sent after the commit, so that
//! no connection to the database waits for a mail server. If it cannot be sent, the code's time is
//! taken back: the next attempt need not wait.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hearth_apps::App;
use hearth_apps::settings::AuthSettings;
use serde_json::{Value, json};
use uuid::Uuid;

use super::kind::MailKind;
use super::mailbox::Mail;
use super::smtp::SmtpError;
use super::template::{Template, TemplateError};
use super::texts::default_text;
use crate::Auth;
use crate::call::Call;
use crate::error::AuthError;
use crate::hooks::{self, Hook};
use crate::issue::Origin;
use crate::one_time_token::{self, Purpose};
use crate::redirect;
use crate::user::User;

/// One letter: to whom, and what its template is filled with.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) code: String,
    pub(super) hash: String,
    pub(super) link: Option<String>,
}

/// What only some occasions tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) old_email: String,
    pub(super) old_phone: String,
    pub(super) provider: String,
    pub(super) factor_type: String,
}

/// A mail that waits for the commit.
#[must_use = "the mail is sent after the commit"]
pub(crate) struct Outgoing {
    kind: MailKind,
    user: User,
    letters: Vec<Letter>,
    facts: Facts,
    /// What its code is for.
    purpose: Option<Purpose>,
    site_url: String,
    service_url: String,
    redirect_to: String,
    origin: Origin,
}

impl Outgoing {
    pub(super) fn new(call: &Call, kind: MailKind, user: User, letters: Vec<Letter>) -> Self {
        Self {
            kind,
            user,
            letters,
            facts: Facts::default(),
            purpose: None,
            site_url: redirect::site_url(call),
            service_url: call.service_url(),
            redirect_to: redirect::target(call),
            origin: call.origin(),
        }
    }

    /// The code is forgotten if the mail cannot be sent.
    pub(super) fn holding(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    pub(super) fn with(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }

    /// Sends the mail; returns once somebody has taken it. It is sent also if the client leaves
    /// meanwhile.
    ///
    /// # Errors
    /// What the hook answers, or upstream's words for a mail that could not be sent.
    pub(crate) async fn send(self, call: &Call) -> Result<(), AuthError> {
        let (auth, app) = (call.auth.clone(), call.app().clone());
        let failed = self.kind.failure();
        let sent = tokio::spawn(async move { self.deliver(&auth, &app).await }).await;
        sent.unwrap_or(Err(AuthError::Internal(failed.into())))
    }

    /// Sends the mail without waiting: for what is told, not asked. A failure is logged.
    pub(crate) fn send_soon(self, call: &Call) {
        let (auth, app) = (call.auth.clone(), call.app().clone());
        tokio::spawn(async move {
            let kind = self.kind.name();
            if let Err(error) = self.deliver(&auth, &app).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, kind, app = %app.reference, "a mail was not sent");
            }
        });
    }

    async fn deliver(self, auth: &Arc<Auth>, app: &Arc<App>) -> Result<(), AuthError> {
        let settings = app.settings();
        let result = if settings.auth.hooks.send_email.enabled {
            self.to_hook(auth, app).await
        } else {
            self.to_people(auth, app, &settings.auth).await
        };
        if result.is_err()
            && let Some(purpose) = self.purpose
        {
            one_time_token::take_back(app, self.user.id, purpose).await;
        }
        result
    }

    async fn to_people(
        &self,
        auth: &Auth,
        app: &App,
        settings: &AuthSettings,
    ) -> Result<(), AuthError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| AuthError::NotSent {
            message: self.kind.failure(),
            source,
        };
        for letter in &self.letters {
            let data = self.data(letter);
            let (subject, html) =
                render(settings, self.kind, &data).map_err(|e| failed(e.into()))?;
            if settings.smtp.host.is_empty() {
                let mail = Mail {
                    id: Uuid::new_v4(),
                    to: letter.to.clone(),
                    kind: self.kind.action(),
                    code: letter.code.clone(),
                    link: letter.link.clone(),
                    subject,
                    html,
                    sent_at: self.origin.now,
                };
                auth.mailbox().put(&app.reference, mail);
                continue;
            }
            auth.mail_servers()
                .send(&app.reference, &settings.smtp, &letter.to, &subject, &html)
                .await
                .map_err(|e| failed(e.into()))?;
        }
        Ok(())
    }

    fn data(&self, letter: &Letter) -> Value {
        let user = &self.user;
        let mut data = json!({
            "SiteURL": self.site_url,
            "Email": user.email,
            "Data": user.user_metadata,
        });
        let mut put = |key: &str, value: &str| data[key] = Value::from(value);
        match self.kind {
            MailKind::Reauthentication => put("Token", &letter.code),
            kind if kind.is_notification() => {
                put("OldEmail", &self.facts.old_email);
                put("OldPhone", &self.facts.old_phone);
                put("Phone", &user.phone);
                put("Provider", &self.facts.provider);
                put("FactorType", &self.facts.factor_type);
            }
            kind => {
                put("Token", &letter.code);
                put("TokenHash", &letter.hash);
                put(
                    "ConfirmationURL",
                    letter.link.as_deref().unwrap_or_default(),
                );
                put("RedirectTo", &self.redirect_to);
                if kind == MailKind::EmailChange {
                    put("NewEmail", &user.email_change);
                    put("SendingTo", &letter.to);
                }
            }
        }
        data
    }

    async fn to_hook(&self, auth: &Auth, app: &App) -> Result<(), AuthError> {
        let input = json!({"user": self.user.to_json(), "email_data": self.email_data()});
        hooks::invoke(auth, app, None, Hook::SendEmail, &self.origin, input)
            .await
            .map(|_| ())
    }

    /// As upstream fills it, whose hashes for a change of address stand crosswise: `token_hash`
    /// belongs to `token_new`. Hooks in use rely on it.
    fn email_data(&self) -> Value {
        let letters = &self.letters;
        let (token, hash, token_new, hash_new) = match (self.kind, letters.as_slice()) {
            (MailKind::EmailChange, [current, new]) => {
                (&*current.code, &*new.hash, &*new.code, &*current.hash)
            }
            (_, [only, ..]) => (&*only.code, &*only.hash, "", ""),
            (_, []) => ("", "", "", ""),
        };
        json!({
            "token": token,
            "token_hash": hash,
            "redirect_to": self.redirect_to,
            "email_action_type": self.kind.action(),
            "site_url": self.service_url,
            "token_new": token_new,
            "token_hash_new": hash_new,
            "old_email": self.facts.old_email,
            "old_phone": self.facts.old_phone,
            "provider": self.facts.provider,
            "factor_type": self.facts.factor_type,
        })
    }
}

/// Subject and body. An own text that cannot be read gives way to the default one, as upstream's
/// does.
pub(crate) fn render(
    settings: &AuthSettings,
    kind: MailKind,
    data: &Value,
) -> Result<(String, String), TemplateError> {
    let default = default_text(kind, settings.mailer_language);
    let own = settings.mailer_templates.get(kind.name());
    let pick = |own: Option<&String>, default: &str| {
        let own = own.filter(|text| !text.trim().is_empty());
        match own.map(|text| Template::parse(text)) {
            Some(Ok(template)) => Ok(template),
            Some(Err(error)) => {
                tracing::warn!(%error, kind = kind.name(), "a mail template cannot be read");
                Template::parse(default)
            }
            None => Template::parse(default),
        }
    };
    let subject = pick(own.map(|text| &text.subject), default.subject)?.line(data)?;
    let html = pick(own.map(|text| &text.content), default.content)?.html(data)?;
    Ok((subject, html))
}

/// Sends a mail of somebody's own making, for the operator who tries the settings out.
pub(crate) async fn send_test(
    auth: &Auth,
    app: &App,
    kind: MailKind,
    to: &str,
    data: &Value,
    now: DateTime<Utc>,
) -> Result<(), TestFailure> {
    let settings = app.settings();
    let (subject, html) = render(&settings.auth, kind, data)?;
    if settings.auth.smtp.host.is_empty() {
        let mail = Mail {
            id: Uuid::new_v4(),
            to: to.to_owned(),
            kind: kind.action(),
            code: String::new(),
            link: None,
            subject,
            html,
            sent_at: now,
        };
        auth.mailbox().put(&app.reference, mail);
        return Ok(());
    }
    let servers = auth.mail_servers();
    servers
        .send(&app.reference, &settings.auth.smtp, to, &subject, &html)
        .await?;
    Ok(())
}

/// Why a trial mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TestFailure {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Server(#[from] SmtpError),
}

//! Towards an application's mail server. Connections are kept for the next mail.

use std::time::Duration;

use hearth_apps::settings::{SmtpEncryption, SmtpSettings};
use hearth_core::AppRef;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use moka::sync::Cache;

/// How long one exchange with the mail server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections to one application's mail server at the same time.
const CONNECTIONS: u32 = 4;
/// How long a connection waits for the next mail.
const IDLE: Duration = Duration::from_secs(30);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Why a mail was not sent, in the mail server's words where it had any.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SmtpError {
    #[error("{0} is no mail address")]
    Address(String),
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("{}", words(.0))]
    Server(#[from] lettre::transport::smtp::Error),
    #[error("the mail server did not answer within {} s", PATIENCE.as_secs())]
    TimedOut,
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The mail servers in use, by application.
pub(crate) struct MailServers(Cache<AppRef, (SmtpSettings, Transport)>);

impl MailServers {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(1000)
                .time_to_idle(Duration::from_secs(600))
                .build(),
        )
    }

    /// Sends a mail; returns when the mail server has taken it.
    pub(crate) async fn send(
        &self,
        app: &AppRef,
        settings: &SmtpSettings,
        to: &str,
        subject: &str,
        html: &str,
    ) -> Result<(), SmtpError> {
        let address = |text: &str| {
            text.parse::<Address>()
                .map_err(|_| SmtpError::Address(text.to_owned()))
        };
        let name = Some(settings.sender_name.clone()).filter(|name| !name.is_empty());
        let from = Mailbox::new(name, address(&settings.sender_address)?);
        let message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, address(to)?))
            .subject(subject)
            .header(ContentType::TEXT_HTML)
            .body(html.to_owned())?;
        let transport = self.transport(app, settings)?;
        // All steps together: a server that answers each one late must not hold the request.
        tokio::time::timeout(PATIENCE, transport.send(message))
            .await
            .map_err(|_| SmtpError::TimedOut)??;
        Ok(())
    }

    fn transport(&self, app: &AppRef, settings: &SmtpSettings) -> Result<Transport, SmtpError> {
        if let Some((known, transport)) = self.0.get(app)
            && known == *settings
        {
            return Ok(transport);
        }
        let transport = connect(settings)?;
        self.0
            .insert(app.clone(), (settings.clone(), transport.clone()));
        Ok(transport)
    }
}

/// A transport; it connects when it is used.
fn connect(settings: &SmtpSettings) -> Result<Transport, SmtpError> {
    let host = settings.host.trim();
    let tls = match settings.encryption {
        SmtpEncryption::Tls => Tls::Wrapper(TlsParameters::new(host.to_owned())?),
        SmtpEncryption::Starttls => Tls::Required(TlsParameters::new(host.to_owned())?),
        SmtpEncryption::None => Tls::None,
    };
    let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE);
    let mut builder = Transport::builder_dangerous(host)
        .port(settings.port)
        .tls(tls)
        .timeout(Some(PATIENCE))
        .pool_config(pool);
    if !settings.user.is_empty() {
        let password = settings.password.expose().to_owned();
        builder = builder.credentials(Credentials::new(settings.user.clone(), password));
    }
    Ok(builder.build())
}

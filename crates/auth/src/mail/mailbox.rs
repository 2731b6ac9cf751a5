//! Where mails are kept while an application has no mail server: a developer reads them in the
//! console.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use hearth_core::AppRef;
use serde::Serialize;
use uuid::Uuid;

/// How many mails of an application are kept.
const MAILS_PER_APP: usize = 200;
/// How many bytes of bodies of an application are kept.
const BYTES_PER_APP: usize = 4 * 1024 * 1024;

/// A mail as it was sent.
#[derive(Debug, Clone, Serialize)]
pub struct Mail {
    /// Its own id.
    pub id: Uuid,
    /// To whom.
    pub to: String,
    /// GoTrue's name of the occasion: `signup`, `recovery`, `magiclink`, `invite`,
    /// `email_change`, `reauthentication`, or that of a notification.
    pub kind: &'static str,
    /// The code; empty in notifications.
    pub code: String,
    /// The link that counts as the code; none where only the code counts.
    pub link: Option<String>,
    /// The subject.
    pub subject: String,
    /// The body, HTML.
    pub html: String,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// The mails of each application, the latest last; the oldest are dropped beyond a bound.
#[derive(Debug, Default)]
pub struct Mailbox {
    mails: Mutex<HashMap<AppRef, VecDeque<Mail>>>,
}

impl Mailbox {
    /// The mails of `app`, the oldest first.
    pub fn mails(&self, app: &AppRef) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails
            .get(app)
            .map(|list| list.iter().cloned().collect())
            .unwrap_or_default()
    }

    pub(super) fn put(&self, app: &AppRef, mail: Mail) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let list = mails.entry(app.clone()).or_default();
        list.push_back(mail);
        let mut bytes: usize = list.iter().map(|mail| mail.html.len()).sum();
        while list.len() > MAILS_PER_APP || (bytes > BYTES_PER_APP && list.len() > 1) {
            bytes -= list.pop_front().map_or(0, |mail| mail.html.len());
        }
    }

    /// Throws the mails of `app` away.
    pub(crate) fn clear(&self, app: &AppRef) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.remove(app);
    }
}

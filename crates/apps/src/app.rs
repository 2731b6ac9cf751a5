//! One application, as every service sees it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use hearth_core::{AppRef, Clock, Secret};
use hearth_jwt::{ApiKeys, SigningKey, Verifier};
use serde_json::Value;

use crate::activity::{AppActivity, Level};
use crate::database::AppDatabase;
use crate::settings::AppSettings;
use crate::stream::StreamReport;

/// Whether an application answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppState {
    /// It answers.
    Active,
    /// Its operator paused it: requests are refused by name.
    Paused,
}

/// One application. Shared as `Arc<App>`; settings swap atomically, everything else is fixed for
/// the life of the value (a new value replaces it in the registry).
pub struct App {
    /// Its reference: path, host and database are named after it.
    pub reference: AppRef,
    /// The name its operator gave it, any text.
    pub name: String,
    /// Whether it answers.
    pub state: AppState,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its API keys.
    pub keys: ApiKeys,
    /// The secret that signs its tokens (HS256).
    pub jwt_secret: Secret,
    /// Verifies its tokens.
    pub verifier: Verifier,
    /// Its database.
    pub database: AppDatabase,
    /// Its settings, replaced as a whole.
    pub settings: ArcSwap<AppSettings>,
    /// What happens in it: services tell of events here.
    pub activity: Arc<AppActivity>,
    /// How the stream of its changes is, replaced as a whole by whoever reads it.
    pub stream: ArcSwap<StreamReport>,
    /// The time, a test's own in tests.
    pub clock: Arc<dyn Clock>,
}

impl App {
    /// The key that signs new tokens.
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::Hs256(self.jwt_secret.clone())
    }

    /// Tells the application's log of an event: `details` is an object of short values.
    pub fn note(
        &self,
        service: &'static str,
        level: Level,
        message: impl Into<String>,
        details: Value,
    ) {
        let now = self.clock.now();
        self.activity.event(now, service, level, message, details);
    }

    /// The settings in force now.
    pub fn settings(&self) -> Arc<AppSettings> {
        self.settings.load_full()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

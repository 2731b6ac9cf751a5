//! An application as its row in the control database has it.

use hearth_core::{AppRef, Secret};
use hearth_jwt::ApiKeys;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::error::RegistryError;

/// Reads all rows.
pub(crate) const SELECT: &str = "select ref, name, state, is_default, sealed_settings, sealed_secrets, \
     schema_fingerprint, created_at from hearth.apps order by created_at, ref";

/// The row, secrets still sealed.
#[derive(Clone, PartialEq)]
pub(crate) struct StoredApp {
    pub(crate) reference: AppRef,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) is_default: bool,
    pub(crate) sealed_settings: String,
    pub(crate) sealed: String,
    pub(crate) fingerprint: String,
    pub(crate) created_at: chrono::DateTime<chrono::Utc>,
}

/// What only the application and its operator may know, sealed in the control database.
#[derive(Serialize, Deserialize)]
pub(crate) struct AppSecrets {
    pub(crate) jwt_secret: Secret,
    pub(crate) owner_password: Secret,
    pub(crate) keys: ApiKeys,
}

impl StoredApp {
    pub(crate) fn read(row: &Row) -> Option<Self> {
        let reference: &str = row.get(0);
        let Ok(reference) = reference.parse() else {
            tracing::error!(
                reference,
                "an application with an impossible reference is ignored"
            );
            return None;
        };
        Some(Self {
            reference,
            name: row.get(1),
            state: row.get(2),
            is_default: row.get(3),
            sealed_settings: row.get(4),
            sealed: row.get(5),
            fingerprint: row.get(6),
            created_at: row.get(7),
        })
    }

    /// True where nothing differs but what can change in place.
    pub(crate) fn same_app(&self, other: &Self) -> bool {
        self.name == other.name && self.state == other.state && self.sealed == other.sealed
    }

    pub(crate) fn unreadable(
        &self,
        what: &'static str,
        reason: &serde_json::Error,
    ) -> RegistryError {
        RegistryError::Stored {
            reference: self.reference.to_string(),
            what,
            reason: reason.to_string(),
        }
    }
}

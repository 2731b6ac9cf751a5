//! Identities: what a user signs in with, one per provider account.

use chrono::{DateTime, Utc};
use hearth_pg::PgError;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::Db;
use crate::user::{User, merge, object};
use crate::wire::{JsonMap, sorted_map, time};

/// An identity as the database has it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: Uuid,
    pub(crate) provider_id: String,
    pub(crate) user_id: Uuid,
    #[serde(default)]
    pub(crate) identity_data: JsonMap,
    pub(crate) provider: String,
    pub(crate) last_sign_in_at: Option<DateTime<Utc>>,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) email: Option<String>,
}

impl Identity {
    /// The identities in a JSON array of rows.
    pub(crate) fn list(rows: Value) -> Vec<Self> {
        let Value::Array(rows) = rows else {
            return Vec::new();
        };
        rows.into_iter()
            .filter_map(|row| serde_json::from_value(row).ok())
            .collect()
    }

    /// The identity as clients see it.
    pub(crate) fn to_json(&self) -> JsonMap {
        let mut out = JsonMap::new();
        let mut put = |key: &str, value: Value| {
            out.insert(key.to_owned(), value);
        };
        put("identity_id", json!(self.id));
        put("id", json!(self.provider_id));
        put("user_id", json!(self.user_id));
        if !self.identity_data.is_empty() {
            put(
                "identity_data",
                Value::Object(sorted_map(self.identity_data.clone())),
            );
        }
        put("provider", json!(self.provider));
        if let Some(at) = self.last_sign_in_at {
            put("last_sign_in_at", json!(time(at)));
        }
        put("created_at", json!(self.created_at.map(time)));
        put("updated_at", json!(self.updated_at.map(time)));
        if let Some(email) = self.email.as_deref().filter(|text| !text.is_empty()) {
            put("email", json!(email));
        }
        out
    }

    /// What the provider says of the user's address.
    pub(crate) fn is_email_verified(&self) -> bool {
        self.identity_data.get("email_verified") == Some(&Value::Bool(true))
    }

    /// Creates an identity.
    pub(crate) async fn insert(
        db: &Db,
        user: Uuid,
        provider: &str,
        data: &JsonMap,
        now: DateTime<Utc>,
    ) -> Result<(), PgError> {
        let subject = data.get("sub").and_then(Value::as_str).unwrap_or_default();
        db.execute(
            "insert into auth.identities
               (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at,
                updated_at)
             values ($1, $2, $3, $4, $5, $6, $6, $6)",
            &[
                &Uuid::new_v4(),
                &subject,
                &user,
                &Value::Object(data.clone()),
                &provider,
                &now,
            ],
        )
        .await?;
        Ok(())
    }

    /// Sets the keys of `updates` in the identity's data.
    pub(crate) async fn update_data(
        &self,
        db: &Db,
        updates: &JsonMap,
        now: DateTime<Utc>,
    ) -> Result<(), PgError> {
        let mut data = self.identity_data.clone();
        merge(&mut data, updates);
        db.execute(
            "update auth.identities set identity_data = $2, updated_at = $3 where id = $1",
            &[&self.id, &Value::Object(data), &now],
        )
        .await?;
        Ok(())
    }

    /// Removes it.
    pub(crate) async fn delete(&self, db: &Db) -> Result<(), PgError> {
        db.execute("delete from auth.identities where id = $1", &[&self.id])
            .await?;
        Ok(())
    }
}

impl User {
    /// The user's identity of the providers `email` and `phone`, which carry the user's own id.
    pub(crate) fn own_identity(&self, provider: &str) -> Option<&Identity> {
        let id = self.id.to_string();
        self.identities
            .iter()
            .find(|i| i.provider == provider && i.provider_id == id)
    }

    /// Creates or updates the identity `email` or `phone`.
    pub(crate) async fn put_own_identity(
        &self,
        db: &Db,
        provider: &str,
        value: &str,
        verified: bool,
        now: DateTime<Utc>,
    ) -> Result<(), PgError> {
        let verified_key = format!("{provider}_verified");
        match self.own_identity(provider) {
            Some(identity) => {
                let updates = object(json!({provider: value, verified_key: verified}));
                identity.update_data(db, &updates, now).await
            }
            None => {
                let mut data = claims(self.id);
                data.insert(provider.to_owned(), value.into());
                data.insert(verified_key, verified.into());
                Identity::insert(db, self.id, provider, &data, now).await
            }
        }
    }

    /// `app_metadata.provider` and `.providers` as the identities are now, in order of their
    /// creation.
    pub(crate) async fn update_providers(
        &self,
        db: &Db,
        now: DateTime<Utc>,
    ) -> Result<(), PgError> {
        db.execute(include_str!("sql/user_providers.sql"), &[&self.id, &now])
            .await?;
        Ok(())
    }
}

/// What upstream keeps of a user who brings nothing but an address or number.
pub(crate) fn claims(subject: Uuid) -> JsonMap {
    object(json!({"sub": subject, "email_verified": false, "phone_verified": false}))
}

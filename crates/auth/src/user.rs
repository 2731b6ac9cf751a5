//! Users: how they are found, changed and shown.

use chrono::{DateTime, Utc};
use hearth_pg::PgError;
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{Db, Param};
use crate::factor::Factor;
use crate::identity::Identity;
use crate::wire::{JsonMap, sorted_map, time};

/// A user as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) aud: String,
    pub(crate) role: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) encrypted_password: String,
    pub(crate) email_confirmed_at: Option<DateTime<Utc>>,
    pub(crate) phone_confirmed_at: Option<DateTime<Utc>>,
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    pub(crate) invited_at: Option<DateTime<Utc>>,
    pub(crate) confirmation_token: String,
    pub(crate) confirmation_sent_at: Option<DateTime<Utc>>,
    pub(crate) recovery_token: String,
    pub(crate) recovery_sent_at: Option<DateTime<Utc>>,
    pub(crate) email_change: String,
    pub(crate) email_change_token_new: String,
    pub(crate) email_change_token_current: String,
    pub(crate) email_change_sent_at: Option<DateTime<Utc>>,
    pub(crate) email_change_confirm_status: i16,
    pub(crate) phone_change: String,
    pub(crate) phone_change_token: String,
    pub(crate) phone_change_sent_at: Option<DateTime<Utc>>,
    pub(crate) reauthentication_token: String,
    pub(crate) reauthentication_sent_at: Option<DateTime<Utc>>,
    pub(crate) last_sign_in_at: Option<DateTime<Utc>>,
    pub(crate) app_metadata: JsonMap,
    pub(crate) user_metadata: JsonMap,
    pub(crate) identities: Vec<Identity>,
    pub(crate) factors: Vec<Factor>,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) banned_until: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) is_anonymous: bool,
    pub(crate) is_sso_user: bool,
    pub(crate) wechat_id: String,
    pub(crate) wechat_unionid: String,
}

/// What a new user starts with.
#[derive(Debug, Default)]
pub(crate) struct NewUser {
    pub(crate) id: Uuid,
    pub(crate) aud: String,
    pub(crate) role: Option<String>,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) password_hash: String,
    pub(crate) app_metadata: JsonMap,
    pub(crate) user_metadata: JsonMap,
    pub(crate) is_anonymous: bool,
    pub(crate) wechat_id: Option<String>,
    pub(crate) wechat_unionid: Option<String>,
}

/// The role of users unless an admin gave them another.
pub(crate) const DEFAULT_ROLE: &str = "authenticated";

impl User {
    /// The user with this id.
    pub(crate) async fn by_id(db: &Db, id: Uuid) -> Result<Option<Self>, PgError> {
        Self::one(
            db,
            concat!(include_str!("sql/user.sql"), " where u.id = $1"),
            &[&id],
        )
        .await
    }

    /// The user with this address; users of single sign-on are not looked at.
    pub(crate) async fn by_email(db: &Db, email: &str, aud: &str) -> Result<Option<Self>, PgError> {
        let sql = concat!(
            include_str!("sql/user.sql"),
            " where u.instance_id = '00000000-0000-0000-0000-000000000000'
              and lower(u.email) = lower($1::text) and u.aud = $2 and not u.is_sso_user"
        );
        Self::one(db, sql, &[&email, &aud]).await
    }

    /// The user with this phone number.
    pub(crate) async fn by_phone(db: &Db, phone: &str, aud: &str) -> Result<Option<Self>, PgError> {
        let sql = concat!(
            include_str!("sql/user.sql"),
            " where u.phone = $1 and u.aud = $2 and not u.is_sso_user"
        );
        Self::one(db, sql, &[&phone, &aud]).await
    }

    /// The user who asked to change to this phone number.
    pub(crate) async fn by_phone_change(
        db: &Db,
        phone: &str,
        aud: &str,
    ) -> Result<Option<Self>, PgError> {
        let sql = concat!(
            include_str!("sql/user.sql"),
            " where u.phone_change = $1 and u.aud = $2 and not u.is_sso_user"
        );
        Self::one(db, sql, &[&phone, &aud]).await
    }

    /// The user with this WeChat openid.
    pub(crate) async fn by_wechat_id(db: &Db, openid: &str) -> Result<Option<Self>, PgError> {
        let sql = concat!(
            include_str!("sql/user.sql"),
            " where u.wechat_id = $1 and u.wechat_id <> ''"
        );
        Self::one(db, sql, &[&openid]).await
    }

    /// Another user than `but` who has this address, in the user or in an identity.
    pub(crate) async fn with_email_besides(
        db: &Db,
        email: &str,
        aud: &str,
        but: Option<Uuid>,
    ) -> Result<Option<Self>, PgError> {
        let sql = concat!(
            include_str!("sql/user.sql"),
            " where u.aud = $2 and u.id is distinct from $3
              and (u.id in (
                     select i.user_id from auth.identities i
                     where i.email = lower($1::text) and i.provider not like 'sso:%'
                   )
                   or u.instance_id = '00000000-0000-0000-0000-000000000000'
                      and lower(u.email) = lower($1::text) and not u.is_sso_user)
              limit 1"
        );
        Self::one(db, sql, &[&email, &aud, &but]).await
    }

    async fn one(
        db: &Db,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<Self>, PgError> {
        db.first(sql, params)
            .await?
            .map(|row| Self::from_row(&row))
            .transpose()
    }

    /// A row of `sql/user.sql`.
    pub(crate) fn from_row(row: &Row) -> Result<Self, PgError> {
        Ok(Self {
            id: row.try_get("id")?,
            aud: row.try_get("aud")?,
            role: row.try_get("role")?,
            email: row.try_get("email")?,
            phone: row.try_get("phone")?,
            encrypted_password: row.try_get("encrypted_password")?,
            email_confirmed_at: row.try_get("email_confirmed_at")?,
            phone_confirmed_at: row.try_get("phone_confirmed_at")?,
            confirmed_at: row.try_get("confirmed_at")?,
            invited_at: row.try_get("invited_at")?,
            confirmation_token: row.try_get("confirmation_token")?,
            confirmation_sent_at: row.try_get("confirmation_sent_at")?,
            recovery_token: row.try_get("recovery_token")?,
            recovery_sent_at: row.try_get("recovery_sent_at")?,
            email_change: row.try_get("email_change")?,
            email_change_token_new: row.try_get("email_change_token_new")?,
            email_change_token_current: row.try_get("email_change_token_current")?,
            email_change_sent_at: row.try_get("email_change_sent_at")?,
            email_change_confirm_status: row.try_get("email_change_confirm_status")?,
            phone_change: row.try_get("phone_change")?,
            phone_change_token: row.try_get("phone_change_token")?,
            phone_change_sent_at: row.try_get("phone_change_sent_at")?,
            reauthentication_token: row.try_get("reauthentication_token")?,
            reauthentication_sent_at: row.try_get("reauthentication_sent_at")?,
            last_sign_in_at: row.try_get("last_sign_in_at")?,
            app_metadata: object(row.try_get("app_metadata")?),
            user_metadata: object(row.try_get("user_metadata")?),
            identities: Identity::list(row.try_get("identities")?),
            factors: Factor::list(row.try_get("factors")?),
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            banned_until: row.try_get("banned_until")?,
            deleted_at: row.try_get("deleted_at")?,
            is_anonymous: row.try_get("is_anonymous")?,
            is_sso_user: row.try_get("is_sso_user")?,
            wechat_id: row.try_get("wechat_id")?,
            wechat_unionid: row.try_get("wechat_unionid")?,
        })
    }

    /// The user as it is now; triggers may have changed more than this service did.
    pub(crate) async fn reload(&self, db: &Db) -> Result<Self, PgError> {
        Ok(Self::by_id(db, self.id)
            .await?
            .unwrap_or_else(|| self.clone()))
    }

    /// True if the address is confirmed.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.email_confirmed_at.is_some()
    }

    /// True if the phone number is confirmed.
    pub(crate) fn is_phone_confirmed(&self) -> bool {
        self.phone_confirmed_at.is_some()
    }

    /// True until the ban ends.
    pub(crate) fn is_banned(&self, now: DateTime<Utc>) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// True if the user can sign in with a password.
    pub(crate) fn has_password(&self) -> bool {
        !self.encrypted_password.is_empty()
    }

    /// True if a second factor is verified.
    pub(crate) fn has_mfa(&self) -> bool {
        self.factors.iter().any(Factor::is_verified)
    }

    /// The user as clients see it.
    pub(crate) fn to_json(&self) -> JsonMap {
        let mut out = self.to_json_without_identities();
        out.insert(
            "identities".to_owned(),
            Value::Array(
                self.identities
                    .iter()
                    .map(|i| Value::Object(i.to_json()))
                    .collect(),
            ),
        );
        in_wire_order(out)
    }

    /// The user as lists show it: upstream does not load identities there.
    pub(crate) fn to_json_in_list(&self) -> JsonMap {
        let mut out = self.to_json_without_identities();
        out.remove("factors");
        out.insert("identities".to_owned(), Value::Null);
        in_wire_order(out)
    }

    fn to_json_without_identities(&self) -> JsonMap {
        let mut out = JsonMap::new();
        let mut put = |key: &str, value: Value| {
            out.insert(key.to_owned(), value);
        };
        put("id", json!(self.id));
        put("aud", json!(self.aud));
        put("role", json!(self.role));
        put("email", json!(self.email));
        put("phone", json!(self.phone));
        put("app_metadata", Value::Object(self.app_metadata.clone()));
        put("user_metadata", Value::Object(self.user_metadata.clone()));
        let zero = DateTime::<Utc>::UNIX_EPOCH;
        put("created_at", json!(time(self.created_at.unwrap_or(zero))));
        put("updated_at", json!(time(self.updated_at.unwrap_or(zero))));
        put("is_anonymous", json!(self.is_anonymous));
        for (key, at) in [
            ("email_confirmed_at", self.email_confirmed_at),
            ("invited_at", self.invited_at),
            ("phone_confirmed_at", self.phone_confirmed_at),
            ("confirmation_sent_at", self.confirmation_sent_at),
            ("confirmed_at", self.confirmed_at),
            ("recovery_sent_at", self.recovery_sent_at),
            ("email_change_sent_at", self.email_change_sent_at),
            ("phone_change_sent_at", self.phone_change_sent_at),
            ("reauthentication_sent_at", self.reauthentication_sent_at),
            ("last_sign_in_at", self.last_sign_in_at),
            ("banned_until", self.banned_until),
            ("deleted_at", self.deleted_at),
        ] {
            if let Some(at) = at {
                put(key, json!(time(at)));
            }
        }
        if !self.email_change.is_empty() {
            put("new_email", json!(self.email_change));
        }
        if !self.phone_change.is_empty() {
            put("new_phone", json!(self.phone_change));
        }
        if !self.factors.is_empty() {
            let factors = self
                .factors
                .iter()
                .map(|f| Value::Object(f.to_json()))
                .collect();
            put("factors", Value::Array(factors));
        }
        // MemFire's fields, for those who have them.
        if !self.wechat_id.is_empty() {
            put("wechat_id", json!(self.wechat_id));
            put("wechat_unionid", json!(self.wechat_unionid));
        }
        out
    }
}

const WIRE_ORDER: [&str; 28] = [
    "id",
    "aud",
    "role",
    "email",
    "email_confirmed_at",
    "invited_at",
    "phone",
    "phone_confirmed_at",
    "wechat_id",
    "wechat_unionid",
    "confirmation_sent_at",
    "confirmed_at",
    "recovery_sent_at",
    "new_email",
    "email_change_sent_at",
    "new_phone",
    "phone_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "app_metadata",
    "user_metadata",
    "factors",
    "identities",
    "created_at",
    "updated_at",
    "banned_until",
    "deleted_at",
    "is_anonymous",
];

fn in_wire_order(mut fields: JsonMap) -> JsonMap {
    WIRE_ORDER
        .iter()
        .filter_map(|key| fields.remove(*key).map(|value| ((*key).to_owned(), value)))
        .collect()
}

impl NewUser {
    /// Nobody yet, with an id.
    pub(crate) fn new() -> Self {
        Self {
            id: Uuid::new_v4(),
            ..Self::default()
        }
    }

    /// The user as a hook sees it that may refuse it.
    pub(crate) fn to_json(&self) -> Value {
        // Go's zero time: the user has not been created.
        let never = "0001-01-01T00:00:00Z";
        json!({
            "id": self.id,
            "aud": self.aud,
            "role": self.role.as_deref().unwrap_or(DEFAULT_ROLE),
            "email": self.email,
            "phone": self.phone,
            "app_metadata": self.app_metadata,
            "user_metadata": self.user_metadata,
            "identities": [],
            "created_at": never,
            "updated_at": never,
            "is_anonymous": self.is_anonymous,
        })
    }

    /// Creates the user. Triggers of the application run along.
    pub(crate) async fn insert(self, db: &Db, now: DateTime<Utc>) -> Result<User, PgError> {
        let id = self.id;
        let role = self.role.as_deref().unwrap_or(DEFAULT_ROLE);
        let email = Some(self.email.as_str()).filter(|text| !text.is_empty());
        let phone = Some(self.phone.as_str()).filter(|text| !text.is_empty());
        db.execute(
            include_str!("sql/user_insert.sql"),
            &[
                &id,
                &self.aud,
                &role,
                &email,
                &phone,
                &self.password_hash,
                &Value::Object(self.app_metadata),
                &Value::Object(self.user_metadata),
                &self.is_anonymous,
                &now,
                &self.wechat_id,
                &self.wechat_unionid,
            ],
        )
        .await?;
        // Triggers may have changed the row after the insert.
        let row = db
            .first(
                concat!(include_str!("sql/user.sql"), " where u.id = $1"),
                &[&id],
            )
            .await?
            .ok_or_else(|| PgError::Unavailable("the new user is gone".to_owned()))?;
        User::from_row(&row)
    }
}

/// A JSON object with its keys in order; anything else counts as empty.
pub(crate) fn object(value: Value) -> JsonMap {
    match value {
        Value::Object(map) => sorted_map(map),
        _ => JsonMap::new(),
    }
}

/// Sets the keys of `updates` in `map`; `null` removes a key.
pub(crate) fn merge(map: &mut JsonMap, updates: &JsonMap) {
    for (key, value) in updates {
        if value.is_null() {
            map.shift_remove(key);
        } else {
            map.insert(key.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_removes_a_key() {
        let mut map = object(json!({"a": 1, "b": 2}));
        merge(&mut map, &object(json!({"a": null, "c": {"d": null}})));
        assert_eq!(Value::Object(map), json!({"b": 2, "c": {"d": null}}));
    }
}

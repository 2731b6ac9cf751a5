//! Deleting a user but keeping the row, for what refers to it: everything personal is replaced by
//! a hash or removed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hearth_pg::PgError;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::Db;
use crate::one_time_token;
use crate::session;
use crate::user::User;

/// Empties the user.
pub(super) async fn soft_delete(db: &Db, user: &User, now: DateTime<Utc>) -> Result<(), PgError> {
    let phone_shape = |text: &str| {
        obfuscated(user.id, text)
            .chars()
            .take(15)
            .collect::<String>()
    };
    db.execute(
        "update auth.users
         set email = $2, phone = $3, email_change = $4, phone_change = $5,
             encrypted_password = null, confirmation_token = '', recovery_token = '',
             email_change_token_current = '', email_change_token_new = '',
             phone_change_token = '', raw_user_meta_data = '{}', raw_app_meta_data = '{}',
             wechat_id = null, wechat_unionid = null, deleted_at = $6, updated_at = $6
         where id = $1",
        &[
            &user.id,
            &obfuscated(user.id, &user.email),
            &phone_shape(&user.phone),
            &obfuscated(user.id, &user.email_change),
            &phone_shape(&user.phone_change),
            &now,
        ],
    )
    .await?;
    for identity in &user.identities {
        let hidden = obfuscated(
            identity.user_id,
            &format!("{}:{}", identity.provider, identity.provider_id),
        );
        let sql = "update auth.identities
                   set identity_data = '{}', provider_id = $2, updated_at = $3 where id = $1";
        db.execute(sql, &[&identity.id, &hidden, &now]).await?;
    }
    one_time_token::clear_all(db, user.id).await?;
    for sql in [
        "delete from auth.mfa_factors where user_id = $1",
        "delete from auth.webauthn_credentials where user_id = $1",
    ] {
        db.execute(sql, &[&user.id]).await?;
    }
    session::end_all(db, user.id).await
}

fn obfuscated(id: Uuid, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{id}{text}")))
}

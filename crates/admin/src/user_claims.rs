//! What a token of one of an application's users would say, for administrators who look at things
//! as that user.

use hearth_apps::{App, ServiceRole};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::AdminError;

/// The claims of user `id` without those of time: `role`, `aud`, `sub`, `email`, `app_metadata` …
///
/// # Errors
/// If there is no such user, or the database is away.
pub(crate) async fn claims_of(app: &App, id: Uuid) -> Result<Map<String, Value>, AdminError> {
    let conn = app.database.service(ServiceRole::Auth).await?;
    let row = conn
        .query_opt(
            "select jsonb_build_object(
                 'email', coalesce(email, ''), 'phone', coalesce(phone, ''),
                 'app_metadata', coalesce(raw_app_meta_data, '{}'),
                 'user_metadata', coalesce(raw_user_meta_data, '{}'),
                 'is_anonymous', is_anonymous)
             from auth.users where id = $1",
            &[&id],
        )
        .await?;
    let Some(Value::Object(mut claims)) = row.map(|row| row.get::<_, Value>(0)) else {
        return Err(AdminError::invalid(
            format!("There is no user {id}"),
            format!("用户 {id} 不存在"),
        ));
    };
    claims.insert("role".to_owned(), json!("authenticated"));
    claims.insert("aud".to_owned(), json!("authenticated"));
    claims.insert("sub".to_owned(), json!(id));
    Ok(claims)
}

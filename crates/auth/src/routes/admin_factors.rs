//! `/admin/users/{id}/factors`

use axum::extract::Path;
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use super::admin_users::load;
use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::Call;
use crate::database::Tx;
use crate::error::AuthError;
use crate::factor::Factor;
use crate::user::User;
use crate::wire::{JsonMap, ok};

/// The second factors of a user.
pub(super) async fn list(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    call.admin().await?;
    let user = load(&call, &id).await?;
    let factors: Vec<JsonMap> = user.factors.iter().map(|f| f.to_json()).collect();
    Ok(ok(&factors))
}

/// Deletes a second factor of a user; sessions that used it count as without one.
pub(super) async fn delete(
    call: Call,
    Path((id, factor)): Path<(String, String)>,
) -> Result<Response, AuthError> {
    call.admin().await?;
    let user = load(&call, &id).await?;
    let factor = own_factor(&user, &factor)?;
    let tx = Tx::begin(call.app()).await?;
    let traits = Some(json!({"user_id": user.id, "factor_id": factor.id}));
    let actor = Actor::from(&user);
    audit::record(&tx, call.now(), &actor, Action::FactorDeleted, traits).await?;
    let failed = AuthError::database("Database error deleting factor");
    let sql = "delete from auth.mfa_factors where id = $1";
    tx.execute(sql, &[&factor.id]).await.map_err(failed)?;
    let failed = AuthError::database("Database error downgrading sessions");
    let sql = "update auth.sessions set aal = 'aal1', factor_id = null
               where user_id = $1 and factor_id = $2";
    tx.execute(sql, &[&user.id, &factor.id])
        .await
        .map_err(failed)?;
    tx.commit().await?;
    Ok(ok(&factor.to_json()))
}

/// Renames a second factor of a user.
pub(super) async fn update(
    call: Call,
    Path((id, factor)): Path<(String, String)>,
    Body(body): Body,
) -> Result<Response, AuthError> {
    let admin = call.admin().await?;
    let user = load(&call, &id).await?;
    let factor = own_factor(&user, &factor)?;
    let params = Params::parse(&body, "adminUserUpdateFactorParams")?;
    let mut factor = factor.clone();
    let now = call.now();
    let tx = Tx::begin(call.app()).await?;
    let name = params.text("friendly_name")?;
    if !name.is_empty() {
        let sql = "update auth.mfa_factors set friendly_name = $2, updated_at = $3 where id = $1";
        tx.execute(sql, &[&factor.id, &name, &now]).await?;
        factor.friendly_name = Some(name);
        factor.updated_at = now;
    }
    let traits = Some(json!({
        "user_id": user.id, "factor_id": factor.id, "factor_type": factor.factor_type,
    }));
    audit::record(&tx, now, &admin.actor, Action::FactorUpdated, traits).await?;
    tx.commit().await?;
    Ok(ok(&factor.to_json()))
}

fn own_factor<'u>(user: &'u User, id: &str) -> Result<&'u Factor, AuthError> {
    let id: Uuid = id
        .parse()
        .map_err(|_| AuthError::PathNotUuid("factor_id"))?;
    let factor = user.factors.iter().find(|factor| factor.id == id);
    factor.ok_or(AuthError::FactorNotFound)
}

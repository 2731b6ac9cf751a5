//! Whether somebody may: the row is written with the caller's rights and rolled back, so that
//! PostgreSQL itself evaluates the policies, on the very row that will be.

use hearth_core::Claims;
use hearth_pg::Access;
use serde_json::Value;

use crate::call::Call;
use crate::database::Params;
use crate::error::StorageError;
use crate::rows::owner_uuid;
use crate::uploader::{INSERT, REPLACE, Target};

/// With whose rights a row is rehearsed.
pub(crate) enum Rights<'a> {
    /// The caller's: policies decide.
    Caller(&'a Claims),
    /// A signed upload URL was made by somebody whose rights were checked then.
    Service,
}

/// Tries the row as the caller, and keeps nothing of it.
///
/// # Errors
/// What the policies refuse, or that the object exists.
pub(crate) async fn rehearse(
    call: &Call,
    rights: &Rights<'_>,
    target: &Target,
    metadata: &Value,
    user_metadata: Option<&Value>,
) -> Result<(), StorageError> {
    let (of_caller, of_service);
    let mut tx = match rights {
        Rights::Caller(claims) => {
            of_caller = call.caller_connection().await?;
            call.begin_as(&of_caller, claims, Access::ReadWrite).await?
        }
        Rights::Service => {
            of_service = call.service_connection().await?;
            call.begin_as_service(&of_service).await?
        }
    };
    // A plain upload asks for no row back, since that would take a SELECT policy.
    let sql = if target.upsert {
        format!("{INSERT} {REPLACE} returning id")
    } else {
        INSERT.into()
    };
    let owner = owner_uuid(target.owner.as_deref());
    let values: Params<'_> = &[
        &target.name,
        &owner,
        &target.owner,
        &target.bucket,
        metadata,
        &user_metadata,
        &"1",
    ];
    tx.query(&sql, values)
        .await
        .map_err(StorageError::about_object)?;
    Ok(())
}

//! `GET /admin/audit`

use axum::response::Response;
use chrono::{DateTime, Utc};
use hearth_pg::PgError;
use http::HeaderValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::admin_page::Page;
use crate::call::Call;
use crate::error::AuthError;
use crate::wire::{ok, time};

/// A page of the audit log, the latest first; `query=author|action|type:…` filters.
pub(super) async fn list(call: Call) -> Result<Response, AuthError> {
    call.admin().await?;
    let page = Page::of(&call)?;
    let query = call.query("query").unwrap_or_default();
    let (scope, value) = match query.split_once(':') {
        _ if query.is_empty() => ("", String::new()),
        Some((scope @ ("author" | "action" | "type"), value)) => (scope, format!("%{value}%")),
        _ => {
            return Err(AuthError::validation(format!(
                "Invalid query scope: {query}"
            )));
        }
    };
    let failed = AuthError::database("Error searching for audit logs");
    let (entries, total) = search(&call, &page, scope, &value).await.map_err(failed)?;
    let mut response = ok(&entries);
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    if let Ok(link) = HeaderValue::from_str(&page.links(&call, total)) {
        headers.insert("link", link);
    }
    Ok(response)
}

async fn search(
    call: &Call,
    page: &Page,
    scope: &str,
    value: &str,
) -> Result<(Vec<Value>, u64), PgError> {
    let db = crate::database::Db::open(call.app()).await?;
    let rows = db
        .query(
            "select id, payload, created_at, ip_address::text, count(*) over () as total
             from auth.audit_log_entries
             where instance_id = '00000000-0000-0000-0000-000000000000'
               and case $1
                     when 'author' then payload ->> 'actor_username' ilike $2
                       or payload ->> 'actor_name' ilike $2
                     when 'action' then payload ->> 'action' ilike $2
                     when 'type' then payload ->> 'log_type' ilike $2
                     else true
                   end
             order by created_at desc, id limit $3 offset $4",
            &[&scope, &value, &page.limit(), &page.offset()],
        )
        .await?;
    let mut total = 0;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let id: Uuid = row.try_get("id")?;
        let payload: Option<Value> = row.try_get("payload")?;
        let at: Option<DateTime<Utc>> = row.try_get("created_at")?;
        let address: String = row.try_get("ip_address")?;
        total = u64::try_from(row.try_get::<_, i64>("total")?).unwrap_or(0);
        entries.push(json!({
            "id": id,
            "payload": payload.unwrap_or_default(),
            "created_at": at.map(time),
            "ip_address": address,
        }));
    }
    Ok((entries, total))
}

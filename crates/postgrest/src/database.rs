//! What is read from the database besides the schema: its version, and the settings in it.

use hearth_pg::{PgClient, PgError, identifier};
use hearth_rest::config::FunctionName;
use tokio_postgres::types::Type;

/// The oldest PostgreSQL that is worked with.
pub(crate) const OLDEST: i32 = 140_000;

/// What can be set in the database.
const NAMES: [&str; 26] = [
    "db_aggregates_enabled",
    "client_error_verbosity",
    "db_anon_role",
    "db_pre_config",
    "db_extra_search_path",
    "db_max_rows",
    "db_plan_enabled",
    "db_pre_request",
    "db_prepared_statements",
    "db_root_spec",
    "db_schemas",
    "db_tx_end",
    "db_hoisted_tx_settings",
    "jwt_aud",
    "jwt_role_claim_key",
    "jwt_secret",
    "jwt_secret_is_base64",
    "jwt_cache_max_entries",
    "jwt_cache_max_lifetime",
    "openapi_mode",
    "openapi_security_active",
    "openapi_server_proxy_uri",
    "server_cors_allowed_origins",
    "server_trace_header",
    "server_timing_enabled",
    "url_use_legacy_target_names",
];

/// The server's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// As a number: 180000.
    pub(crate) number: i32,
    /// In short: `18.0`.
    pub(crate) short: String,
    /// In full.
    pub(crate) full: String,
}

/// Asks for the server's version.
///
/// # Errors
/// If PostgreSQL is away.
pub(crate) async fn version(client: &PgClient) -> Result<Version, PgError> {
    const SQL: &str = "select current_setting('server_version_num')::int4, \
                       current_setting('server_version'), version()";
    let rows = client.rows(SQL, &[]).await?;
    let row = rows
        .first()
        .ok_or_else(|| PgError::Protocol("the server has no version".to_owned()))?;
    Ok(Version {
        number: row.try_get(0)?,
        short: row.try_get(1)?,
        full: row.try_get(2)?,
    })
}

/// Settings of the login for this database, those of the login, and those that `pre_config` makes,
/// in this order of precedence; names without prefix. Settings of the database alone count for
/// nothing.
///
/// # Errors
/// If PostgreSQL is away, or the function fails.
pub(crate) async fn settings(
    client: &PgClient,
    pre_config: Option<&FunctionName>,
) -> Result<Vec<(String, String)>, PgError> {
    let made = pre_config.map_or_else(String::new, |function| {
        let mut name = String::new();
        if let Some(schema) = &function.schema {
            identifier::push_quoted(&mut name, schema);
            name.push('.');
        }
        identifier::push_quoted(&mut name, &function.name);
        format!(
            "union \
             select null, x, current_setting(x, true) from unnest($1::text[]) x join {name}() _ on true"
        )
    });
    let sql = format!(
        "with of_login as ( \
           select setdatabase as database, unnest(setconfig) as setting \
           from pg_catalog.pg_db_role_setting \
           where setrole = quote_ident(current_user)::regrole::oid \
             and setdatabase in ( \
               0, (select oid from pg_catalog.pg_database where datname = current_catalog)) \
         ), named as ( \
           select database, substr(setting, 1, strpos(setting, '=') - 1) as name, \
             substr(setting, strpos(setting, '=') + 1) as value \
           from of_login {made} \
         ) \
         select distinct on (name) substr(name, 7), value \
         from named \
         where name = any($1::text[]) and value is not null \
         order by name, database desc nulls last"
    );
    let names: Vec<String> = NAMES.iter().map(|name| format!("pgrst.{name}")).collect();
    // What the function sets ends with this transaction.
    client
        .batch_execute("begin isolation level read committed read only")
        .await?;
    let rows = client.rows_typed(&sql, &[(&names, Type::TEXT_ARRAY)]).await;
    let end = if rows.is_ok() { "commit" } else { "rollback" };
    let ended = client.batch_execute(end).await;
    let rows = rows?;
    ended?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

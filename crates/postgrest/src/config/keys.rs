//! Which settings there are.

use std::collections::BTreeMap;

use super::file::Values;
use super::read::APP_SETTINGS_VARIABLE;

/// Every key that is known, aliases included.
const KEYS: &[&str] = &[
    "admin-server-host",
    "admin-server-port",
    "admin-server-unix-socket",
    "admin-server-unix-socket-mode",
    "client-error-verbosity",
    "db-aggregates-enabled",
    "db-anon-role",
    "db-channel",
    "db-channel-enabled",
    "db-config",
    "db-extra-search-path",
    "db-hoisted-tx-settings",
    "db-max-rows",
    "db-plan-enabled",
    "db-pool",
    "db-pool-acquisition-timeout",
    "db-pool-automatic-recovery",
    "db-pool-max-idletime",
    "db-pool-max-lifetime",
    "db-pool-timeout",
    "db-pre-config",
    "db-pre-request",
    "db-prepared-statements",
    "db-root-spec",
    "db-schema",
    "db-schemas",
    "db-tx-end",
    "db-uri",
    "internal-schema-cache-query-sleep",
    "internal-schema-cache-query-sleep-before-queries",
    "jwt-aud",
    "jwt-cache-max-entries",
    "jwt-role-claim-key",
    "jwt-secret",
    "jwt-secret-is-base64",
    "log-level",
    "log-query",
    "max-rows",
    "openapi-mode",
    "openapi-security-active",
    "openapi-server-proxy-uri",
    "pre-request",
    "role-claim-key",
    "root-spec",
    "secret-is-base64",
    "server-cors-allowed-origins",
    "server-host",
    "server-port",
    "server-reuseport",
    "server-timing-enabled",
    "server-trace-header",
    "server-unix-socket",
    "server-unix-socket-mode",
    "url-use-legacy-target-names",
    "app.settings",
    "jwt-cache-max-lifetime",
    "admin-server-config-enabled",
];

/// Keys of earlier versions that say nothing any more.
const RETIRED: &[&str] = &["jwt-cache-max-lifetime", "admin-server-config-enabled"];

/// What is said of keys that are none. Upstream passes over them; a typing error is found sooner by
/// a word.
pub(super) fn unknown(file: &Values, variables: &BTreeMap<String, String>) -> Vec<String> {
    let of_variables = variables
        .keys()
        .filter(|name| !name.starts_with(APP_SETTINGS_VARIABLE))
        .filter_map(|name| name.strip_prefix("PGRST_"))
        .map(|name| name.to_lowercase().replace('_', "-"));
    file.keys()
        .cloned()
        .chain(of_variables)
        .filter_map(|key| {
            if RETIRED.contains(&key.as_str()) {
                Some(format!("{key} says nothing any more, as in PostgREST 16"))
            } else if KEYS.contains(&key.as_str()) || key.contains('.') {
                None
            } else {
                Some(format!("{key} is no setting of PostgREST 16"))
            }
        })
        .collect()
}

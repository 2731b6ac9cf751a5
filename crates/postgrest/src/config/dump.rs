//! `--dump-config`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hearth_rest::config::{FunctionName, OpenApiMode};

use super::{Config, LogLevel};

pub(super) fn dump(config: &Config) -> String {
    let server = &config.server;
    let admin = &config.admin_server;
    let mut lines = vec![
        text(
            "client-error-verbosity",
            if config.terse_errors {
                "minimal"
            } else {
                "verbose"
            },
        ),
        plain("db-aggregates-enabled", config.aggregates),
        text(
            "db-anon-role",
            config.anon_role.as_deref().unwrap_or_default(),
        ),
        text("db-channel", &config.channel),
        plain("db-channel-enabled", config.channel_enabled),
        text("db-extra-search-path", &config.extra_search_path.join(",")),
        text("db-hoisted-tx-settings", &config.hoisted_settings.join(",")),
        number("db-max-rows", config.max_rows),
        plain("db-plan-enabled", config.plan_enabled),
        plain("db-pool", config.pool),
        plain(
            "db-pool-acquisition-timeout",
            config.pool_acquisition_timeout,
        ),
        plain("db-pool-max-lifetime", config.pool_max_lifetime),
        plain("db-pool-max-idletime", config.pool_max_idletime),
        plain("db-pool-automatic-recovery", config.automatic_recovery),
        text("db-pre-request", &function(config.pre_request.as_ref())),
        plain("db-prepared-statements", config.prepared_statements),
        text("db-root-spec", &function(config.root_spec.as_ref())),
        text("db-schemas", &config.schemas.join(",")),
        plain("db-config", config.in_database),
        text("db-pre-config", &function(config.pre_config.as_ref())),
        text("db-tx-end", tx_end(config)),
        text("db-uri", &config.uri),
        text("jwt-aud", config.audience.as_deref().unwrap_or_default()),
        // Quotes and dollar signs in it have been seen to.
        format!("jwt-role-claim-key = \"{}\"", in_quotes(config)),
        text("jwt-secret", &secret(config)),
        plain("jwt-secret-is-base64", config.secret_is_base64),
        plain("jwt-cache-max-entries", config.jwt_cache_entries),
        text("log-level", log_level(config.log_level)),
        plain("log-query", config.log_query),
        text("openapi-mode", openapi_mode(config.openapi_mode)),
        plain("openapi-security-active", config.openapi_security),
        text(
            "openapi-server-proxy-uri",
            config.openapi_proxy.as_deref().unwrap_or_default(),
        ),
        text(
            "server-cors-allowed-origins",
            &config.cors_origins.join(","),
        ),
        text("server-host", &server.host),
        number("server-port", server.port),
        plain("server-reuseport", config.reuse_port),
        text(
            "server-trace-header",
            config
                .trace_header
                .as_ref()
                .map_or("", |name| name.as_str()),
        ),
        plain("server-timing-enabled", config.server_timing),
        text("server-unix-socket", &path(server.unix_socket.as_ref())),
        text(
            "server-unix-socket-mode",
            &format!("{:o}", server.unix_socket_mode),
        ),
        plain("url-use-legacy-target-names", config.legacy_target_names),
        text("admin-server-host", &admin.host),
        number("admin-server-port", admin.port),
        text(
            "admin-server-unix-socket",
            &path(admin.unix_socket.as_ref()),
        ),
        text(
            "admin-server-unix-socket-mode",
            &format!("{:o}", admin.unix_socket_mode),
        ),
    ];
    lines.extend(
        config
            .app_settings
            .iter()
            .map(|(name, value)| text(name, value)),
    );
    lines.sort();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn text(key: &str, value: &str) -> String {
    format!("{key} = \"{}\"", value.replace('"', "\\\""))
}

fn plain(key: &str, value: impl std::fmt::Display) -> String {
    format!("{key} = {value}")
}

fn number(key: &str, value: Option<impl std::fmt::Display>) -> String {
    match value {
        Some(value) => plain(key, value),
        None => text(key, ""),
    }
}

fn path(path: Option<&std::path::PathBuf>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

fn function(name: Option<&FunctionName>) -> String {
    match name {
        Some(FunctionName {
            schema: Some(schema),
            name,
        }) => format!("{schema}.{name}"),
        Some(FunctionName { schema: None, name }) => name.clone(),
        None => String::new(),
    }
}

fn in_quotes(config: &Config) -> String {
    let dumped = config.role_claim.dump();
    if config.role_claim.is_older() {
        dumped.replace('"', "\\\"")
    } else {
        dumped
    }
}

fn secret(config: &Config) -> String {
    match &config.secret {
        Some(secret) if config.secret_is_base64 => STANDARD.encode(secret),
        Some(secret) => String::from_utf8_lossy(secret).into_owned(),
        None => String::new(),
    }
}

fn tx_end(config: &Config) -> &'static str {
    match (config.tx_rollback_all, config.tx_allow_override) {
        (false, false) => "commit",
        (false, true) => "commit-allow-override",
        (true, false) => "rollback",
        (true, true) => "rollback-allow-override",
    }
}

fn log_level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Crit => "crit",
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    }
}

fn openapi_mode(mode: OpenApiMode) -> &'static str {
    match mode {
        OpenApiMode::FollowPrivileges => "follow-privileges",
        OpenApiMode::IgnorePrivileges => "ignore-privileges",
        OpenApiMode::Disabled => "disabled",
    }
}

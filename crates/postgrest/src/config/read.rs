//! Settings out of the file, the variables and the database, made into a [`Config`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hearth_jwt::KeySet;
use hearth_rest::config::{FunctionName, OpenApiMode};
use http::HeaderName;

use super::file::{Outside, Value, Values, load};
use super::keys::unknown;
use super::role_claim::RoleClaim;
use super::{Config, ConfigError, Listening, LogLevel, proxy_uri};

/// What is given.
pub struct Given<'a> {
    /// The configuration file.
    pub file: Option<&'a Path>,
    /// Environment variables that begin with `PGRST_`.
    pub variables: &'a BTreeMap<String, String>,
    /// Settings in the database, by their names with underscores and without prefix.
    pub database: &'a [(String, String)],
    /// `db-uri` as it was read at the start: it is not read again.
    pub uri: Option<&'a str>,
    /// The world around.
    pub outside: Outside<'a>,
}

const APP_SETTINGS: &str = "app.settings.";
pub(super) const APP_SETTINGS_VARIABLE: &str = "PGRST_APP_SETTINGS_";

/// Reads everything.
///
/// # Errors
/// If a file cannot be read, a value is not one of those that can be, or the secret is none.
pub fn read(given: &Given<'_>) -> Result<Config, ConfigError> {
    let values = match given.file {
        Some(path) => {
            load(path, &given.outside).map_err(|error| ConfigError::Setting(error.to_string()))?
        }
        None => Values::new(),
    };
    let settings = Settings {
        given,
        values: &values,
        warnings: unknown(&values, given.variables),
    };
    settings.config()
}

struct Settings<'a> {
    given: &'a Given<'a>,
    values: &'a Values,
    warnings: Vec<String>,
}

impl Settings<'_> {
    fn config(mut self) -> Result<Config, ConfigError> {
        let server = self.server()?;
        let admin_server = self.admin_server(&server)?;
        let (tx_rollback_all, tx_allow_override) = self.choice(
            "db-tx-end",
            "Invalid transaction termination. Check your configuration.",
            &[
                ("commit", (false, false)),
                ("commit-allow-override", (false, true)),
                ("rollback", (true, false)),
                ("rollback-allow-override", (true, true)),
            ],
            (false, false),
        )?;
        let secret_is_base64 = self
            .flag("jwt-secret-is-base64")
            .or_else(|| self.flag("secret-is-base64"))
            .unwrap_or(false);
        let secret = self.secret(secret_is_base64)?;
        let keys = secret.as_deref().map(KeySet::parse).transpose();
        let keys = keys.map_err(|error| ConfigError::Secret(error.to_string()))?;
        Ok(Config {
            app_settings: self.app_settings(),
            admin_server,
            terse_errors: self.choice(
                "client-error-verbosity",
                "Invalid client-error-verbosity. Check your configuration.",
                &[("minimal", true), ("verbose", false)],
                false,
            )?,
            aggregates: self.flag("db-aggregates-enabled").unwrap_or(false),
            anon_role: self.text("db-anon-role"),
            channel: self
                .text("db-channel")
                .unwrap_or_else(|| "pgrst".to_owned()),
            channel_enabled: self.flag("db-channel-enabled").unwrap_or(true),
            in_database: self.flag("db-config").unwrap_or(true),
            extra_search_path: match self.any_text("db-extra-search-path") {
                Some(names) if names.is_empty() => Vec::new(),
                Some(names) => comma_separated(&names),
                None => vec!["public".to_owned()],
            },
            hoisted_settings: match self.text("db-hoisted-tx-settings") {
                Some(names) => comma_separated(&names),
                None => hearth_rest::config::RestConfig::default().hoisted_settings,
            },
            max_rows: self
                .number("db-max-rows")
                .or_else(|| self.number("max-rows")),
            plan_enabled: self.flag("db-plan-enabled").unwrap_or(false),
            pool: self.number("db-pool").unwrap_or(10),
            pool_acquisition_timeout: self.number("db-pool-acquisition-timeout").unwrap_or(10),
            automatic_recovery: self.flag("db-pool-automatic-recovery").unwrap_or(true),
            pool_max_idletime: self
                .number("db-pool-timeout")
                .or_else(|| self.number("db-pool-max-idletime"))
                .unwrap_or(30),
            pool_max_lifetime: self.number("db-pool-max-lifetime").unwrap_or(1800),
            pre_config: self.function("db-pre-config"),
            pre_request: self
                .function("db-pre-request")
                .or_else(|| self.function("pre-request")),
            prepared_statements: self.flag("db-prepared-statements").unwrap_or(true),
            root_spec: self
                .function("db-root-spec")
                .or_else(|| self.function("root-spec")),
            schemas: self.schemas()?,
            tx_allow_override,
            tx_rollback_all,
            uri: self.uri()?,
            audience: self.audience()?,
            jwt_cache_entries: self
                .signed("jwt-cache-max-entries")
                .map_or(1000, |entries| u64::try_from(entries).unwrap_or(0)),
            role_claim: self.role_claim()?,
            secret,
            keys,
            secret_is_base64,
            log_level: self.choice(
                "log-level",
                "Invalid logging level. Check your configuration.",
                &[
                    ("crit", LogLevel::Crit),
                    ("error", LogLevel::Error),
                    ("warn", LogLevel::Warn),
                    ("info", LogLevel::Info),
                    ("debug", LogLevel::Debug),
                ],
                LogLevel::Error,
            )?,
            log_query: self.flag("log-query").unwrap_or(false),
            openapi_mode: self.choice(
                "openapi-mode",
                "Invalid openapi-mode. Check your configuration.",
                &[
                    ("follow-privileges", OpenApiMode::FollowPrivileges),
                    ("ignore-privileges", OpenApiMode::IgnorePrivileges),
                    ("disabled", OpenApiMode::Disabled),
                ],
                OpenApiMode::FollowPrivileges,
            )?,
            openapi_security: self.flag("openapi-security-active").unwrap_or(false),
            openapi_proxy: self.proxy()?,
            cors_origins: self
                .text("server-cors-allowed-origins")
                .map_or_else(Vec::new, |origins| comma_separated(&origins)),
            server,
            reuse_port: self.flag("server-reuseport").unwrap_or(false),
            server_timing: self.flag("server-timing-enabled").unwrap_or(false),
            trace_header: self.trace_header()?,
            legacy_target_names: self.flag("url-use-legacy-target-names").unwrap_or(true),
            warnings: self.warnings,
        })
    }

    /// The value in force: the database's, the variable's, the file's.
    fn value(&self, key: &str) -> Option<Value> {
        let name = key.replace('-', "_");
        let database = self.given.database.iter().find(|(known, _)| *known == name);
        let text = match database {
            Some((_, value)) => Some(value),
            None => {
                let variable = format!("PGRST_{}", name.to_uppercase());
                self.given.variables.get(&variable)
            }
        };
        match text {
            Some(text) => Some(Value::Text(text.clone())),
            None => self.values.get(key).cloned(),
        }
    }

    fn any_text(&self, key: &str) -> Option<String> {
        self.value(key).map(|value| as_text(&value))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.any_text(key).filter(|text| !text.is_empty())
    }

    fn function(&self, key: &str) -> Option<FunctionName> {
        self.text(key).as_deref().map(FunctionName::parse)
    }

    /// As upstream, a value that is no such thing counts as none; it is said, however.
    fn understood<T>(
        &mut self,
        key: &str,
        what: &str,
        understand: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let understood = understand(&value);
        let text = as_text(&value);
        if understood.is_none() && !text.is_empty() {
            self.warnings
                .push(format!("{key}: {text:?} is no {what}, the default stands"));
        }
        understood
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        self.understood(key, "boolean", |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::Text(text) => {
                let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
                match letters.to_lowercase().as_str() {
                    "true" => Some(true),
                    "false" => Some(false),
                    _ => text.trim().parse::<i64>().ok().map(|number| number > 0),
                }
            }
            Value::Number(_) | Value::List(_) => None,
        })
    }

    fn signed(&mut self, key: &str) -> Option<i64> {
        self.understood(key, "whole number", |value| match value {
            Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Some(*number as i64)
            }
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    fn number<N: TryFrom<i64>>(&mut self, key: &str) -> Option<N> {
        let number = self.signed(key)?;
        let fits = N::try_from(number).ok();
        if fits.is_none() {
            self.warnings.push(format!(
                "{key}: {number} is out of range, the default stands"
            ));
        }
        fits
    }

    fn choice<T: Copy>(
        &self,
        key: &str,
        refusal: &str,
        choices: &[(&str, T)],
        default: T,
    ) -> Result<T, ConfigError> {
        let Some(text) = self.text(key) else {
            return Ok(default);
        };
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, choice)) => Ok(*choice),
            None => Err(ConfigError::Setting(format!("{key}: {refusal}"))),
        }
    }

    fn app_settings(&self) -> Vec<(String, String)> {
        let mut settings: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in self.values {
            if key
                .strip_prefix(APP_SETTINGS)
                .is_some_and(|rest| !rest.contains('.'))
            {
                settings.insert(key.clone(), as_text(value));
            }
        }
        for (name, value) in self.given.variables {
            if let Some(rest) = name.strip_prefix(APP_SETTINGS_VARIABLE) {
                settings.insert(format!("{APP_SETTINGS}{rest}"), value.clone());
            }
        }
        settings.into_iter().collect()
    }

    fn server(&mut self) -> Result<Listening, ConfigError> {
        Ok(Listening {
            host: self.text("server-host").unwrap_or_else(|| "!4".to_owned()),
            port: Some(self.number("server-port").unwrap_or(3000)),
            unix_socket: self.text("server-unix-socket").map(PathBuf::from),
            unix_socket_mode: self.socket_mode("server-unix-socket-mode")?,
        })
    }

    fn admin_server(&mut self, server: &Listening) -> Result<Listening, ConfigError> {
        let port = self.number("admin-server-port");
        if port.is_some() && port == server.port {
            let text = "admin-server-port cannot be the same as server-port";
            return Err(ConfigError::Setting(text.to_owned()));
        }
        Ok(Listening {
            host: self
                .text("admin-server-host")
                .unwrap_or_else(|| server.host.clone()),
            port,
            unix_socket: self.text("admin-server-unix-socket").map(PathBuf::from),
            unix_socket_mode: self.socket_mode("admin-server-unix-socket-mode")?,
        })
    }

    fn socket_mode(&self, key: &str) -> Result<u32, ConfigError> {
        let Some(text) = self.text(key) else {
            return Ok(0o660);
        };
        match u32::from_str_radix(&text, 8) {
            Err(_) => Err(ConfigError::Setting(format!("Invalid {key}: not an octal"))),
            Ok(mode @ 0o600..=0o777) => Ok(mode),
            Ok(_) => Err(ConfigError::Setting(format!(
                "Invalid {key}: needs to be between 600 and 777"
            ))),
        }
    }

    fn schemas(&self) -> Result<Vec<String>, ConfigError> {
        let given = self.text("db-schemas").or_else(|| self.text("db-schema"));
        let Some(text) = given else {
            return Ok(vec!["public".to_owned()]);
        };
        let schemas = comma_separated(&text);
        for internal in ["pg_catalog", "information_schema"] {
            if schemas.iter().any(|schema| schema == internal) {
                return Err(ConfigError::Setting(format!(
                    "db-schemas does not allow schema: '{internal}'"
                )));
            }
        }
        Ok(schemas)
    }

    fn uri(&self) -> Result<String, ConfigError> {
        if let Some(uri) = self.given.uri {
            return Ok(uri.to_owned());
        }
        let uri = self
            .text("db-uri")
            .unwrap_or_else(|| "postgresql://".to_owned());
        match uri.strip_prefix('@') {
            Some(file) => Ok(self.file("db-uri", file)?.trim().to_owned()),
            None => Ok(uri),
        }
    }

    fn secret(&self, is_base64: bool) -> Result<Option<Vec<u8>>, ConfigError> {
        let Some(mut secret) = self.text("jwt-secret") else {
            return Ok(None);
        };
        if let Some(file) = secret.strip_prefix('@') {
            let text = self.file("jwt-secret", file)?;
            secret = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        }
        if !is_base64 {
            return Ok(Some(secret.into_bytes()));
        }
        let text: String = secret
            .trim()
            .replace('_', "/")
            .replace('-', "+")
            .replace('.', "=");
        STANDARD
            .decode(text)
            .map(Some)
            .map_err(|error| ConfigError::Secret(format!("it is no base64: {error}")))
    }

    fn file(&self, key: &'static str, file: &str) -> Result<String, ConfigError> {
        (self.given.outside.read)(Path::new(file)).map_err(|error| ConfigError::File {
            key,
            file: file.to_owned(),
            reason: error.to_string(),
        })
    }

    fn audience(&self) -> Result<Option<String>, ConfigError> {
        let audience = self.text("jwt-aud");
        let is_uri = |text: &str| {
            let legal =
                |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
            url::Url::parse(text).is_ok() && text.chars().all(legal)
        };
        match audience {
            Some(text) if text.contains(':') && !is_uri(&text) => Err(ConfigError::Setting(
                "jwt-aud should be a string or a valid URI".to_owned(),
            )),
            audience => Ok(audience),
        }
    }

    fn role_claim(&self) -> Result<RoleClaim, ConfigError> {
        let given = self
            .text("jwt-role-claim-key")
            .or_else(|| self.text("role-claim-key"));
        match given {
            Some(text) => RoleClaim::parse(&text)
                .map_err(|error| ConfigError::Setting(format!("jwt-role-claim-key: {error}"))),
            None => Ok(RoleClaim::default()),
        }
    }

    fn proxy(&self) -> Result<Option<String>, ConfigError> {
        match self.text("openapi-server-proxy-uri") {
            Some(uri) if !proxy_uri::is_well_formed(&uri) => Err(ConfigError::Setting(
                "Malformed proxy uri, a correct example: https://example.com:8443/basePath"
                    .to_owned(),
            )),
            uri => Ok(uri),
        }
    }

    fn trace_header(&self) -> Result<Option<HeaderName>, ConfigError> {
        let Some(name) = self.text("server-trace-header") else {
            return Ok(None);
        };
        let header = HeaderName::from_bytes(name.as_bytes());
        header.map(Some).map_err(|_| {
            ConfigError::Setting(format!("server-trace-header: {name:?} is no header's name"))
        })
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::List(values) => values.iter().map(as_text).collect::<Vec<_>>().join(","),
    }
}

fn comma_separated(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;

//! The layers of the configuration: defaults under file under environment under flags.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Serialize;

use crate::DEFAULTS;
use crate::server::{RawConfig, ServerConfig};

/// Why the server cannot start with these settings. Names the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value has the wrong type, or a key of the file is unknown.
    #[error("{0}")]
    Parse(String),
    /// A value has the right type and makes no sense.
    #[error("setting {key}: {reason}")]
    Value {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads and checks the configuration. `flags` serialises to those settings that were given on
/// the command line; `file` is a configuration file that must exist.
///
/// # Errors
/// The first setting that is wrong, by name.
pub fn load<F: Serialize>(file: Option<&Path>, flags: &F) -> Result<ServerConfig, ConfigError> {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    let keys: Vec<String> = Figment::from(Toml::string(DEFAULTS))
        .extract::<figment::value::Dict>()
        .map(|dict| dict.into_keys().collect())
        .unwrap_or_default();
    match file {
        Some(path) if !path.is_file() => {
            return Err(ConfigError::Parse(format!(
                "no configuration file at {}",
                path.display()
            )));
        }
        Some(path) => figment = figment.merge(Toml::file_exact(path)),
        None if Path::new("hearth.toml").is_file() => {
            figment = figment.merge(Toml::file_exact("hearth.toml"));
        }
        None => {}
    }
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    figment = figment
        .merge(Env::prefixed("HEARTH_").only(&names))
        .merge(Serialized::defaults(flags));
    let raw: RawConfig = figment
        .extract()
        .map_err(|e| ConfigError::Parse(words(&e)))?;
    ServerConfig::check(raw)
}

/// An error in one line: which key, where it was set, what is wrong.
fn words(error: &figment::Error) -> String {
    let mut text = error.kind.to_string();
    if !error.path.is_empty() {
        text = format!("setting {}: {text}", error.path.join("."));
    }
    if let Some(metadata) = &error.metadata {
        text = format!("{text} (in {})", metadata.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Default)]
    struct Flags {
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        database_url: Option<&'static str>,
    }

    #[test]
    fn defaults_are_valid_and_flags_win() {
        let config = load(
            None,
            &Flags {
                port: Some(9000),
                ..Flags::default()
            },
        )
        .unwrap();
        assert_eq!(config.port, 9000);
        assert_eq!(config.host, "127.0.0.1");
    }

    #[test]
    fn a_wrong_value_is_named() {
        let flags = Flags {
            database_url: Some("mysql://x"),
            ..Flags::default()
        };
        let error = load(None, &flags).unwrap_err().to_string();
        assert!(error.contains("database_url"), "{error}");
    }

    #[test]
    fn an_unknown_key_and_a_wrong_type_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hearth.toml");
        std::fs::write(&file, "prot = 1").unwrap();
        let error = load(Some(&file), &Flags::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("prot"), "{error}");
        std::fs::write(&file, "port = \"many\"").unwrap();
        let error = load(Some(&file), &Flags::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("port"), "{error}");
    }
}

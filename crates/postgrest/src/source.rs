//! Where the configuration is read from: a file and the environment of this process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hearth_pg::Target;

use crate::config::conninfo::{self, Surroundings};
use crate::config::file::Outside;
use crate::config::{Config, ConfigError, Given, read};

/// A file, and the variables as they were at the start.
#[derive(Debug, Clone)]
pub struct Source {
    file: Option<PathBuf>,
    variables: BTreeMap<String, String>,
}

impl Source {
    /// The environment of this process, and a file if there is one.
    pub fn new(file: Option<PathBuf>) -> Self {
        // What is no UTF-8 is no setting.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, variables }
    }

    /// Reads the configuration, with what is set in the database; `uri` is the connection string
    /// that was read before, if one was.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(
        &self,
        database: &[(String, String)],
        uri: Option<&str>,
    ) -> Result<Config, ConfigError> {
        let own = self
            .variables
            .iter()
            .filter(|(name, _)| name.starts_with("PGRST_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        read(&Given {
            file: self.file.as_deref(),
            variables: &own,
            database,
            uri,
            outside: Outside {
                read: &|path| std::fs::read_to_string(path),
                variable: &|name| self.variables.get(name).cloned(),
            },
        })
    }

    /// Where the database of `config` is.
    ///
    /// # Errors
    /// If its connection string cannot be read.
    pub fn target(&self, config: &Config) -> Result<Target, ConfigError> {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid());
        let around = Surroundings {
            variable: &|name| self.variables.get(name).cloned(),
            exists: &|path: &Path| path.exists(),
            user: user.ok().flatten().map(|user| user.name),
        };
        conninfo::parse(&config.uri, &around).map_err(ConfigError::Uri)
    }
}

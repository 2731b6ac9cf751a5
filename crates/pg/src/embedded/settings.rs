//! Settings of the cluster. What Hearth cannot do without stands on the command line, where
//! nothing overrides it. The rest is in `hearth.conf`, which is written anew at each start (so a
//! newer Hearth may change it) and which `alter system` overrides.

use std::path::Path;

use super::EmbeddedError;
use super::account::{Account, give};
use super::place::Places;
use super::record::write_private;

const FILE: &str = "hearth.conf";

const DEFAULTS: [(&str, &str); 13] = [
    ("max_connections", "200"),
    // One slot for each application that has a listener.
    ("max_wal_senders", "64"),
    ("max_replication_slots", "64"),
    // A slot that nobody reads must not fill the disk.
    ("max_slot_wal_keep_size", "1GB"),
    ("password_encryption", "scram-sha-256"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    // Clients compare messages.
    ("lc_messages", "C"),
    // Errors are for the console's log page (`log.rs`); the statements would spill data.
    ("log_min_messages", "error"),
    ("log_min_error_statement", "panic"),
    ("log_checkpoints", "off"),
    // As `log.rs` reads it. The database comes first: a user's name can be anything.
    ("log_line_prefix", "%m [%p] %q%d %u "),
    ("cluster_name", ""),
];

/// After a crash PostgreSQL syncs every file of the cluster, one by one, before it recovers: seconds
/// even for a few applications. Linux can do it in one call.
const DEFAULTS_ON_LINUX: [(&str, &str); 1] = [("recovery_init_sync_method", "syncfs")];

/// The arguments of `postgres`.
pub(super) fn arguments(places: &Places, port: u16) -> Vec<String> {
    let mut arguments = vec!["-D".to_owned(), places.cluster.display().to_string()];
    for (name, value) in [
        ("port", port.to_string()),
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_directories", quoted_in_list(&places.sockets)),
        ("unix_socket_permissions", "0700".to_owned()),
        ("wal_level", "logical".to_owned()),
        ("logging_collector", "off".to_owned()),
        ("log_destination", "stderr".to_owned()),
    ] {
        arguments.push("-c".to_owned());
        arguments.push(format!("{name}={value}"));
    }
    arguments
}

/// The setting is a list of names in double quotes, parted by commas.
fn quoted_in_list(dir: &Path) -> String {
    format!("\"{}\"", dir.display().to_string().replace('"', "\"\""))
}

/// Writes `hearth.conf` and has `postgresql.conf` include it. True where it already said the same.
pub(super) fn write(
    cluster: &Path,
    extra: &[(String, String)],
    account: Option<&Account>,
) -> Result<bool, EmbeddedError> {
    let text = render(extra)?;
    let path = cluster.join(FILE);
    let unchanged = std::fs::read_to_string(&path).is_ok_and(|before| before == text);
    if !unchanged {
        write_private(&path, text.as_bytes())?;
        give(&path, account)?;
    }
    let main = cluster.join("postgresql.conf");
    let include = format!("include_if_exists = '{FILE}'");
    let before = std::fs::read_to_string(&main).map_err(EmbeddedError::io("cannot read", &main))?;
    if !before.lines().any(|line| line.trim() == include) {
        write_private(&main, format!("{before}\n{include}\n").as_bytes())?;
        give(&main, account)?;
        return Ok(false);
    }
    Ok(unchanged)
}

fn render(extra: &[(String, String)]) -> Result<String, EmbeddedError> {
    let mut text = String::from(
        "# Written by Hearth at each start. Changes belong into hearth.toml or `alter system`.\n",
    );
    let on_linux = DEFAULTS_ON_LINUX
        .iter()
        .filter(|_| cfg!(target_os = "linux"));
    let defaults = DEFAULTS
        .iter()
        .chain(on_linux)
        .map(|(name, value)| (*name, *value));
    for (name, value) in defaults.chain(extra.iter().map(|(n, v)| (n.as_str(), v.as_str()))) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        if name.is_empty() || !name.chars().all(plain) || value.contains(['\n', '\r', '\0']) {
            return Err(EmbeddedError::BadSetting {
                name: name.to_owned(),
            });
        }
        let value = value.replace('\\', "\\\\").replace('\'', "''");
        text.push_str(&format!("{name} = '{value}'\n"));
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_inside_its_quotes() {
        let text = render(&[("work_mem".into(), "it's 4MB".into())]).unwrap();
        assert!(text.ends_with("work_mem = 'it''s 4MB'\n"));
    }

    #[test]
    fn a_setting_cannot_smuggle_in_another() {
        assert!(render(&[("work_mem".into(), "4MB'\nfsync = 'off".into())]).is_err());
        assert!(render(&[("a = b #".into(), "1".into())]).is_err());
    }
}

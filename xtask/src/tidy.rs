//! What the compiler does not know about this repository. Each rule gives a list of what breaks
//! it, in words.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::shell::root;

/// Services meet in `hearth_apps::RequestContext` and nowhere else.
const SERVICES: [&str; 7] = [
    "rest", "auth", "storage", "realtime", "webhooks", "admin", "gateway",
];

/// Crates that only compute.
const PURE: [&str; 2] = ["core", "jwt"];

/// Libraries that talk to the outside world.
const IO: [&str; 13] = [
    "tokio",
    "tokio-postgres",
    "tokio-util",
    "deadpool",
    "axum",
    "hyper",
    "hyper-util",
    "reqwest",
    "object_store",
    "tower-http",
    "rustls",
    "tokio-tungstenite",
    "nix",
];

const LONGEST_FILE: usize = 700;

/// Folders that are not ours to judge.
const SKIPPED: [&str; 6] = ["target", "node_modules", "dist", ".git", ".hearth", "data"];

/// Prints what is wrong.
pub(crate) fn tidy() -> Result<ExitCode> {
    let problems = problems(&root())?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = dependencies(root)?;
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .display()
            .to_string();
        problems.extend(lengths(&name, &text));
        problems.extend(machine(&name, &text));
    }
    Ok(problems)
}

/// Who may depend on whom.
fn dependencies(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for service in SERVICES {
        for other in SERVICES.iter().filter(|other| **other != service) {
            if depends_on(root, service)?.contains(&format!("hearth-{other}")) {
                problems.push(format!(
                    "crates/{service} depends on crates/{other}: services meet only in hearth-apps"
                ));
            }
        }
    }
    for pure in PURE {
        for library in depends_on(root, pure)? {
            if IO.contains(&library.as_str()) {
                problems.push(format!(
                    "crates/{pure} depends on {library}: it performs no IO"
                ));
            }
        }
    }
    Ok(problems)
}

fn depends_on(root: &Path, name: &str) -> Result<Vec<String>> {
    let file = root.join("crates").join(name).join("Cargo.toml");
    let text = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let manifest: toml::Table = toml::from_str(&text)?;
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    Ok(dependencies
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default())
}

/// A file that one cannot read in one sitting is split by stage or by noun.
fn lengths(name: &str, text: &str) -> Option<String> {
    let written = [".rs", ".ts", ".tsx", ".js", ".mjs", ".py", ".sql"];
    let lines = text.lines().count();
    let too_long = lines > LONGEST_FILE && written.iter().any(|end| name.ends_with(end));
    too_long.then(|| format!("{name} has {lines} lines; at most {LONGEST_FILE}"))
}

/// Nothing of the machine it was written on: no home directories, no private registries.
fn machine(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for home in ["/home/", "/Users/", "/root/"] {
            let inside = line.match_indices(home).any(|(at, _)| {
                let after = line[at + home.len()..].chars().next();
                let own_word = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.');
                own_word && after.is_some_and(|c| c.is_ascii_alphanumeric())
            });
            if inside {
                problems.push(format!("{name}:{}: a path of some machine", number + 1));
            }
        }
        if name.ends_with("package-lock.json") && line.contains("\"resolved\": \"http") {
            problems.push(format!(
                "{name}:{}: a package's address; a lock file holds versions and hashes alone",
                number + 1
            ));
        }
    }
    problems
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let problems = problems(&root()).unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn a_home_directory_is_seen_and_a_url_is_not() {
        let home = ["", "home", "somebody", "src"].join("/");
        assert_eq!(machine("a.md", &format!("see {home}")).len(), 1);
        assert!(machine("a.md", "https://example.com/home/page").is_empty());
        assert!(machine("a.md", "below /root, for instance; /root/").is_empty());
    }

    #[test]
    fn another_registry_is_seen() {
        let line = "  \"resolved\": \"https://mirror.example/left-pad.tgz\",";
        assert_eq!(machine("x/package-lock.json", line).len(), 1);
        assert!(machine("x/readme.md", line).is_empty());
    }
}

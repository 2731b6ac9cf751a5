//! Reading PostgreSQL's log for one database: the last lines that sessions of that database wrote,
//! and none of another's. The lines are as `log_line_prefix` in `settings.rs` has them:
//! `2026-01-31 12:00:00.123 UTC [4711] app_x owner ERROR:  words`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};

/// Bytes of the log that are looked through, from its end.
const MOST: u64 = 8 * 1024 * 1024;
/// Bytes of one entry that are kept.
const LONGEST: usize = 4000;

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// The session's process.
    pub pid: i32,
    /// The session's user.
    pub user: String,
    /// `ERROR`, `FATAL`, `LOG` …
    pub severity: String,
    /// What happened.
    pub message: String,
    /// What stands below: `DETAIL:  …`, `HINT:  …`, a line each.
    pub more: String,
}

/// The log of a cluster.
#[derive(Debug, Clone)]
pub struct ServerLog {
    path: PathBuf,
}

impl ServerLog {
    /// The log in the file `path`; a part that was put aside is `path` with `.1` behind it.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The entries of `database`'s sessions that are `wanted`, newest first, as far back as a few
    /// MiB reach. Blocks on the file system.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn newest(
        &self,
        database: &str,
        limit: usize,
        wanted: impl Fn(&LogLine) -> bool,
    ) -> std::io::Result<Vec<LogLine>> {
        let mut text = tail(&self.path, MOST)?;
        let room = MOST.saturating_sub(u64::try_from(text.len()).unwrap_or(MOST));
        let aside = self.path.with_extension("log.1");
        if room > 0 {
            let mut before = tail(&aside, room)?;
            before.append(&mut text);
            text = before;
        }
        let text = String::from_utf8_lossy(&text);
        let mut entries = entries(&text, database);
        entries.retain(wanted);
        entries.reverse();
        entries.truncate(limit);
        Ok(entries)
    }
}

/// The last `most` bytes of a file; none where there is no file.
fn tail(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn entries(text: &str, database: &str) -> Vec<LogLine> {
    let mut entries: Vec<LogLine> = Vec::new();
    let mut last_is_ours = false;
    for line in text.lines() {
        // PostgreSQL puts a tab before each further line of a message.
        if let Some(further) = line.strip_prefix('\t') {
            if let Some(entry) = entries.last_mut().filter(|_| last_is_ours) {
                let part = if entry.more.is_empty() {
                    &mut entry.message
                } else {
                    &mut entry.more
                };
                append(part, further);
            }
            continue;
        }
        last_is_ours = false;
        let Some(entry) = parse(line, database) else {
            continue;
        };
        last_is_ours = true;
        let belongs = matches!(
            entry.severity.as_str(),
            "DETAIL" | "HINT" | "QUERY" | "CONTEXT" | "STATEMENT" | "LOCATION" | "BACKTRACE"
        );
        match entries.last_mut() {
            Some(before) if belongs && before.pid == entry.pid => {
                let line = format!("{}: {}", entry.severity, entry.message);
                append(&mut before.more, &line);
            }
            _ => entries.push(entry),
        }
    }
    entries
}

fn append(text: &mut String, line: &str) {
    if text.len() + line.len() < LONGEST {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
}

/// A line that a session of `database` began.
fn parse(line: &str, database: &str) -> Option<LogLine> {
    let (time, rest) = line.split_once(" UTC [")?;
    let at = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let (pid, rest) = rest.split_once("] ")?;
    let rest = rest.strip_prefix(database)?.strip_prefix(' ')?;
    // The user's name may hold spaces and colons; what PostgreSQL writes behind it is fixed.
    let (prefix, message) = rest.split_once(":  ")?;
    let (user, severity) = prefix.rsplit_once(' ')?;
    let mut kept = String::new();
    append(&mut kept, message);
    if kept.is_empty() {
        kept = message.chars().take(LONGEST / 4).collect();
    }
    Some(LogLine {
        at: at.and_utc(),
        pid: pid.parse().ok()?,
        user: user.to_owned(),
        severity: severity.to_owned(),
        message: kept,
        more: String::new(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LOG: &str = "\
half a line of an earlier entry
2026-01-31 12:00:00.100 UTC [1] LOG:  database system is ready to accept connections
2026-01-31 12:00:01.000 UTC [7] app_a app_a ERROR:  duplicate key value violates unique constraint \"x\"
2026-01-31 12:00:01.000 UTC [7] app_a app_a DETAIL:  Key (id)=(1) already exists.
2026-01-31 12:00:02.000 UTC [8] app_ab owner ERROR:  another application's secret
\tand its second line
2026-01-31 12:00:03.000 UTC [9] app_a a user: b ERROR:  first line
\tsecond line app_ab
2026-01-31 12:00:04.000 UTC [8] app_ab app_a FATAL:  not ours either
";

    fn log(text: &str) -> (tempfile::TempDir, ServerLog) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postgres.log");
        std::fs::write(&path, text).unwrap();
        (dir, ServerLog::at(&path))
    }

    #[test]
    fn only_lines_of_the_database_are_told_newest_first() {
        let (_dir, log) = log(LOG);
        let lines = log.newest("app_a", 10, |_| true).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].message, "first line\nsecond line app_ab");
        assert_eq!(lines[0].user, "a user: b");
        assert_eq!(lines[1].severity, "ERROR");
        assert_eq!(lines[1].more, "DETAIL: Key (id)=(1) already exists.");
        assert_eq!(lines[1].at.timestamp_millis(), 1_769_860_801_000);
        assert!(log.newest("app", 10, |_| true).unwrap().is_empty());
    }

    #[test]
    fn what_was_put_aside_is_read_too_and_an_absent_log_is_empty() {
        let (dir, log) = log("");
        std::fs::write(dir.path().join("postgres.log.1"), LOG).unwrap();
        assert_eq!(log.newest("app_ab", 10, |_| true).unwrap().len(), 2);
        assert_eq!(log.newest("app_ab", 1, |_| true).unwrap().len(), 1);
        let none = ServerLog::at(&dir.path().join("none.log"));
        assert!(none.newest("app_a", 10, |_| true).unwrap().is_empty());
    }
}

//! What is known about the postmaster: the state that Hearth publishes, PostgreSQL's own pid file,
//! and whether a process is the postmaster of a given cluster.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Where the cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It takes connections.
    Running,
    /// It went away unasked and is being started again.
    Restarting,
    /// It was stopped, or let go, and stays so.
    Stopped,
}

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    pub(super) port: u16,
    pub(super) ready: bool,
}

impl PidFile {
    /// `None` while there is none, or one that is still being written.
    pub(super) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    /// Lines: pid, data directory, start time, port, socket directory, address, shared memory,
    /// status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let pid: i32 = lines.next()?.parse().ok().filter(|pid| *pid > 0)?;
        let port = lines.nth(2).and_then(|line| line.parse().ok()).unwrap_or(0);
        let ready = lines.nth(3) == Some("ready");
        Some(Self { pid, port, ready })
    }
}

/// True while `pid` is a PostgreSQL process at work in `cluster`. A number that was given to
/// another program since, or a dead child nobody has waited for yet, does not count.
pub(super) fn is_postgres_of(pid: i32, cluster: &Path) -> bool {
    if cfg!(target_os = "linux") {
        !is_zombie(pid)
            && is_named_postgres(pid)
            && (works_in(pid, cluster) || was_started_for(pid, cluster))
    } else {
        // Without /proc the name must do.
        kill(Pid::from_raw(pid), None).is_ok()
            && std::process::Command::new("ps")
                .args(["-o", "comm=", "-p", &pid.to_string()])
                .output()
                .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("postgres"))
    }
}

/// Asks the process to do what the signal means; one that is gone already is no error.
pub(super) fn signal(pid: i32, signal: Signal) {
    if let Err(error) = kill(Pid::from_raw(pid), signal)
        && error != nix::errno::Errno::ESRCH
    {
        tracing::warn!(pid, %signal, %error, "could not signal PostgreSQL");
    }
}

/// Processes of a postmaster that is gone. They end by themselves, but a busy one only when its
/// query ends, and until then PostgreSQL refuses to start on the cluster again.
pub(super) fn stragglers(cluster: &Path) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| works_in(*pid, cluster) && is_named_postgres(*pid))
        .collect()
}

/// A postmaster keeps its arguments. Unlike its working directory they may be read across users
/// also where root lacks the capability to look into other processes, as in many containers.
fn was_started_for(pid: i32, cluster: &Path) -> bool {
    std::fs::read(proc_path(pid, "cmdline")).is_ok_and(|line| {
        line.split(|b| *b == 0)
            .any(|arg| arg == cluster.as_os_str().as_bytes())
    })
}

/// Every PostgreSQL process has its data directory as working directory.
fn works_in(pid: i32, cluster: &Path) -> bool {
    std::fs::read_link(proc_path(pid, "cwd")).is_ok_and(|cwd| cwd == cluster)
}

fn is_named_postgres(pid: i32) -> bool {
    std::fs::read_to_string(proc_path(pid, "comm")).is_ok_and(|name| name.starts_with("postgres"))
}

fn is_zombie(pid: i32) -> bool {
    let stat = std::fs::read_to_string(proc_path(pid, "stat")).unwrap_or_default();
    // The name before the state may hold blanks and parentheses.
    stat.rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

fn proc_path(pid: i32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_at_every_stage_of_its_life() {
        let whole = "4242\n/srv/data\n1700000000\n20001\n/srv/run\n127.0.0.1\n 1 2\nready   \n";
        assert_eq!(
            PidFile::parse(whole),
            Some(PidFile {
                pid: 4242,
                port: 20001,
                ready: true
            })
        );
        let early = "4242\n/srv/data\n1700000000\n20001\n/srv/run\n";
        assert_eq!(
            PidFile::parse(early),
            Some(PidFile {
                pid: 4242,
                port: 20001,
                ready: false
            })
        );
        let starting = whole.replace("ready   ", "starting");
        assert!(PidFile::parse(&starting).is_some_and(|file| !file.ready));
        for broken in ["", "\n", "-4\n", "nobody\n"] {
            assert_eq!(PidFile::parse(broken), None);
        }
    }

    #[test]
    fn another_program_is_not_taken_for_postgres() {
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        assert!(!is_postgres_of(own, Path::new("/nonexistent")));
    }
}

//! What the kernel says of a process: CPU time and memory.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;

/// CPU time and kinship out of `/proc/<pid>/stat`.
struct Stat {
    pid: u32,
    parent: u32,
    own: Duration,
    /// Of children that ended and were waited for.
    ended_children: Duration,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything; fields count from behind it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            own: of_ticks(ticks(11)? + ticks(12)?),
            ended_children: of_ticks(ticks(13)? + ticks(14)?),
        })
    }
}

fn of_ticks(ticks: u64) -> Duration {
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)
        .ok()
        .flatten()
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(100);
    Duration::from_micros(ticks * 1_000_000 / per_second)
}

/// User and system time of one process with all its threads, its children not counted.
pub(crate) fn cpu(pid: u32) -> Duration {
    Stat::read(pid).map_or(Duration::ZERO, |stat| stat.own)
}

/// The same of a process and all its descendants, those included that have ended already: a
/// PostgreSQL backend that is gone has left its time with the postmaster.
pub(crate) fn tree_cpu(root: u32) -> Duration {
    tree(root)
        .iter()
        .map(|stat| stat.own + stat.ended_children)
        .sum()
}

fn tree(root: u32) -> Vec<Stat> {
    let mut children: HashMap<u32, Vec<Stat>> = HashMap::new();
    let mut found = Vec::from_iter(Stat::read(root));
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|n| n.parse().ok());
        if let Some(stat) = pid.and_then(Stat::read) {
            children.entry(stat.parent).or_default().push(stat);
        }
    }
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|stat| stat.pid) {
        found.extend(children.remove(&parent).unwrap_or_default());
        next += 1;
    }
    found
}

/// Memory in kB.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Memory {
    /// Resident, shared pages counted in full.
    pub(crate) rss_kb: u64,
    /// Resident, a page that n processes share counted as 1/n.
    pub(crate) pss_kb: u64,
}

/// Memory of one process.
pub(crate) fn memory(pid: u32) -> Memory {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    Memory {
        rss_kb: kilobytes(&text, "Rss:"),
        pss_kb: kilobytes(&text, "Pss:"),
    }
}

/// Memory of a process and all its descendants.
pub(crate) fn tree_memory(root: u32) -> Memory {
    tree(root)
        .iter()
        .map(|stat| memory(stat.pid))
        .fold(Memory::default(), |sum, one| Memory {
            rss_kb: sum.rss_kb + one.rss_kb,
            pss_kb: sum.pss_kb + one.pss_kb,
        })
}

/// Forgets the highest resident size so far.
pub(crate) fn reset_peak(pid: u32) -> anyhow::Result<()> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the peak")
}

/// The highest resident size since [`reset_peak`], in kB.
pub(crate) fn peak_kb(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    kilobytes(&text, "VmHWM:")
}

fn kilobytes(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Raises the bound on open files as far as it goes; the processes started later inherit it.
pub(crate) fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// CPU time of Hearth and of PostgreSQL at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuPair {
    hearth: Duration,
    postgres: Duration,
}

impl CpuPair {
    /// Now.
    pub(crate) fn now(hearth: u32, postmaster: u32) -> Self {
        Self {
            hearth: cpu(hearth),
            postgres: tree_cpu(postmaster),
        }
    }

    /// Microseconds per operation since `before`: of Hearth, of PostgreSQL.
    pub(crate) fn per_op(self, before: Self, ops: u64) -> (f64, f64) {
        let each = |later: Duration, earlier: Duration| {
            later.saturating_sub(earlier).as_secs_f64() * 1e6 / ops.max(1) as f64
        };
        (
            each(self.hearth, before.hearth),
            each(self.postgres, before.postgres),
        )
    }
}

//! The unprivileged user that PostgreSQL runs as where Hearth is started by root: PostgreSQL
//! itself refuses to be root.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use tokio::process::Command;

use super::EmbeddedError;

/// Tried in this order when a cluster is made by root.
const NAMES: [&str; 3] = ["postgres", "hearth", "nobody"];

/// A user of the system. Processes started as it have its primary group and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Whom to run PostgreSQL as; `None` means as ourselves. A cluster that exists stays with its
    /// owner, whichever users were added to the system since it was made.
    pub(super) fn choose(cluster: &Path) -> Result<Option<Self>, EmbeddedError> {
        let owner = std::fs::metadata(cluster).ok().map(|m| (m.uid(), m.gid()));
        let own = Uid::effective();
        if !own.is_root() {
            return match owner {
                Some((uid, _)) if uid != own.as_raw() => Err(EmbeddedError::ForeignCluster {
                    cluster: cluster.to_owned(),
                    owner: name_of(uid),
                }),
                _ => Ok(None),
            };
        }
        if let Some((uid, gid)) = owner
            && uid != 0
        {
            return Ok(Some(Self {
                name: name_of(uid),
                uid,
                gid,
            }));
        }
        NAMES
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| {
                Some(Self {
                    name: user.name,
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                })
            })
            .ok_or(EmbeddedError::NoAccount)
    }

    /// The directory nearest to the root that this user may not pass through on its way into
    /// `path`. Reads the permission bits only; access lists are not considered.
    pub(super) fn blocked_at(&self, path: &Path) -> Option<PathBuf> {
        let mut ancestors: Vec<&Path> = path.ancestors().collect();
        ancestors.reverse();
        ancestors
            .into_iter()
            .find(|dir| !self.may_enter(dir))
            .map(Path::to_owned)
    }

    fn may_enter(&self, dir: &Path) -> bool {
        let Ok(meta) = std::fs::metadata(dir) else {
            return true;
        };
        let bit = if meta.uid() == self.uid {
            0o100
        } else if meta.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        meta.mode() & bit != 0
    }
}

/// Makes `command` run as `account`.
pub(super) fn run_as(command: &mut Command, account: Option<&Account>) {
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
}

/// Gives `path` to `account`.
pub(super) fn give(path: &Path, account: Option<&Account>) -> Result<(), EmbeddedError> {
    match account {
        None => Ok(()),
        Some(account) => chown(path, Some(account.uid), Some(account.gid)).map_err(
            EmbeddedError::io("cannot give to the PostgreSQL user", path),
        ),
    }
}

fn name_of(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => format!("user {uid}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_outermost_closed_directory_is_named() {
        let base = tempfile::tempdir().unwrap();
        let closed = base.path().join("closed");
        let inner = closed.join("inner");
        std::fs::create_dir_all(&inner).unwrap();
        for (dir, mode) in [(base.path(), 0o711), (&closed, 0o700), (&inner, 0o700)] {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let stranger = Account {
            name: "stranger".into(),
            uid: 4_000_001,
            gid: 4_000_001,
        };
        assert_eq!(stranger.blocked_at(&inner), Some(closed.clone()));
        assert_eq!(stranger.blocked_at(base.path()), None);
    }
}

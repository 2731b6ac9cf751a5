//! What a local directory needs beyond `object_store`: an acknowledged upload is on disk, which
//! takes an fsync of the file and of the directories that lead to it.

use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::error::StorageError;

/// A directory of this machine.
pub(crate) struct Local {
    store: Arc<LocalFileSystem>,
    root: PathBuf,
    /// Directories whose own entries are known to be on disk.
    durable: Mutex<HashSet<PathBuf>>,
}

impl Local {
    /// Opens `root`, and makes it if it is absent.
    pub(crate) fn open(root: &FilePath) -> Result<Self, object_store::Error> {
        let generic = |source: std::io::Error| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: source.into(),
        };
        // Private buckets hang on nobody else of this machine looking in here.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(generic)?;
        let root = root.canonicalize().map_err(generic)?;
        let store = Arc::new(LocalFileSystem::new_with_prefix(&root)?);
        Ok(Self {
            store,
            root,
            durable: Mutex::default(),
        })
    }

    /// The store over it.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// The file of a key.
    pub(crate) fn file_path(&self, key: &Path) -> Result<PathBuf, StorageError> {
        self.store
            .path_to_filesystem(key)
            .map_err(StorageError::backend)
    }

    /// Returns when the file and its directory entries have reached the disk.
    pub(crate) async fn make_durable(self: &Arc<Self>, key: &Path) -> Result<(), StorageError> {
        let path = self.file_path(key)?;
        let this = self.clone();
        let synced = tokio::task::spawn_blocking(move || this.sync(&path)).await;
        synced
            .map_err(StorageError::backend)?
            .map_err(StorageError::backend)
    }

    fn sync(&self, path: &FilePath) -> std::io::Result<()> {
        File::open(path)?.sync_all()?;
        let mut directory = path.parent();
        while let Some(at) = directory.filter(|d| d.starts_with(&self.root)) {
            File::open(at)?.sync_all()?;
            // Its own entry in its parent is written once in its life.
            if self.is_known(at) {
                break;
            }
            directory = at.parent();
        }
        if let Some(parent) = path.parent() {
            self.durable
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(parent.to_owned());
        }
        Ok(())
    }

    fn is_known(&self, directory: &FilePath) -> bool {
        self.durable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(directory)
    }

    /// Deletes half-written files below a key, and gives their number. `object_store` writes to
    /// `<name>#<number>` and renames.
    pub(crate) async fn delete_unfinished(&self, key: &Path, min_age: Duration) -> usize {
        let Ok(path) = self.file_path(key) else {
            return 0;
        };
        let deleted = tokio::task::spawn_blocking(move || delete_unfinished(&path, min_age)).await;
        deleted.unwrap_or(0)
    }

    /// Removes a directory and what is left in it.
    pub(crate) async fn remove_directory(&self, key: &Path) {
        let Ok(path) = self.file_path(key) else {
            return;
        };
        {
            let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
            durable.retain(|known| !known.starts_with(&path));
        }
        if let Err(error) = tokio::fs::remove_dir_all(&path).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "could not remove a directory of stored objects");
        }
    }
}

fn delete_unfinished(directory: &FilePath, min_age: Duration) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return 0;
    };
    let mut deleted = 0;
    for entry in entries.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            deleted += delete_unfinished(&entry.path(), min_age);
            continue;
        }
        let age = meta.modified().ok().and_then(|at| at.elapsed().ok());
        let unfinished = entry.file_name().to_string_lossy().contains('#');
        if unfinished
            && age.is_some_and(|age| age >= min_age)
            && std::fs::remove_file(entry.path()).is_ok()
        {
            deleted += 1;
        }
    }
    deleted
}

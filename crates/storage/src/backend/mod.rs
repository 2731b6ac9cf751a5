//! The bytes. An object's bytes are found by its row's `version` alone, a UUID that Hearth makes:
//! `<application>/<first two digits>/<version>`. No name that a user typed reaches the store, so
//! there is nothing to escape, no length to exceed and no way out; and to move or rename an object
//! leaves its bytes where they are. A version is written once and never changed.

mod local;
mod reader;
mod writer;

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::{StreamExt, TryStreamExt};
use hearth_core::AppRef;
use object_store::ObjectStore;
use object_store::path::Path;
use uuid::Uuid;

use crate::error::StorageError;
use local::Local;
pub(crate) use reader::Content;
pub(crate) use writer::{Writer, Written};

/// Where one version's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Path);

impl Key {
    /// The key of `version`; none if the text is no UUID, as rows written by hand may have it.
    pub(crate) fn of(app: &AppRef, version: &str) -> Option<Self> {
        Uuid::parse_str(version)
            .ok()
            .map(|version| Self::new(app, version))
    }

    fn new(app: &AppRef, version: Uuid) -> Self {
        let version = version.to_string();
        Self(Path::from_iter([app.as_str(), &version[..2], &version]))
    }

    /// A key for new bytes, and its version.
    pub(crate) fn fresh(app: &AppRef) -> (Self, String) {
        let version = Uuid::new_v4();
        (Self::new(app, version), version.to_string())
    }

    /// One piece of a resumable upload, from `offset` on.
    pub(crate) fn piece(app: &AppRef, upload: Uuid, offset: u64) -> Self {
        let offset = format!("{offset:020}");
        Self(Path::from_iter([
            app.as_str(),
            "resumable",
            &upload.to_string(),
            &offset,
        ]))
    }

    /// What is known about a resumable upload.
    pub(crate) fn upload_info(app: &AppRef, upload: Uuid) -> Self {
        Self(Path::from_iter([
            app.as_str(),
            "resumable",
            &upload.to_string(),
            "info",
        ]))
    }
}

/// The store of all applications' bytes.
pub(crate) struct Backend {
    store: Arc<dyn ObjectStore>,
    local: Option<Arc<Local>>,
}

impl Backend {
    /// A directory of this machine.
    pub(crate) fn local(root: &FilePath) -> Result<Self, object_store::Error> {
        let local = Arc::new(Local::open(root)?);
        Ok(Self {
            store: local.store(),
            local: Some(local),
        })
    }

    /// Any other store.
    pub(crate) fn remote(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, local: None }
    }

    /// Begins to write new bytes. Nothing is visible under `key` before [`Writer::finish`], and a
    /// writer that is dropped leaves nothing.
    pub(crate) async fn create(&self, key: &Key) -> Result<Writer, StorageError> {
        let upload = self
            .store
            .put_multipart(&key.0)
            .await
            .map_err(StorageError::backend)?;
        Ok(Writer::new(upload, key.clone(), self.local.clone()))
    }

    /// The bytes of `range`, streamed.
    pub(crate) async fn read(&self, key: &Key, range: Range<u64>) -> Result<Content, StorageError> {
        match &self.local {
            Some(local) => Content::of_file(local.file_path(&key.0)?, range).await,
            None => Content::of_object(self.store.as_ref(), &key.0, range).await,
        }
    }

    /// The number of bytes.
    pub(crate) async fn size(&self, key: &Key) -> Result<u64, StorageError> {
        self.store
            .head(&key.0)
            .await
            .map(|meta| meta.size)
            .map_err(missing)
    }

    /// A second version with the bytes of the first; on this machine they share them.
    pub(crate) async fn copy(&self, from: &Key, to: &Key) -> Result<(), StorageError> {
        self.store.copy(&from.0, &to.0).await.map_err(missing)?;
        match &self.local {
            Some(local) => local.make_durable(&to.0).await,
            None => Ok(()),
        }
    }

    /// Deletes bytes that nobody refers to any more. A failure is logged, not returned: the request
    /// that made them superfluous has succeeded.
    pub(crate) async fn discard(&self, key: &Key) {
        match self.store.delete(&key.0).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, key = %key.0, "could not delete stored bytes"),
        }
    }

    /// Replaces a small object as a whole.
    pub(crate) async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StorageError> {
        self.store
            .put(&key.0, bytes.into())
            .await
            .map_err(StorageError::backend)?;
        match &self.local {
            Some(local) => local.make_durable(&key.0).await,
            None => Ok(()),
        }
    }

    /// A small object as a whole.
    pub(crate) async fn get(&self, key: &Key) -> Result<bytes::Bytes, StorageError> {
        self.store
            .get(&key.0)
            .await
            .map_err(missing)?
            .bytes()
            .await
            .map_err(StorageError::backend)
    }

    /// The pieces of a resumable upload in order, with their sizes. A piece that begins inside of
    /// the one before it was overtaken by a retry and does not count.
    pub(crate) async fn pieces(
        &self,
        app: &AppRef,
        upload: Uuid,
    ) -> Result<Vec<(Key, u64)>, StorageError> {
        let prefix = Path::from_iter([app.as_str(), "resumable", &upload.to_string()]);
        let mut found: Vec<_> = self
            .store
            .list(Some(&prefix))
            .try_filter_map(async |meta| {
                let start = meta
                    .location
                    .filename()
                    .and_then(|name| name.parse::<u64>().ok());
                Ok(start.map(|start| (start, Key(meta.location), meta.size)))
            })
            .try_collect()
            .await
            .map_err(StorageError::backend)?;
        found.sort_by_key(|(start, ..)| *start);
        let mut end = 0;
        found.retain(|(start, _, size)| {
            let follows = *start == end;
            end += if follows { *size } else { 0 };
            follows
        });
        Ok(found
            .into_iter()
            .map(|(_, key, size)| (key, size))
            .collect())
    }

    /// All resumable uploads of an application.
    pub(crate) async fn uploads(&self, app: &AppRef) -> Result<Vec<Uuid>, StorageError> {
        let prefix = Path::from_iter([app.as_str(), "resumable"]);
        let listed = self.store.list_with_delimiter(Some(&prefix)).await;
        let listed = listed.map_err(StorageError::backend)?;
        let names = listed
            .common_prefixes
            .iter()
            .filter_map(|path| path.parts().last());
        Ok(names
            .filter_map(|name| Uuid::try_parse(name.as_ref()).ok())
            .collect())
    }

    /// An application's versions that begin with `digit` and are older than `min_age`.
    pub(crate) async fn versions(
        &self,
        app: &AppRef,
        digit: char,
        min_age: Duration,
    ) -> Result<Vec<(String, Key)>, StorageError> {
        let before = Utc::now() - min_age;
        let mut versions = Vec::new();
        for second in "0123456789abcdef".chars() {
            let prefix = Path::from_iter([app.as_str(), &format!("{digit}{second}")]);
            let mut found = self.store.list(Some(&prefix));
            while let Some(meta) = found.try_next().await.map_err(StorageError::backend)? {
                let name = meta
                    .location
                    .filename()
                    .filter(|name| Uuid::try_parse(name).is_ok());
                if let Some(name) = name.filter(|_| meta.last_modified < before) {
                    versions.push((name.to_owned(), Key(meta.location.clone())));
                }
            }
        }
        Ok(versions)
    }

    /// Deletes files that a crash left half-written. An object store does this by itself.
    pub(crate) async fn delete_unfinished(&self, app: &AppRef, min_age: Duration) -> usize {
        match &self.local {
            Some(local) => {
                local
                    .delete_unfinished(&Path::from(app.as_str()), min_age)
                    .await
            }
            None => 0,
        }
    }

    /// Deletes everything about a resumable upload.
    pub(crate) async fn discard_upload(&self, app: &AppRef, upload: Uuid) {
        let prefix = Path::from_iter([app.as_str(), "resumable", &upload.to_string()]);
        if let Err(error) = self.delete_below(&prefix).await {
            tracing::warn!(%error, "could not delete a resumable upload's bytes");
        }
        if let Some(local) = &self.local {
            local.remove_directory(&prefix).await;
        }
    }

    /// Deletes all bytes of an application.
    pub(crate) async fn delete_application(&self, app: &AppRef) -> Result<(), StorageError> {
        let prefix = Path::from(app.as_str());
        self.delete_below(&prefix).await?;
        if let Some(local) = &self.local {
            local.remove_directory(&prefix).await;
        }
        Ok(())
    }

    async fn delete_below(&self, prefix: &Path) -> Result<(), StorageError> {
        let found = self
            .store
            .list(Some(prefix))
            .map_ok(|meta| meta.location)
            .boxed();
        self.store
            .delete_stream(found)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(StorageError::backend)
    }
}

fn missing(error: object_store::Error) -> StorageError {
    match error {
        object_store::Error::NotFound { .. } => StorageError::BytesMissing,
        other => StorageError::backend(other),
    }
}

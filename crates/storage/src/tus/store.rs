//! What has arrived of a resumable upload: one object that describes it, and one for each piece.
//! Pieces are whole or absent, so the offset is where the last one ends; what arrived before a
//! connection broke is a piece as well. At the end the pieces become one object.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use hearth_apps::App;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::protocol::{GONE, NOT_FOUND, SIZE_EXCEEDED, UploadId};
use crate::backend::{Backend, Key, Written};
use crate::error::StorageError;

/// How long an upload may take from its creation, in seconds.
const LIFETIME: i64 = 24 * 60 * 60;
/// Longest pause of a client that uploads.
const MAX_SILENCE: Duration = Duration::from_secs(60);
/// How long a request waits for another one of the same upload.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// A resumable upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    bucket: String,
    name: String,
    version: Uuid,
    /// The length, once it is known.
    pub(crate) size: Option<u64>,
    pub(crate) metadata: Map<String, Value>,
    /// Unix seconds.
    created: i64,
    /// Its object exists.
    pub(crate) finished: bool,
}

impl Upload {
    /// A new one.
    pub(crate) fn new(
        app: &App,
        id: &UploadId,
        size: Option<u64>,
        metadata: Map<String, Value>,
    ) -> Self {
        Self {
            bucket: id.bucket.clone(),
            name: id.name.clone(),
            version: id.version,
            size,
            metadata,
            created: app.clock.unix(),
            finished: false,
        }
    }

    /// The version that its URL names.
    pub(crate) fn version(&self) -> Uuid {
        self.version
    }

    /// A text out of the client's metadata.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.as_str()
    }

    /// When it expires, in Unix seconds.
    pub(crate) fn expires(&self) -> i64 {
        self.created + LIFETIME
    }

    /// Keeps what is known about it.
    pub(crate) async fn save(&self, backend: &Backend, app: &App) -> Result<(), StorageError> {
        let key = Key::upload_info(&app.reference, self.version);
        let bytes = serde_json::to_vec(self).map_err(StorageError::backend)?;
        backend.put(&key, bytes).await
    }

    /// Finds an upload.
    ///
    /// # Errors
    /// 404 if there is none of that id, 410 if it has expired.
    pub(crate) async fn find(
        backend: &Backend,
        app: &App,
        id: &UploadId,
    ) -> Result<Self, StorageError> {
        let key = Key::upload_info(&app.reference, id.version);
        let bytes = match backend.get(&key).await {
            Err(StorageError::BytesMissing) => return Err(NOT_FOUND),
            other => other?,
        };
        let upload: Self = serde_json::from_slice(&bytes).map_err(StorageError::backend)?;
        // The names in a URL are the client's to write; only the version finds.
        if upload.bucket != id.bucket || upload.name != id.name {
            return Err(NOT_FOUND);
        }
        if upload.expires() < app.clock.unix() {
            return Err(GONE);
        }
        Ok(upload)
    }

    /// How much has arrived.
    pub(crate) async fn offset(&self, backend: &Backend, app: &App) -> Result<u64, StorageError> {
        if self.finished {
            return Ok(self.size.unwrap_or(0));
        }
        let pieces = backend.pieces(&app.reference, self.version).await?;
        Ok(pieces.iter().map(|(_, size)| size).sum())
    }

    /// Where a client is to go on. Where everything has arrived but the object was never made (the
    /// server ended in between), the last piece is asked for once more: a client takes the full
    /// length for success.
    pub(crate) async fn resume_at(
        &self,
        backend: &Backend,
        app: &App,
    ) -> Result<u64, StorageError> {
        let offset = self.offset(backend, app).await?;
        if self.finished || self.size != Some(offset) {
            return Ok(offset);
        }
        let pieces = backend.pieces(&app.reference, self.version).await?;
        let Some((last, size)) = pieces.last() else {
            return Ok(offset);
        };
        backend.discard(last).await;
        Ok(offset - size)
    }

    /// Takes the next piece, at most `most` bytes. Where the connection breaks, what has arrived is
    /// kept and the rest will be sent again.
    pub(crate) async fn append(
        &self,
        backend: &Backend,
        app: &App,
        offset: u64,
        body: Body,
        most: u64,
    ) -> Result<Option<Written>, StorageError> {
        let key = Key::piece(&app.reference, self.version, offset);
        let mut writer = None;
        let mut stream = body.into_data_stream();
        let mut size = 0;
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(MAX_SILENCE, stream.next()).await {
            size += chunk.len() as u64;
            if size > most {
                return Err(SIZE_EXCEEDED);
            }
            let writer = match &mut writer {
                Some(writer) => writer,
                none => none.insert(backend.create(&key).await?),
            };
            writer.write(chunk).await?;
        }
        match writer {
            Some(writer) => writer.finish().await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes one object of the pieces under `key`. `last` is the piece that this request brought:
    /// an upload of a single piece needs no copying.
    pub(crate) async fn assemble(
        &self,
        backend: &Backend,
        app: &App,
        key: &Key,
        last: Option<Written>,
    ) -> Result<Written, StorageError> {
        let pieces = backend.pieces(&app.reference, self.version).await?;
        if let ([(piece, size)], Some(last)) = (pieces.as_slice(), last)
            && last.size == *size
        {
            backend.copy(piece, key).await?;
            return Ok(last);
        }
        let mut writer = backend.create(key).await?;
        for (piece, size) in &pieces {
            let mut content = backend.read(piece, 0..*size).await?;
            while let Some(chunk) = content.next().await {
                writer.write(chunk?).await?;
            }
        }
        writer.finish().await
    }

    /// Forgets the pieces, and keeps that it is finished, for a client that missed the answer.
    pub(crate) async fn close(mut self, backend: &Backend, app: &App) -> Result<(), StorageError> {
        self.finished = true;
        for (piece, _) in backend.pieces(&app.reference, self.version).await? {
            backend.discard(&piece).await;
        }
        self.save(backend, app).await
    }
}

/// Which uploads are being worked on.
#[derive(Default)]
pub(crate) struct Locks {
    held: Mutex<HashMap<Uuid, Weak<tokio::sync::Mutex<()>>>>,
}

impl Locks {
    /// Makes this request the only one that works on an upload.
    ///
    /// # Errors
    /// [`StorageError::ResourceLocked`] if another one works on it for too long.
    pub(crate) async fn take(&self, upload: Uuid) -> Result<OwnedMutexGuard<()>, StorageError> {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.retain(|_, lock| lock.strong_count() > 0);
            let known = held.get(&upload).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let lock = Arc::new(tokio::sync::Mutex::new(()));
                held.insert(upload, Arc::downgrade(&lock));
                lock
            })
        };
        let waiting = tokio::time::timeout(LOCK_WAIT, lock.lock_owned());
        waiting.await.map_err(|_| StorageError::ResourceLocked)
    }
}

/// Deletes what is left of expired uploads.
pub(crate) async fn sweep(backend: &Backend, app: &App) -> Result<usize, StorageError> {
    let mut gone = 0;
    for upload in backend.uploads(&app.reference).await? {
        let key = Key::upload_info(&app.reference, upload);
        let expired = match backend.get(&key).await {
            Ok(bytes) => serde_json::from_slice::<Upload>(&bytes)
                .map_or(true, |upload| upload.expires() < app.clock.unix()),
            // Being made or being deleted right now.
            Err(StorageError::BytesMissing) => false,
            Err(error) => return Err(error),
        };
        if expired {
            backend.discard_upload(&app.reference, upload).await;
            gone += 1;
        }
    }
    Ok(gone)
}

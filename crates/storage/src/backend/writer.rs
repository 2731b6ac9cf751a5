//! Writing: chunks go on to the store in parts while the next ones arrive; what waits is bounded.

use std::sync::Arc;

use bytes::Bytes;
use object_store::{MultipartUpload, PutPayload, UploadPart};
use tokio::task::JoinHandle;
use xxhash_rust::xxh3::Xxh3;

use super::Key;
use super::local::Local;
use crate::error::StorageError;

/// Size of a part on this machine: few enough system calls, little memory.
const LOCAL_PART_BYTES: usize = 512 * 1024;
/// Smallest part that S3 and its like accept is 5 MiB.
const REMOTE_PART_BYTES: usize = 8 * 1024 * 1024;

/// What was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// Bytes.
    pub(crate) size: u64,
    /// Entity tag, quotes included.
    pub(crate) e_tag: String,
}

/// New bytes on their way. Dropped before [`Writer::finish`], it leaves nothing behind.
pub(crate) struct Writer {
    upload: Box<dyn MultipartUpload>,
    key: Key,
    local: Option<Arc<Local>>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
    part_bytes: usize,
    in_flight: Option<JoinHandle<object_store::Result<()>>>,
    hash: Xxh3,
    size: u64,
}

impl Writer {
    pub(super) fn new(
        upload: Box<dyn MultipartUpload>,
        key: Key,
        local: Option<Arc<Local>>,
    ) -> Self {
        let part_bytes = if local.is_some() {
            LOCAL_PART_BYTES
        } else {
            REMOTE_PART_BYTES
        };
        Self {
            upload,
            key,
            local,
            pending: Vec::new(),
            pending_bytes: 0,
            part_bytes,
            in_flight: None,
            hash: Xxh3::new(),
            size: 0,
        }
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next chunk; waits while the part before the last one is still being written.
    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<(), StorageError> {
        // The entity tag is a fingerprint, not a signature: XXH3 costs a tenth of what SHA-256
        // with hardware support does and a thirtieth of MD5.
        self.hash.update(&chunk);
        self.size += chunk.len() as u64;
        self.pending_bytes += chunk.len();
        self.pending.push(chunk);
        if self.pending_bytes >= self.part_bytes {
            self.send_part().await
        } else {
            Ok(())
        }
    }

    async fn send_part(&mut self) -> Result<(), StorageError> {
        self.settle().await?;
        let payload: PutPayload = std::mem::take(&mut self.pending).into_iter().collect();
        self.pending_bytes = 0;
        let part: UploadPart = self.upload.put_part(payload);
        self.in_flight = Some(tokio::spawn(part));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), StorageError> {
        if let Some(part) = self.in_flight.take() {
            part.await
                .map_err(StorageError::backend)?
                .map_err(StorageError::backend)?;
        }
        Ok(())
    }

    /// Makes the bytes visible under the key, and returns when they are on disk.
    pub(crate) async fn finish(mut self) -> Result<Written, StorageError> {
        if self.pending_bytes > 0 || self.size == 0 {
            self.send_part().await?;
        }
        self.settle().await?;
        self.upload
            .complete()
            .await
            .map_err(StorageError::backend)?;
        if let Some(local) = &self.local {
            local.make_durable(&self.key.0).await?;
        }
        Ok(Written {
            size: self.size,
            e_tag: format!("\"{:032x}\"", self.hash.digest128()),
        })
    }

    /// Gives up; returns when nothing is left.
    pub(crate) async fn abort(mut self) {
        if let Some(part) = self.in_flight.take() {
            let _ = part.await;
        }
        if let Err(error) = self.upload.abort().await {
            tracing::debug!(%error, "could not abort an upload");
        }
    }
}

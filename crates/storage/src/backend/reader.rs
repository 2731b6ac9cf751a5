//! Reading: large chunks, the next one read while the last one is sent, so that a download costs
//! little more than the copying itself and holds at most two chunks.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::task::JoinHandle;

use super::missing;
use crate::error::StorageError;

/// Chunk size: some twenty system calls per 20 MB are saved by nothing larger.
const CHUNK_BYTES: u64 = 512 * 1024;

/// An object's bytes.
pub(crate) enum Content {
    /// Small enough to be read at once.
    Whole(Bytes),
    /// A file, chunk by chunk.
    File(FileChunks),
    /// From an object store.
    Remote(BoxStream<'static, object_store::Result<Bytes>>),
}

impl Content {
    pub(super) async fn of_file(path: PathBuf, range: Range<u64>) -> Result<Self, StorageError> {
        let opened = tokio::task::spawn_blocking(move || -> std::io::Result<Self> {
            let mut file = File::open(path)?;
            if range.start > 0 {
                file.seek(SeekFrom::Start(range.start))?;
            }
            let left = range.end - range.start;
            let (first, file) = read_chunk(file, left)?;
            if first.len() as u64 == left {
                return Ok(Self::Whole(first));
            }
            let left = left - first.len() as u64;
            Ok(Self::File(FileChunks {
                first: Some(first),
                state: Some((file, left)),
                read: None,
            }))
        });
        match opened.await.map_err(StorageError::backend)? {
            Ok(content) => Ok(content),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(StorageError::BytesMissing),
            Err(error) => Err(StorageError::backend(error)),
        }
    }

    pub(super) async fn of_object(
        store: &dyn ObjectStore,
        key: &Path,
        range: Range<u64>,
    ) -> Result<Self, StorageError> {
        if range.is_empty() {
            return Ok(Self::Whole(Bytes::new()));
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..Default::default()
        };
        let result = store.get_opts(key, options).await.map_err(missing)?;
        Ok(Self::Remote(result.into_stream()))
    }

    /// The next chunk; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, StorageError>> {
        match self {
            Self::Whole(bytes) if bytes.is_empty() => None,
            Self::Whole(bytes) => Some(Ok(std::mem::take(bytes))),
            Self::File(chunks) => chunks
                .next()
                .await
                .map(|chunk| chunk.map_err(StorageError::backend)),
            Self::Remote(stream) => stream
                .next()
                .await
                .map(|chunk| chunk.map_err(StorageError::backend)),
        }
    }

    /// As the body of an answer.
    pub(crate) fn into_body(self) -> axum::body::Body {
        match self {
            Self::Whole(bytes) => bytes.into(),
            Self::File(chunks) => axum::body::Body::from_stream(chunks),
            Self::Remote(stream) => axum::body::Body::from_stream(stream),
        }
    }
}

type ReadResult = std::io::Result<(Bytes, File)>;

/// A file as a stream of chunks.
pub(crate) struct FileChunks {
    first: Option<Bytes>,
    /// The file while nothing reads it, and how many bytes are left.
    state: Option<(File, u64)>,
    /// The chunk that is being read, and how many bytes are left before it.
    read: Option<(JoinHandle<ReadResult>, u64)>,
}

fn read_chunk(file: File, left: u64) -> ReadResult {
    let wanted = left.min(CHUNK_BYTES);
    // `read_to_end` fills spare capacity without zeroing it; one byte more spares it a look for
    // the end of the file.
    let mut chunk = Vec::with_capacity(wanted as usize + 1);
    let mut part = file.take(wanted);
    part.read_to_end(&mut chunk)?;
    if (chunk.len() as u64) < wanted {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok((chunk.into(), part.into_inner()))
}

impl FileChunks {
    fn read_ahead(&mut self) {
        if let Some((file, left)) = self.state.take().filter(|(_, left)| *left > 0) {
            let read = tokio::task::spawn_blocking(move || read_chunk(file, left));
            self.read = Some((read, left));
        }
    }
}

impl Stream for FileChunks {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            self.read_ahead();
            return Poll::Ready(Some(Ok(first)));
        }
        let Some((read, left)) = &mut self.read else {
            return Poll::Ready(None);
        };
        let left = *left;
        let result = ready!(Pin::new(read).poll(cx));
        self.read = None;
        Poll::Ready(Some(match result {
            Ok(Ok((chunk, file))) => {
                self.state = Some((file, left - chunk.len() as u64));
                self.read_ahead();
                Ok(chunk)
            }
            Ok(Err(error)) => Err(error),
            Err(error) => Err(std::io::Error::other(error)),
        }))
    }
}

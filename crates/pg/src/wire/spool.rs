//! Answers that outgrow memory: beyond a bound their bytes go to a file without a name in the
//! system's folder for temporary files, which is gone with its last reader.
//!
//! A result is read to its end before anything is said of it. So its length and the number of its
//! rows are known to whoever answers, an error at its end is an error and no torn answer, and a
//! slow reader holds neither a connection nor a transaction.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use tokio::task::spawn_blocking;

/// As many bytes of an answer stay in memory.
pub(super) const IN_MEMORY: usize = 1 << 20;
/// As many are read back at once.
const PIECE: usize = 64 << 10;

/// The bytes of an answer.
#[derive(Debug, Clone)]
pub enum Collected {
    /// In memory.
    Memory(Bytes),
    /// In a file.
    File {
        /// It; it has no name.
        file: Arc<File>,
        /// How many.
        length: u64,
    },
}

impl Default for Collected {
    fn default() -> Self {
        Self::Memory(Bytes::new())
    }
}

impl From<Bytes> for Collected {
    fn from(bytes: Bytes) -> Self {
        Self::Memory(bytes)
    }
}

impl Collected {
    /// How many bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it, piece by piece, each read when it is asked for.
    pub fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::try_unfold((self, 0), |(whole, at)| async move {
            let (file, length) = match whole {
                Self::Memory(bytes) if bytes.is_empty() => return Ok(None),
                Self::Memory(bytes) => return Ok(Some((bytes, (Self::default(), 0)))),
                Self::File { length, .. } if at == length => return Ok(None),
                Self::File { file, length } => (file, length),
            };
            let size = usize::try_from(length - at).map_or(PIECE, |left| left.min(PIECE));
            let source = Arc::clone(&file);
            let read = spawn_blocking(move || {
                let mut piece = BytesMut::zeroed(size);
                source.read_exact_at(&mut piece, at)?;
                Ok::<_, io::Error>(piece.freeze())
            });
            let piece = read.await.map_err(io::Error::other)??;
            let next = at + size as u64;
            Ok(Some((piece, (Self::File { file, length }, next))))
        })
    }
}

/// Where bytes go that do not stay in memory.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<Arc<File>>,
    length: u64,
}

impl Spool {
    /// Whether it has been used.
    pub(super) fn is_used(&self) -> bool {
        self.file.is_some()
    }

    /// Adds `bytes`.
    pub(super) async fn add(&mut self, bytes: Bytes) -> io::Result<()> {
        let (known, at) = (self.file.take(), self.length);
        self.length += bytes.len() as u64;
        let write = spawn_blocking(move || {
            let file = match known {
                Some(file) => file,
                None => Arc::new(tempfile::tempfile()?),
            };
            file.write_all_at(&bytes, at)?;
            Ok::<_, io::Error>(file)
        });
        self.file = Some(write.await.map_err(io::Error::other)??);
        Ok(())
    }

    /// All that was added.
    pub(super) fn finish(self) -> Collected {
        match self.file {
            Some(file) => Collected::File {
                file,
                length: self.length,
            },
            None => Collected::default(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn what_is_spooled_comes_back() {
        let mut spool = Spool::default();
        let mut expected = Vec::new();
        for n in 0..50_u8 {
            let bytes = vec![n; 4321];
            expected.extend_from_slice(&bytes);
            spool.add(bytes.into()).await.unwrap();
        }
        let whole = spool.finish();
        assert_eq!(whole.len(), expected.len() as u64);
        // A copy reads for itself.
        for whole in [whole.clone(), whole] {
            let pieces: Vec<Bytes> = whole.stream().try_collect().await.unwrap();
            assert!(pieces.len() > 1);
            assert_eq!(pieces.concat(), expected);
        }
        let none: Vec<Bytes> = Collected::default().stream().try_collect().await.unwrap();
        assert!(none.is_empty());
    }
}

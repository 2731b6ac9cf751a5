//! One Hearth per data directory: an exclusive lock on `hearth.lock`, which also says who has it.
//! The kernel drops the lock with the process, so a crash leaves nothing to clean up.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Mutex;

use super::EmbeddedError;

/// Held as long as this value lives.
#[derive(Debug)]
pub struct DirLock {
    file: Mutex<File>,
}

impl DirLock {
    /// Locks `data_dir`, which must exist.
    ///
    /// # Errors
    /// [`EmbeddedError::Locked`] names the process that has it.
    pub fn acquire(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("hearth.lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(EmbeddedError::io("cannot open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                return Err(EmbeddedError::Locked {
                    data_dir: data_dir.to_owned(),
                    holder: if holder.is_empty() {
                        "another process"
                    } else {
                        holder
                    }
                    .to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => {
                return Err(EmbeddedError::io("cannot lock", &path)(error));
            }
        }
        let lock = Self {
            file: Mutex::new(file),
        };
        lock.write(&format!("process {}", std::process::id()));
        Ok(lock)
    }

    /// Adds where this process can be reached to what the next one is told.
    pub fn announce(&self, address: &str) {
        self.write(&format!("process {} at {address}", std::process::id()));
    }

    /// What it says is a courtesy; the lock itself does not depend on it.
    fn write(&self, text: &str) {
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "could not write hearth.lock");
        }
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing alone would keep it as long as a process that is just being started still has
        // its copy of the descriptor.
        let file = self
            .file
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = file.unlock();
    }
}

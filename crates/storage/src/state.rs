//! The service's state, shared by all applications.

use std::path::PathBuf;
use std::sync::Arc;

use hearth_core::AppRef;

use crate::backend::Backend;
use crate::sweep::Sweeps;
use crate::tus::store::Locks;

/// Where the bytes are kept.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// Directory of the local store; made if it is absent.
    pub root: PathBuf,
}

/// Why the store of the bytes cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path} for stored objects")]
pub struct StorageStartError {
    path: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Object storage of all applications.
pub struct Storage {
    pub(crate) backend: Backend,
    pub(crate) locks: Locks,
    pub(crate) sweeps: Sweeps,
}

impl Storage {
    /// Opens the store of the bytes.
    ///
    /// # Errors
    /// If the directory cannot be made or read.
    pub fn new(config: StorageConfig) -> Result<Arc<Self>, StorageStartError> {
        let backend = Backend::local(&config.root).map_err(|source| StorageStartError {
            path: config.root.display().to_string(),
            source: source.into(),
        })?;
        Ok(Self::over(backend))
    }

    /// Keeps the bytes in an object store that is open already.
    pub fn with_store(store: Arc<dyn object_store::ObjectStore>) -> Arc<Self> {
        Self::over(Backend::remote(store))
    }

    fn over(backend: Backend) -> Arc<Self> {
        Arc::new(Self {
            backend,
            locks: Locks::default(),
            sweeps: Sweeps::default(),
        })
    }

    /// Deletes the bytes of a deleted application. Its rows went with its database.
    ///
    /// # Errors
    /// What the store refuses; calling again continues.
    pub async fn forget_application(
        &self,
        reference: &AppRef,
    ) -> Result<(), crate::error::StorageError> {
        self.backend.delete_application(reference).await
    }
}

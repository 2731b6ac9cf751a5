//! The data directory's key file, and what hangs on it: sealed secrets in the control database and
//! the passwords of Hearth's own logins, which are derived and stored nowhere.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hearth_core::Secret;
use sha2::{Digest, Sha256};

/// 32 random bytes, made on first start, readable by their owner only.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

/// A sealed text that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file cannot be read or made.
    #[error("key file {path}: {source}")]
    KeyFile {
        /// Where it is.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The key file does not hold a key.
    #[error("key file {0} does not hold 64 hexadecimal characters")]
    Malformed(String),
    /// It was sealed with another key, or was changed.
    #[error("sealed with another key: is this the data directory that made the database?")]
    Foreign,
}

impl MasterKey {
    /// Reads the key file, or makes it.
    ///
    /// # Errors
    /// If the file cannot be read, written, or holds no key.
    pub fn load_or_create(path: &Path) -> Result<Self, SealError> {
        let failed = |source| SealError::KeyFile {
            path: path.display().to_string(),
            source,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut key = [0; 32];
                hex::decode_to_slice(text.trim(), &mut key)
                    .map_err(|_| SealError::Malformed(path.display().to_string()))?;
                Ok(Self(key))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let text = Secret::random_hex(32);
                // Written aside and renamed: a crash leaves no half key behind.
                let aside = path.with_extension("key.new");
                let write = || {
                    let mut file = std::fs::OpenOptions::new()
                        .write(true)
                        .create(true)
                        .truncate(true)
                        .mode(0o600)
                        .open(&aside)?;
                    file.write_all(text.expose().as_bytes())?;
                    file.sync_all()?;
                    std::fs::rename(&aside, path)
                };
                write().map_err(failed)?;
                Self::load_or_create(path)
            }
            Err(e) => Err(failed(e)),
        }
    }

    /// A password that belongs to `purpose`, the same at every start.
    pub fn derive(&self, purpose: &str) -> Secret {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(purpose);
        Secret::new(hex::encode(hash.finalize()))
    }

    /// Seals `text`, as base64.
    pub fn seal(&self, text: &str) -> String {
        let cipher = XChaCha20Poly1305::new((&self.0).into());
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let sealed = cipher.encrypt(&nonce, text.as_bytes()).unwrap_or_default();
        STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`MasterKey::seal`] made.
    ///
    /// # Errors
    /// [`SealError::Foreign`] if this key did not seal it.
    pub fn open(&self, sealed: &str) -> Result<String, SealError> {
        let bytes = STANDARD.decode(sealed).map_err(|_| SealError::Foreign)?;
        let (nonce, sealed) = bytes.split_at_checked(24).ok_or(SealError::Foreign)?;
        let cipher = XChaCha20Poly1305::new((&self.0).into());
        let text = cipher
            .decrypt(XNonce::from_slice(nonce), sealed)
            .map_err(|_| SealError::Foreign)?;
        String::from_utf8(text).map_err(|_| SealError::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_texts_open_with_their_own_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = MasterKey::load_or_create(&dir.path().join("a.key")).unwrap();
        let again = MasterKey::load_or_create(&dir.path().join("a.key")).unwrap();
        let other = MasterKey::load_or_create(&dir.path().join("b.key")).unwrap();
        let sealed = key.seal("{}");
        assert_eq!(again.open(&sealed).unwrap(), "{}");
        assert!(other.open(&sealed).is_err());
        assert!(key.open("").is_err());
        assert_eq!(key.derive("x"), again.derive("x"));
        assert_ne!(key.derive("x"), key.derive("y"));
    }
}

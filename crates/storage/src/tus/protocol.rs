//! The protocol's headers and upload ids. No I/O.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use http::HeaderMap;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::StorageError;
use crate::names;

/// The version of the protocol.
pub(crate) const VERSION: &str = "1.0.0";
/// What is supported of it.
pub(crate) const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,termination,expiration";
/// The type of a piece.
pub(crate) const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// A refusal in the protocol's own words.
pub(crate) const fn refusal(status: u16, message: &'static str) -> StorageError {
    StorageError::Tus { status, message }
}

pub(crate) const MISSING_OFFSET: StorageError = refusal(403, "Upload-Offset header required\n");
pub(crate) const MISSING_TYPE: StorageError = refusal(403, "Content-Type header required\n");
pub(crate) const NOT_FOUND: StorageError = refusal(404, "The file for this url was not found\n");
pub(crate) const GONE: StorageError = refusal(410, "The file for this url no longer exists\n");
pub(crate) const WRONG_OFFSET: StorageError = refusal(409, "Upload-Offset conflict\n");
pub(crate) const SIZE_EXCEEDED: StorageError = refusal(413, "upload's size exceeded\n");
pub(crate) const MAX_SIZE_EXCEEDED: StorageError = refusal(413, "Maximum size exceeded\n");
pub(crate) const COMPLETED: StorageError =
    refusal(400, "Cannot terminate an already completed upload");
pub(crate) const NO_LENGTH: StorageError = refusal(
    400,
    "Upload-Length or Upload-Defer-Length header required\n",
);
pub(crate) const NO_CONCATENATION: StorageError = refusal(
    501,
    "Concatenation extension is not (yet) supported. Disable parallel uploads in the tus client.\n",
);
const NO_VERSION: StorageError = refusal(412, "Tus-Resumable Required\n");

/// Checks the headers that every request has.
///
/// # Errors
/// 412 without a version, 400 for a value that its header cannot have.
pub(crate) fn check_headers(headers: &HeaderMap, patch: bool) -> Result<(), StorageError> {
    if !headers.contains_key("tus-resumable") {
        return Err(NO_VERSION);
    }
    let number = |v: &str| !v.is_empty() && (v == "0" || !v.starts_with('0')) && digits(v);
    let wrong = |name: &str, value: &str| match name {
        "upload-offset" | "upload-length" => !number(value),
        "upload-defer-length" => value != "1",
        "upload-metadata" => parse_metadata(value).is_none(),
        "tus-resumable" | "tus-version" => value != VERSION,
        "content-type" => patch && value != OFFSET_STREAM,
        "upload-concat" => value != "partial" && !value.starts_with("final;"),
        _ => false,
    };
    let invalid: Vec<&str> = headers
        .iter()
        .filter(|(name, value)| wrong(name.as_str(), value.to_str().unwrap_or("\0")))
        .map(|(name, _)| name.as_str())
        .collect();
    if invalid.is_empty() {
        Ok(())
    } else {
        Err(StorageError::InvalidRequest(format!(
            "Invalid {}\n",
            invalid.join(" ")
        )))
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A header that holds a number of bytes.
pub(crate) fn bytes_header(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// `key base64,key base64,key` as an object in the order given; a key alone has the value null.
pub(crate) fn parse_metadata(text: &str) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    if text.trim().is_empty() {
        return None;
    }
    for pair in text.split(',') {
        let (key, value) = match pair.split_once(' ') {
            None => (pair, Value::Null),
            Some((key, value)) => {
                let decoded = STANDARD.decode(value).ok()?;
                let text = String::from_utf8_lossy(&decoded).into_owned();
                (
                    key,
                    if value.is_empty() {
                        Value::Null
                    } else {
                        text.into()
                    },
                )
            }
        };
        if key.is_empty() || !key.is_ascii() || map.contains_key(key) {
            return None;
        }
        map.insert(key.to_owned(), value);
    }
    Some(map)
}

/// The header of [`parse_metadata`].
pub(crate) fn write_metadata(map: &Map<String, Value>) -> String {
    let pairs = map.iter().map(|(key, value)| match value.as_str() {
        Some(text) => format!("{key} {}", STANDARD.encode(text)),
        None => key.clone(),
    });
    pairs.collect::<Vec<_>>().join(",")
}

/// Which upload a URL is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadId {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) version: Uuid,
}

impl UploadId {
    /// A new upload.
    ///
    /// # Errors
    /// If the names are none.
    pub(crate) fn new(bucket: &str, name: &str, version: Uuid) -> Result<Self, StorageError> {
        names::check_bucket(bucket)?;
        names::check_key(name)?;
        Ok(Self {
            bucket: bucket.to_owned(),
            name: name.to_owned(),
            version,
        })
    }

    /// The last part of its URL.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}/{}/{}", self.bucket, self.name, self.version))
    }

    /// Reads the last part of a URL.
    ///
    /// # Errors
    /// If it is none of ours.
    pub(crate) fn decode(text: &str) -> Result<Self, StorageError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .or_else(|_| URL_SAFE.decode(text));
        let text = bytes
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(NOT_FOUND)?;
        let invalid = || StorageError::InvalidRequest("Invalid upload id".to_owned());
        let (rest, version) = text.rsplit_once('/').ok_or_else(invalid)?;
        let (bucket, name) = rest.split_once('/').ok_or_else(invalid)?;
        let version = Uuid::try_parse(version).map_err(|_| NOT_FOUND)?;
        Self::new(bucket, name, version)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_the_way_out_and_in() {
        let id = UploadId::new("images", "a b/c.png", Uuid::new_v4()).unwrap();
        assert_eq!(UploadId::decode(&id.encode()).unwrap(), id);
        for bad in [
            "",
            "x",
            "!!!",
            &URL_SAFE_NO_PAD.encode("a/../x/y"),
            &id.encode()[..9],
        ] {
            assert!(UploadId::decode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_keeps_its_order() {
        let text = "bucketName aW1hZ2Vz,objectName YS5wbmc=,alone";
        let map = parse_metadata(text).unwrap();
        assert_eq!(map["bucketName"], "images");
        assert_eq!(map["alone"], Value::Null);
        assert_eq!(write_metadata(&map), text);
        for bad in ["", "a b c", "a !", "ä YQ==", "a YQ==,a YQ=="] {
            assert!(parse_metadata(bad).is_none(), "{bad}");
        }
    }
}
